//! Does CUDA really compute here? Touch it when that is to be proved otherwise.

use ort::session::builder::SessionBuilder;
use ort::value::TensorRef;

/// y = x + x for one f32, the smallest network that makes a device compute:
/// `x, y = (h.make_tensor_value_info(n, TensorProto.FLOAT, [1]) for n in "xy")`,
/// `h.make_model(h.make_graph([h.make_node("Add", ["x", "x"], ["y"])], "probe", [x], [y]), ir_version=8,
/// opset_imports=[h.make_opsetid("", 13)]).SerializeToString()`, `h` being `onnx.helper`.
const PROBE: &[u8] = b"\x08\x08:9\n\x0e\n\x01x\n\x01x\x12\x01y\"\x03Add\x12\x05probe\
Z\x0f\n\x01x\x12\n\n\x08\x08\x01\x12\x04\n\x02\x08\x01b\x0f\n\x01y\x12\n\n\x08\x08\x01\x12\x04\n\x02\x08\x01B\x04\n\x00\x10\r";

/// Opens a session and lets it compute once: an execution provider that is merely asked for loads its library, but
/// touches the device only now.
pub(super) fn computes(mut builder: SessionBuilder) -> Result<(), String> {
    let said = |error: ort::Error| error.to_string();
    let mut session = builder.commit_from_memory(PROBE).map_err(said)?;
    let shape: [usize; 1] = [1];
    let x = TensorRef::from_array_view((shape, &[21.0_f32][..])).map_err(said)?;
    let outputs = session.run(ort::inputs!["x" => x]).map_err(said)?;
    let y = outputs.get("y").ok_or("it gave no output")?;
    match y.try_extract_tensor::<f32>().map_err(said)?.1 {
        [42.0] => Ok(()),
        other => Err(format!("21 + 21 gave {other:?}")),
    }
}

/// What matters of ONNX Runtime's words about an execution provider that does not work: they begin with places in its
/// source, some of them twice.
pub(super) fn in_short(words: &str) -> &str {
    let from = |mark: &str| words.rfind(mark).map(|at| &words[at..]);
    let cuda =
        from("CUDA failure").or_else(|| from("CUDNN failure")).map(|of| of.split(" ; ").next().unwrap_or(of));
    let library = from("Failed to load library");
    cuda.or(library).unwrap_or(words).trim()
}

#[cfg(all(test, feature = "tract"))]
mod tests {
    #[test]
    fn what_does_not_work_is_told_in_short() {
        // As ONNX Runtime 1.31.1 says it, shortened where it repeats itself.
        let cuda = "/src/cuda_call.cc:154 std::conditional_t<THRW, void> onnxruntime::CudaCall(ERRTYPE, int) [with \
ERRTYPE = cudaError] /src/cuda_call.cc:146 [with ERRTYPE = cudaError] CUDA failure 100: no CUDA-capable device is detected \
; GPU=-1 ; hostname=vm ; file=/src/cuda_execution_provider.cc ; line=355 ; expr=cudaSetDevice(info_.device_id);\n";
        assert_eq!(super::in_short(cuda), "CUDA failure 100: no CUDA-capable device is detected");
        let library = "/src/provider_bridge_ort.cc:2043 onnxruntime::Provider& onnxruntime::ProviderLibrary::Get() \
[ONNXRuntimeError] : 1 : FAIL : Failed to load library /x/lib.so with error: /x/lib.so: cannot open shared object file\n";
        assert_eq!(
            super::in_short(library),
            "Failed to load library /x/lib.so with error: /x/lib.so: cannot open shared object file"
        );
        assert_eq!(super::in_short("something else\n"), "something else");
    }

    use crate::model::session::{Places, TensorView};

    #[test]
    fn the_probe_is_a_network_that_doubles() {
        let mut network = crate::model::tract::Tract::open(super::PROBE).expect("a network");
        let mut doubled = [Vec::new()];
        let x = TensorView { shape: &[1], values: &[21.0] };
        network.run(&Places { inputs: vec![0], outputs: vec![0] }, &[x], &mut doubled).expect("it runs");
        assert_eq!(doubled, [[42.0]]);
    }
}
