//! One ONNX network in an open session, with its tensors checked against the manifest.
//! Touch it when tensors are to be passed otherwise.

use ort::session::{HasSelectedOutputs, OutputSelector, RunOptions, Session, SessionInputValue};
use ort::value::{Tensor as OrtTensor, ValueType};

use super::{ModelError, Runtime};
use crate::manifest::{NetworkFile, Tensor};

/// An open session of one network with one f32 input and one f32 output, and the tensors that every run uses again.
pub struct Network {
    session: Session,
    file: NetworkFile,
    input: Option<OrtTensor<f32>>,
    /// With the tensor that ONNX Runtime writes the output to. Tract would give a new one and leave this one as it is.
    options: Option<RunOptions<HasSelectedOutputs>>,
    output: Vec<f32>,
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
        // The input is given by its place, for by its name it would cost the heap at every run.
        if session.inputs().len() != 1 {
            let names: Vec<_> = session.inputs().iter().map(|outlet| outlet.name()).collect();
            return Err(shape_error(file, "input", &file.input, format!("one of several: {names:?}")));
        }
        check_tensor(file, "output", session.outputs(), &file.output)?;
        let options = match runtime.name() {
            "onnxruntime" => Some(output_in_place(&file.output).map_err(|error| failed(file, &error))?),
            _ => None,
        };
        let output = Vec::with_capacity(file.output.shape.iter().product());
        Ok(Self { session, file: file.clone(), input: None, options, output })
    }

    /// Runs the network on `input` of the given shape. The output can be read until the next run.
    ///
    /// # Errors
    /// [`ModelError::Inference`] with the runtime's words.
    pub fn run(&mut self, input: &[f32], shape: &[usize]) -> Result<&[f32], ModelError> {
        let Self { session, file, input: kept, options, output } = self;
        let failed = |error: ort::Error| failed(file, &error);
        let tensor = match kept {
            Some(tensor) if fits(tensor, shape, input.len()) => {
                tensor.extract_tensor_mut().1.copy_from_slice(input);
                tensor
            }
            other => other.insert(OrtTensor::from_array((shape.to_vec(), input.to_vec())).map_err(failed)?),
        };
        let inputs = [SessionInputValue::from(&*tensor)];
        let outputs = match options {
            Some(options) => session.run_with_options(inputs, options),
            None => session.run(inputs),
        };
        let outputs = outputs.map_err(failed)?;
        let found = outputs.get(&file.output.name).ok_or_else(|| ModelError::Inference {
            file: file.file.clone(),
            reason: format!("it gave no output {:?}", file.output.name),
        })?;
        let (shape, values) = found.try_extract_tensor::<f32>().map_err(failed)?;
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
        output.clear();
        output.extend_from_slice(values);
        Ok(output)
    }
}

/// True if the tensor has this shape and as many values.
fn fits(tensor: &OrtTensor<f32>, shape: &[usize], values: usize) -> bool {
    let held = tensor.shape();
    held.num_elements() == values
        && held.len() == shape.len()
        && held.iter().zip(shape).all(|(&held, &wanted)| held == wanted as i64)
}

/// Options by which each run writes to the same tensor.
fn output_in_place(output: &Tensor) -> ort::Result<RunOptions<HasSelectedOutputs>> {
    let values = vec![0.0_f32; output.shape.iter().product()];
    let tensor = OrtTensor::from_array((output.shape.clone(), values))?;
    let selected = OutputSelector::no_default().with(&output.name).preallocate(&output.name, tensor);
    Ok(RunOptions::new()?.with_outputs(selected))
}

fn failed(file: &NetworkFile, error: &ort::Error) -> ModelError {
    ModelError::Inference { file: file.file.clone(), reason: error.to_string() }
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
