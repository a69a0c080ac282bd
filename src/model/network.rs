//! One ONNX network in an open session, with its tensors checked against the manifest.
//! Touch it when tensors are to be passed otherwise.

use ort::session::Session;
use ort::value::{TensorRef, ValueType};

use super::{ModelError, Runtime};
use crate::manifest::{NetworkFile, Tensor};

/// An open session of one network with one f32 input and one f32 output.
pub struct Network {
    session: Session,
    file: NetworkFile,
}

impl Network {
    /// Opens a session and compares the network's tensors with the manifest.
    ///
    /// # Errors
    /// [`ModelError::Inference`] if the runtime refuses the network, [`ModelError::Shape`] if a tensor
    /// differs.
    pub fn open(runtime: &Runtime, file: &NetworkFile, bytes: &[u8]) -> Result<Self, ModelError> {
        let session = runtime.session(&file.file, bytes)?;
        check_tensor(file, "input", session.inputs(), &file.input)?;
        check_tensor(file, "output", session.outputs(), &file.output)?;
        Ok(Self { session, file: file.clone() })
    }

    /// Runs the network on `input` of the given shape.
    ///
    /// # Errors
    /// [`ModelError::Inference`] with the runtime's words.
    pub fn run(&mut self, input: &[f32], shape: &[usize]) -> Result<Vec<f32>, ModelError> {
        let file = &self.file;
        let failed =
            |error: ort::Error| ModelError::Inference { file: file.file.clone(), reason: error.to_string() };
        let tensor = TensorRef::from_array_view((shape, input)).map_err(failed)?;
        let outputs = self.session.run(ort::inputs![file.input.name.as_str() => tensor]).map_err(failed)?;
        let output = outputs.get(&file.output.name).ok_or_else(|| ModelError::Inference {
            file: file.file.clone(),
            reason: format!("it gave no output {:?}", file.output.name),
        })?;
        let (shape, values) = output.try_extract_tensor::<f32>().map_err(failed)?;
        let expected: usize = file.output.shape.iter().product();
        if values.len() != expected {
            return Err(shape_error(file, "output", &file.output, format!("{:?}", &shape[..])));
        }
        if let Some(bad) = values.iter().find(|value| !value.is_finite()) {
            return Err(ModelError::Inference {
                file: file.file.clone(),
                reason: format!("it gave {bad}, not a number"),
            });
        }
        Ok(values.to_vec())
    }
}

fn shape_error(file: &NetworkFile, what: &str, tensor: &Tensor, actual: String) -> ModelError {
    ModelError::Shape {
        file: file.file.clone(),
        what: format!("{what} {:?}", tensor.name),
        expected: format!("{:?} of f32", tensor.shape),
        actual,
    }
}

fn check_tensor(
    file: &NetworkFile,
    what: &str,
    found: &[ort::value::Outlet],
    expected: &Tensor,
) -> Result<(), ModelError> {
    let Some(outlet) = found.iter().find(|outlet| outlet.name() == expected.name) else {
        let names: Vec<_> = found.iter().map(|outlet| outlet.name()).collect();
        return Err(shape_error(file, what, expected, format!("missing; the network has {names:?}")));
    };
    if let ValueType::Tensor { ty: ort::value::TensorElementType::Float32, shape, .. } = outlet.dtype() {
        let free = |dimension: i64| dimension <= 0;
        let same = shape.len() == expected.shape.len()
            && shape.iter().zip(&expected.shape).all(|(&found, &wanted)| {
                if wanted == 0 { free(found) } else { free(found) || found == wanted as i64 }
            });
        if same {
            return Ok(());
        }
    }
    Err(shape_error(file, what, expected, outlet.dtype().to_string()))
}
