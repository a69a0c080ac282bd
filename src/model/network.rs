//! One ONNX network in an open session, with its tensors checked against the manifest.
//! Touch it when more of a network is to be checked; running it is the session's.

use super::session::{Outlet, Session};
use super::{ModelError, Runtime};
use crate::manifest::{NetworkFile, Tensor};

/// An open session of one network with one f32 input and one f32 output.
pub struct Network {
    session: Session,
    file: NetworkFile,
    output: Vec<f32>,
}

impl Network {
    /// Opens a session and compares the network's tensors with the manifest.
    ///
    /// # Errors
    /// [`ModelError::Inference`] if the runtime refuses the network, [`ModelError::Shape`] if a tensor
    /// differs.
    pub fn open(runtime: &Runtime, file: &NetworkFile, bytes: &[u8]) -> Result<Self, ModelError> {
        let session = runtime.session(file, bytes)?;
        let (inputs, outputs) = session.outlets();
        check_tensor(file, "input", &inputs, &file.input)?;
        if inputs.len() != 1 {
            let names: Vec<_> = inputs.iter().map(|outlet| &outlet.name).collect();
            return Err(shape_error(file, "input", &file.input, format!("one of several: {names:?}")));
        }
        check_tensor(file, "output", &outputs, &file.output)?;
        let output = Vec::with_capacity(file.output.shape.iter().product());
        Ok(Self { session, file: file.clone(), output })
    }

    /// Runs the network on `input` of the given shape. The output can be read until the next run.
    ///
    /// # Errors
    /// [`ModelError::Inference`] with the runtime's words.
    pub fn run(&mut self, input: &[f32], shape: &[usize]) -> Result<&[f32], ModelError> {
        let Self { session, file, output } = self;
        let failed = |reason| ModelError::Inference { file: file.file.clone(), reason };
        session.run(input, shape, &file.output.name, output).map_err(failed)?;
        let expected: usize = file.output.shape.iter().product();
        if output.len() != expected {
            return Err(shape_error(file, "output", &file.output, format!("{} values", output.len())));
        }
        if let Some(bad) = output.iter().find(|value| !value.is_finite()) {
            return Err(failed(format!("it gave {bad}, not a number")));
        }
        Ok(output)
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
    found: &[Outlet],
    expected: &Tensor,
) -> Result<(), ModelError> {
    let Some(outlet) = found.iter().find(|outlet| outlet.name == expected.name) else {
        let names: Vec<_> = found.iter().map(|outlet| &outlet.name).collect();
        return Err(shape_error(file, what, expected, format!("missing; the network has {names:?}")));
    };
    let actual = match &outlet.shape {
        Ok(shape) => {
            // 0 in the manifest is a free dimension, which the network must leave free, too.
            let same = shape.len() == expected.shape.len()
                && shape
                    .iter()
                    .zip(&expected.shape)
                    .all(|(found, &wanted)| found.is_none_or(|found| wanted != 0 && found == wanted));
            if same {
                return Ok(());
            }
            let shown: Vec<_> = shape
                .iter()
                .map(|size| size.map_or_else(|| "free".to_owned(), |size| size.to_string()))
                .collect();
            format!("[{}] of f32", shown.join(", "))
        }
        Err(other) => other.clone(),
    };
    Err(shape_error(file, what, expected, actual))
}
