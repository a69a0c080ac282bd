//! A session of ONNX Runtime, and the tensors that every run uses again. Touch it when tensors are to be passed otherwise.

use std::collections::BTreeMap;

use ort::session::{HasSelectedOutputs, OutputSelector, RunOptions, SessionInputValue};
use ort::value::{Tensor as OrtTensor, TensorElementType, ValueType};

use super::session::{BATCH, Outlet, Places, TensorView, sources};
use crate::manifest::{NetworkFile, Tensor};

/// A session of ONNX Runtime.
pub(super) struct OnnxRuntime {
    session: ort::session::Session,
    /// In the manifest's order.
    outputs: Vec<Tensor>,
    /// By the number of sources that a run is for.
    prepared: BTreeMap<usize, Prepared>,
}

/// What runs for so many sources use again.
struct Prepared {
    /// In the session's order: inputs are given by their places, for by their names they would cost the heap at every run.
    inputs: Vec<SessionInputValue<'static>>,
    /// With the tensors that each run writes the outputs to, in the manifest's order: an output that ONNX Runtime makes
    /// itself would cost the heap at every run, and `ort` 2.0.0-rc.14 never gives back what it asks about such a one.
    options: RunOptions<HasSelectedOutputs>,
}

impl OnnxRuntime {
    /// Goes on with an open session, whose outputs are as the manifest says.
    pub fn new(session: ort::session::Session, file: &NetworkFile) -> ort::Result<Self> {
        let outputs: Vec<Tensor> = file.outputs().cloned().collect();
        let for_one = Prepared::new(&session, &outputs, 1)?;
        Ok(Self { session, outputs, prepared: BTreeMap::from([(1, for_one)]) })
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
        let sources = sources(inputs);
        if !self.prepared.contains_key(&sources) {
            let prepared = Prepared::new(&self.session, &self.outputs, sources).map_err(failed)?;
            self.prepared.insert(sources, prepared);
        }
        let Some(prepared) = self.prepared.get_mut(&sources) else { return Err("it is not prepared".into()) };
        for (view, &place) in inputs.iter().zip(&places.inputs) {
            let input = &mut prepared.inputs[place];
            if !matches!(input, SessionInputValue::Owned(tensor) if holds(tensor.dtype(), view)) {
                *input = tensor(view.shape).map_err(failed)?.into();
            }
            if let SessionInputValue::Owned(tensor) = input {
                tensor.try_extract_tensor_mut().map_err(failed)?.1.copy_from_slice(view.values);
            }
        }
        let found = self.session.run_with_options(&prepared.inputs[..], &prepared.options).map_err(failed)?;
        for (found, output) in found.values().zip(outputs) {
            let (_, values) = found.try_extract_tensor::<f32>().map_err(failed)?;
            output.clear();
            output.extend_from_slice(values);
        }
        Ok(())
    }
}

impl Prepared {
    fn new(session: &ort::session::Session, outputs: &[Tensor], sources: usize) -> ort::Result<Self> {
        // A run replaces those that are not of its inputs' shapes.
        let inputs = session.inputs().iter().map(|_| tensor(&[1]).map(SessionInputValue::from));
        let inputs = inputs.collect::<ort::Result<_>>()?;
        let mut selected = OutputSelector::no_default();
        for output in outputs {
            // For more than one source only where the first dimension is 1 in the manifest.
            let mut shape = output.shape.clone();
            shape.iter_mut().take(1).for_each(|first| *first *= sources);
            selected = selected.with(&output.name).preallocate(&output.name, tensor(&shape)?);
        }
        Ok(Self { inputs, options: RunOptions::new()?.with_outputs(selected) })
    }
}

/// A tensor of zeros. Pinned memory would be copied faster to a GPU, but ONNX Runtime 1.31 refuses outputs in it.
fn tensor(shape: &[usize]) -> ort::Result<OrtTensor<f32>> {
    OrtTensor::from_array((shape.to_vec(), vec![0.0; shape.iter().product()]))
}

fn outlet(outlet: &ort::value::Outlet) -> Outlet {
    let (shape, batch) = match outlet.dtype() {
        ValueType::Tensor { ty: TensorElementType::Float32, shape, dimension_symbols } => {
            let free = |&dimension: &i64| usize::try_from(dimension).ok().filter(|&size| size > 0);
            let batch = dimension_symbols.first().is_some_and(|name| name == BATCH);
            (Ok(shape.iter().map(free).collect()), batch)
        }
        other => (Err(other.to_string()), false),
    };
    Outlet { name: outlet.name().to_owned(), shape, batch }
}

/// True if a tensor of this type has the view's shape and as many values.
fn holds(held: &ValueType, view: &TensorView<'_>) -> bool {
    held.tensor_shape().is_some_and(|held| {
        held.num_elements() == view.values.len()
            && held.len() == view.shape.len()
            && held.iter().zip(view.shape).all(|(&held, &wanted)| held == wanted as i64)
    })
}
