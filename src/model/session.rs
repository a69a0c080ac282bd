//! An open session of one network, whichever runtime computes it. Touch it when another runtime is served; each has a
//! file of its own.

use super::onnxruntime::OnnxRuntime;
#[cfg(feature = "tract")]
use super::tract::Tract;

/// An input or an output, as the network itself tells it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Outlet {
    pub name: String,
    /// Its dimensions if it is a tensor of f32, a free one being `None`; else what it is.
    pub shape: Result<Vec<Option<usize>>, String>,
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

    /// Runs the network on its only input, whose values have this shape. The values of the output `name` replace those
    /// of `output`. The error is a sentence.
    pub fn run(
        &mut self,
        input: &[f32],
        shape: &[usize],
        name: &str,
        output: &mut Vec<f32>,
    ) -> Result<(), String> {
        match self {
            Self::OnnxRuntime(session) => session.run(input, shape, name, output),
            #[cfg(feature = "tract")]
            Self::Tract(session) => session.run(input, shape, name, output),
        }
    }
}
