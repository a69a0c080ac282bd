//! A session of ONNX Runtime, and the tensors that every run uses again. Touch it when tensors are to be passed otherwise.

use ort::session::{HasSelectedOutputs, OutputSelector, RunOptions, SessionInputValue};
use ort::value::{Tensor as OrtTensor, TensorElementType, ValueType};

use super::session::Outlet;
use crate::manifest::Tensor;

/// A session of ONNX Runtime.
pub(super) struct OnnxRuntime {
    session: ort::session::Session,
    input: Option<OrtTensor<f32>>,
    /// With the tensor that each run writes the output to: an output that ONNX Runtime makes itself would cost the heap
    /// at every run, and `ort` 2.0.0-rc.14 never gives back what it asks about such a one.
    options: RunOptions<HasSelectedOutputs>,
}

impl OnnxRuntime {
    /// Goes on with an open session, whose output is as the manifest says.
    pub fn new(session: ort::session::Session, output: &Tensor) -> ort::Result<Self> {
        let values = vec![0.0_f32; output.shape.iter().product()];
        let tensor = OrtTensor::from_array((output.shape.clone(), values))?;
        let selected = OutputSelector::no_default().with(&output.name).preallocate(&output.name, tensor);
        Ok(Self { session, input: None, options: RunOptions::new()?.with_outputs(selected) })
    }

    pub fn outlets(&self) -> (Vec<Outlet>, Vec<Outlet>) {
        let told = |outlets: &[ort::value::Outlet]| outlets.iter().map(outlet).collect();
        (told(self.session.inputs()), told(self.session.outputs()))
    }

    pub fn run(
        &mut self,
        input: &[f32],
        shape: &[usize],
        name: &str,
        output: &mut Vec<f32>,
    ) -> Result<(), String> {
        let failed = |error: ort::Error| error.to_string();
        let tensor = match &mut self.input {
            Some(tensor) if fits(tensor, shape, input.len()) => {
                tensor.extract_tensor_mut().1.copy_from_slice(input);
                tensor
            }
            other => other.insert(OrtTensor::from_array((shape.to_vec(), input.to_vec())).map_err(failed)?),
        };
        // The input is given by its place, for by its name it would cost the heap at every run.
        let inputs = [SessionInputValue::from(&*tensor)];
        let outputs = self.session.run_with_options(inputs, &self.options).map_err(failed)?;
        let found = outputs.get(name).ok_or_else(|| format!("it gave no output {name:?}"))?;
        let (_, values) = found.try_extract_tensor::<f32>().map_err(failed)?;
        output.clear();
        output.extend_from_slice(values);
        Ok(())
    }
}

fn outlet(outlet: &ort::value::Outlet) -> Outlet {
    let shape = match outlet.dtype() {
        ValueType::Tensor { ty: TensorElementType::Float32, shape, .. } => {
            Ok(shape.iter().map(|&dimension| usize::try_from(dimension).ok().filter(|&d| d > 0)).collect())
        }
        other => Err(other.to_string()),
    };
    Outlet { name: outlet.name().to_owned(), shape }
}

/// True if the tensor has this shape and as many values.
fn fits(tensor: &OrtTensor<f32>, shape: &[usize], values: usize) -> bool {
    let held = tensor.shape();
    held.num_elements() == values
        && held.len() == shape.len()
        && held.iter().zip(shape).all(|(&held, &wanted)| held == wanted as i64)
}
