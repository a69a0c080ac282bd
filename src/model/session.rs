//! An open session of one network, whichever runtime computes it. Touch it when another runtime is served; each has a
//! file of its own.

use super::onnxruntime::OnnxRuntime;
#[cfg(feature = "tract")]
use super::tract::Tract;

/// What networks call the first dimension of their inputs and outputs, if it is free for as many sources as are given.
pub(super) const BATCH: &str = "batch";

/// An input or an output, as the network itself tells it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Outlet {
    pub name: String,
    /// Its dimensions if it is a tensor of f32, a free one being `None`; else what it is.
    pub shape: Result<Vec<Option<usize>>, String>,
    /// Whether its first dimension is free and called [`BATCH`].
    pub batch: bool,
}

/// A tensor of f32 that somebody else owns.
#[derive(Debug, Clone, Copy)]
pub struct TensorView<'a> {
    /// Its dimensions.
    pub shape: &'a [usize],
    /// Its values, the last dimension running fastest.
    pub values: &'a [f32],
}

/// How many sources a run is for.
pub(super) fn sources(inputs: &[TensorView<'_>]) -> usize {
    inputs.first().and_then(|input| input.shape.first()).copied().unwrap_or(1)
}

/// Where the tensors that a manifest names stand among the inputs and among the outputs of the network.
#[derive(Debug)]
pub(super) struct Places {
    pub inputs: Vec<usize>,
    /// ONNX Runtime does not need them: it was asked for its outputs by their names, in the manifest's order.
    #[cfg_attr(not(feature = "tract"), expect(dead_code))]
    pub outputs: Vec<usize>,
}

/// A network that is ready to run.
pub(super) enum Session {
    OnnxRuntime(OnnxRuntime),
    #[cfg(feature = "tract")]
    Tract(Tract),
}

impl Session {
    /// Every input and every output, in the network's order.
    pub fn outlets(&self) -> (Vec<Outlet>, Vec<Outlet>) {
        match self {
            Self::OnnxRuntime(session) => session.outlets(),
            #[cfg(feature = "tract")]
            Self::Tract(session) => session.outlets(),
        }
    }

    /// Runs the network. Inputs and outputs are in the manifest's order, all of the network's inputs are given, and the
    /// values of its outputs replace those of `outputs`. The error is a sentence.
    pub fn run(
        &mut self,
        places: &Places,
        inputs: &[TensorView<'_>],
        outputs: &mut [Vec<f32>],
    ) -> Result<(), String> {
        match self {
            Self::OnnxRuntime(session) => session.run(places, inputs, outputs),
            #[cfg(feature = "tract")]
            Self::Tract(session) => session.run(places, inputs, outputs),
        }
    }
}
