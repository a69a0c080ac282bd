//! Inference with ONNX Runtime, on one thread. Touch it with `support::inference`.

mod support;

use criterion::{Criterion, criterion_group, criterion_main};
use support::cpu_time::CpuTime;

fn inference(criterion: &mut Criterion<CpuTime>) {
    if let Some(runtime) = support::onnxruntime() {
        support::inference::bench(criterion, &runtime);
    }
}

criterion_group! { name = benches; config = support::cpu_time::criterion(); targets = inference }
criterion_main!(benches);
