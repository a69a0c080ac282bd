//! A session of tract, the runtime that is compiled in. Touch it when tract is to be used otherwise.
//!
//! It is called directly, because `ort`'s way to it (`ort-tract` 0.5.0 with `ort` 2.0.0-rc.14) keeps some memory at
//! every run.

use std::sync::Arc;

use tract_onnx::pb::tensor_shape_proto::dimension::Value as Dimension;
use tract_onnx::pb::type_proto::Value as Type;
use tract_onnx::pb::{ValueInfoProto, tensor_proto};
use tract_onnx::prelude::{
    Framework, InferenceModelExt, IntoRunnable, TValue, TVec, Tensor, TractResult, TypedRunnableModel,
};

use super::session::{BATCH, Outlet, Places, TensorView};

/// A network, optimised.
pub(super) struct Tract {
    plan: Arc<TypedRunnableModel>,
    inputs: Vec<Outlet>,
    outputs: Vec<Outlet>,
}

impl Tract {
    /// Reads an ONNX file. The error is a sentence.
    pub fn open(mut bytes: &[u8]) -> Result<Self, String> {
        let onnx = tract_onnx::onnx();
        let mut proto = onnx.proto_model_for_read(&mut bytes).map_err(said)?;
        if let Some(graph) = &mut proto.graph {
            graph.input.iter_mut().chain(&mut graph.output).for_each(for_one_source);
        }
        let told = |outlets: &[ValueInfoProto]| outlets.iter().map(outlet).collect();
        let (inputs, outputs) =
            proto.graph.as_ref().map(|graph| (told(&graph.input), told(&graph.output))).unwrap_or_default();
        let plan: TractResult<_> = onnx
            .model_for_proto_model(&proto)
            .and_then(InferenceModelExt::into_optimized)
            .and_then(IntoRunnable::into_runnable);
        Ok(Self { plan: plan.map_err(said)?, inputs, outputs })
    }

    pub fn outlets(&self) -> (Vec<Outlet>, Vec<Outlet>) {
        (self.inputs.clone(), self.outputs.clone())
    }

    pub fn run(
        &mut self,
        places: &Places,
        inputs: &[TensorView<'_>],
        outputs: &mut [Vec<f32>],
    ) -> Result<(), String> {
        let mut given: TVec<TValue> = (0..inputs.len()).map(|_| Tensor::default().into()).collect();
        for (view, &place) in inputs.iter().zip(&places.inputs) {
            given[place] = Tensor::from_shape(view.shape, view.values).map_err(said)?.into();
        }
        let found = self.plan.run(given).map_err(said)?;
        for (&place, output) in places.outputs.iter().zip(outputs) {
            let found = found.get(place).ok_or_else(|| format!("it gave {} outputs only", found.len()))?;
            let plain = found.try_as_plain_ram().map_err(said)?;
            output.clear();
            output.extend_from_slice(plain.as_slice::<f32>().map_err(said)?);
        }
        Ok(())
    }
}

/// What tract says, with its causes.
fn said(error: impl std::fmt::Display) -> String {
    format!("{error:#}")
}

/// It gains nothing by batches, and optimises better what is fixed: a free batch becomes 1.
fn for_one_source(tensor: &mut ValueInfoProto) {
    let Some(Type::TensorType(tensor)) = tensor.r#type.as_mut().and_then(|of| of.value.as_mut()) else {
        return;
    };
    let Some(first) = tensor.shape.as_mut().and_then(|shape| shape.dim.first_mut()) else { return };
    if matches!(&first.value, Some(Dimension::DimParam(name)) if name == BATCH) {
        first.value = Some(Dimension::DimValue(1));
    }
}

fn outlet(told: &ValueInfoProto) -> Outlet {
    let shape = match told.r#type.as_ref().and_then(|of| of.value.as_ref()) {
        Some(Type::TensorType(tensor)) if tensor.elem_type == tensor_proto::DataType::Float as i32 => {
            let free = |value: &Option<Dimension>| match value {
                Some(Dimension::DimValue(size)) => usize::try_from(*size).ok().filter(|&size| size > 0),
                _ => None,
            };
            Ok(tensor
                .shape
                .as_ref()
                .map_or_else(Vec::new, |shape| shape.dim.iter().map(|dim| free(&dim.value)).collect()))
        }
        Some(Type::TensorType(tensor)) => Err(format!("a tensor of ONNX's type {}", tensor.elem_type)),
        _ => Err("no tensor".into()),
    };
    // The one there may have been is 1 by now.
    Outlet { name: told.name.clone(), shape, batch: false }
}
