//! A session of ONNX Runtime, and the tensors that every run uses again. Touch it when tensors are to be passed otherwise.

use ort::session::{HasSelectedOutputs, OutputSelector, RunOptions, SessionInputValue};
use ort::value::{Tensor as OrtTensor, TensorElementType, ValueType};

use super::session::{Outlet, Places, TensorView};
use crate::manifest::NetworkFile;

/// A session of ONNX Runtime.
pub(super) struct OnnxRuntime {
    session: ort::session::Session,
    /// In the session's order: inputs are given by their places, for by their names they would cost the heap at every run.
    inputs: Vec<SessionInputValue<'static>>,
    /// With the tensors that each run writes the outputs to, in the manifest's order: an output that ONNX Runtime makes
    /// itself would cost the heap at every run, and `ort` 2.0.0-rc.14 never gives back what it asks about such a one.
    options: RunOptions<HasSelectedOutputs>,
}

impl OnnxRuntime {
    /// Goes on with an open session, whose outputs are as the manifest says.
    pub fn new(session: ort::session::Session, file: &NetworkFile) -> ort::Result<Self> {
        // A run replaces those that are not of its inputs' shapes.
        let inputs = session.inputs().iter().map(|_| tensor(&[1], vec![0.0]).map(SessionInputValue::from));
        let inputs = inputs.collect::<ort::Result<_>>()?;
        let mut selected = OutputSelector::no_default();
        for output in file.outputs() {
            let preallocated = tensor(&output.shape, vec![0.0; output.shape.iter().product()])?;
            selected = selected.with(&output.name).preallocate(&output.name, preallocated);
        }
        Ok(Self { session, inputs, options: RunOptions::new()?.with_outputs(selected) })
    }

    pub fn outlets(&self) -> (Vec<Outlet>, Vec<Outlet>) {
        let told = |outlets: &[ort::value::Outlet]| outlets.iter().map(outlet).collect();
        (told(self.session.inputs()), told(self.session.outputs()))
    }

    pub fn run(
        &mut self,
        places: &Places,
        inputs: &[TensorView<'_>],
        outputs: &mut [Vec<f32>],
    ) -> Result<(), String> {
        let failed = |error: ort::Error| error.to_string();
        for (view, &place) in inputs.iter().zip(&places.inputs) {
            match &mut self.inputs[place] {
                SessionInputValue::Owned(tensor) if holds(tensor.dtype(), view) => {
                    tensor.try_extract_tensor_mut().map_err(failed)?.1.copy_from_slice(view.values);
                }
                other => *other = tensor(view.shape, view.values.to_vec()).map_err(failed)?.into(),
            }
        }
        let found = self.session.run_with_options(&self.inputs[..], &self.options).map_err(failed)?;
        for (found, output) in found.values().zip(outputs) {
            let (_, values) = found.try_extract_tensor::<f32>().map_err(failed)?;
            output.clear();
            output.extend_from_slice(values);
        }
        Ok(())
    }
}

fn tensor(shape: &[usize], values: Vec<f32>) -> ort::Result<OrtTensor<f32>> {
    OrtTensor::from_array((shape.to_vec(), values))
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

/// True if a tensor of this type has the view's shape and as many values.
fn holds(held: &ValueType, view: &TensorView<'_>) -> bool {
    held.tensor_shape().is_some_and(|held| {
        held.num_elements() == view.values.len()
            && held.len() == view.shape.len()
            && held.iter().zip(view.shape).all(|(&held, &wanted)| held == wanted as i64)
    })
}
