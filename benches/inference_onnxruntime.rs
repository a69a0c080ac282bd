//! Inference with ONNX Runtime, on one thread. Touch it with `support::inference`.

mod support;

use criterion::{Criterion, criterion_group, criterion_main};

fn inference(criterion: &mut Criterion) {
    if let Some(runtime) = support::onnxruntime() {
        support::inference::bench(criterion, &runtime);
    }
}

criterion_group!(benches, inference);
criterion_main!(benches);
