//! One ONNX network in an open session, with its tensors checked against the manifest.
//! Touch it when more of a network is to be checked; running it is the session's.

use super::session::{Outlet, Places, Session, TensorView, sources};
use super::{ModelError, Runtime};
use crate::manifest::{NetworkFile, Tensor};

/// An open session of one network, whose inputs and outputs are all f32 and those of the manifest.
pub struct Network {
    session: Session,
    file: NetworkFile,
    places: Places,
    outputs: Vec<Vec<f32>>,
    batch: usize,
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
        let places = Places {
            inputs: file
                .inputs()
                .map(|wanted| place(file, "input", &inputs, wanted))
                .collect::<Result<_, _>>()?,
            outputs: file
                .outputs()
                .map(|wanted| place(file, "output", &outputs, wanted))
                .collect::<Result<_, _>>()?,
        };
        // An output more does no harm, but an input more would want a value.
        if let Some(extra) = inputs.iter().find(|found| file.inputs().all(|named| named.name != found.name)) {
            return Err(ModelError::Shape {
                file: file.file.clone(),
                what: format!("input {:?}", extra.name),
                expected: "none of that name".into(),
                actual: told(extra),
            });
        }
        let free = |found: &Outlet| found.batch;
        let one = |tensor: &Tensor| tensor.shape.first() == Some(&1);
        let of_any_number =
            inputs.iter().chain(&outputs).all(free) && file.inputs().chain(file.outputs()).all(one);
        let batch = if of_any_number { runtime.batch() } else { 1 };
        let outputs =
            file.outputs().map(|output| Vec::with_capacity(output.shape.iter().product())).collect();
        Ok(Self { session, file: file.clone(), places, outputs, batch })
    }

    /// The most sources that one run may be for: their tensors stand one behind the other, and the first dimension of
    /// each, which is 1 in the manifest, is their number.
    pub fn batch(&self) -> usize {
        self.batch
    }

    /// Runs the network on its inputs, in the order of [`NetworkFile::inputs`]. The outputs, in the order of
    /// [`NetworkFile::outputs`], can be read, or exchanged for vectors of the same capacity, until the next run.
    ///
    /// # Errors
    /// [`ModelError::Inference`] with the runtime's words, [`ModelError::Shape`] if an output is not of its length.
    pub fn run(&mut self, inputs: &[TensorView<'_>]) -> Result<&mut [Vec<f32>], ModelError> {
        self.compute(inputs)?;
        for output in 0..self.outputs.len() {
            self.row(output, 0, 1)?;
        }
        Ok(&mut self.outputs)
    }

    /// Runs it for several sources, whose outputs [`row`](Self::row) gives. If that fails, later runs are to be for fewer.
    ///
    /// # Errors
    /// As of [`run`](Self::run), but for what is no number.
    pub(super) fn run_rows(&mut self, inputs: &[TensorView<'_>]) -> Result<(), ModelError> {
        let done = self.compute(inputs);
        let rows = sources(inputs);
        if let Err(error) = &done
            && rows > 1
        {
            self.batch = rows / 2;
            tracing::warn!(%error, "a run for {rows} sources failed; runs are for {} at most from now on", self.batch);
        }
        done
    }

    /// What the last run gave as this output for a source, being the one at this place of so many rows.
    ///
    /// # Errors
    /// [`ModelError::Inference`] if it is no number, which the sources at other places have no part in.
    pub(super) fn row(&self, output: usize, place: usize, rows: usize) -> Result<&[f32], ModelError> {
        let values = &self.outputs[output];
        let length = values.len() / rows;
        let row = &values[place * length..(place + 1) * length];
        let Some(bad) = row.iter().find(|value| !value.is_finite()) else { return Ok(row) };
        let name = self.file.outputs().nth(output).map_or("", |tensor| tensor.name.as_str());
        let reason = format!("its output {name:?} holds {bad}, not a number");
        Err(ModelError::Inference { file: self.file.file.clone(), reason })
    }

    fn compute(&mut self, inputs: &[TensorView<'_>]) -> Result<(), ModelError> {
        let Self { session, file, places, outputs, .. } = self;
        let failed = |reason| ModelError::Inference { file: file.file.clone(), reason };
        if inputs.len() != places.inputs.len() {
            let reason = format!("it was given {} inputs, expected {}", inputs.len(), places.inputs.len());
            return Err(failed(reason));
        }
        session.run(places, inputs, outputs).map_err(failed)?;
        for (tensor, output) in file.outputs().zip(&*outputs) {
            if output.len() != sources(inputs) * tensor.shape.iter().product::<usize>() {
                return Err(shape_error(file, "output", tensor, format!("{} values", output.len())));
            }
        }
        Ok(())
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

/// Where the tensor that the manifest names stands among those that were found, if it is of the right shape.
fn place(file: &NetworkFile, what: &str, found: &[Outlet], wanted: &Tensor) -> Result<usize, ModelError> {
    let Some(place) = found.iter().position(|outlet| outlet.name == wanted.name) else {
        let names: Vec<_> = found.iter().map(|outlet| &outlet.name).collect();
        return Err(shape_error(file, what, wanted, format!("missing; the network has {names:?}")));
    };
    if fits(&found[place], wanted) {
        Ok(place)
    } else {
        Err(shape_error(file, what, wanted, told(&found[place])))
    }
}

/// True if it is a tensor of f32 that can be of this shape: 0 in the manifest is a free dimension, which the network
/// must leave free, too.
fn fits(found: &Outlet, wanted: &Tensor) -> bool {
    found.shape.as_ref().is_ok_and(|shape| {
        shape.len() == wanted.shape.len()
            && shape
                .iter()
                .zip(&wanted.shape)
                .all(|(found, &wanted)| found.is_none_or(|found| wanted != 0 && found == wanted))
    })
}

/// What a tensor is, in words.
fn told(outlet: &Outlet) -> String {
    match &outlet.shape {
        Ok(shape) => {
            let size = |size: &Option<usize>| size.map_or_else(|| "free".to_owned(), |size| size.to_string());
            format!("[{}] of f32", shape.iter().map(size).collect::<Vec<_>>().join(", "))
        }
        Err(other) => other.clone(),
    }
}
