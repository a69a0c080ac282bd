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

#[cfg(all(test, feature = "tract"))]
mod tests {
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
