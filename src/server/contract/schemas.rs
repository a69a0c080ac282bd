//! The JSON Schema of everything that goes over the wire, generated from the types themselves.
//! Touch it when there is another type to publish: add it to `answers`.

use std::collections::BTreeMap;

use schemars::generate::SchemaSettings;
use schemars::transform::{Transform, transform_subschemas};
use schemars::{Schema, SchemaGenerator};
use serde_json::{Map, Value, json};

use super::unions::{Absorbed, absorb};
use crate::catalogue::ModelList;
use crate::event::{ClientMessage, Event};
use crate::server::api_error::ErrorAnswer;
use crate::server::history::{HistoryPage, SegmentPage};
use crate::server::mel::MelHead;
use crate::server::message::ServerMessage;
use crate::server::probes::{HealthDetail, Liveness, Readiness};
use crate::server::routes::Index;
use crate::server::sources::{Now, Sources};
use crate::upload::{UploadAnswer, UploadProgress};

/// Where definitions stand in a document of OpenAPI or AsyncAPI.
pub(super) const PLACE: &str = "/components/schemas";

/// Every schema by its name. References among them are as OpenAPI and AsyncAPI have them.
pub(super) fn definitions() -> BTreeMap<String, Value> {
    let mut said = generator(SchemaSettings::draft2020_12().for_serialize().with_transform(AbsentNotNull));
    answers(&mut said);
    let mut heard = generator(SchemaSettings::draft2020_12().for_deserialize());
    heard.subschema_for::<ClientMessage>();
    let mut all = said.take_definitions(true);
    let mut absorbed = Absorbed::default();
    absorb(&mut all, "Event", "", &mut absorbed);
    absorb(&mut all, "ServerMessage", "", &mut absorbed);
    let mut clients = heard.take_definitions(true);
    absorb(&mut clients, "ClientMessage", "client.", &mut absorbed);
    for (name, schema) in clients {
        assert!(all.insert(name.clone(), schema).is_none(), "two schemas have the name {name}");
    }
    absorbed.settle(&mut all);
    all.into_iter().collect()
}

fn answers(generator: &mut SchemaGenerator) {
    generator.subschema_for::<Event>();
    generator.subschema_for::<ServerMessage>();
    generator.subschema_for::<Index>();
    generator.subschema_for::<Now>();
    generator.subschema_for::<Sources>();
    generator.subschema_for::<HistoryPage>();
    generator.subschema_for::<SegmentPage>();
    generator.subschema_for::<Liveness>();
    generator.subschema_for::<Readiness>();
    generator.subschema_for::<HealthDetail>();
    generator.subschema_for::<ErrorAnswer>();
    generator.subschema_for::<MelHead>();
    generator.subschema_for::<ModelList>();
    generator.subschema_for::<UploadAnswer>();
    generator.subschema_for::<UploadProgress>();
}

fn generator(settings: SchemaSettings) -> SchemaGenerator {
    settings.with(|settings| settings.definitions_path = PLACE.into()).into_generator()
}

/// These definitions and those that they refer to.
pub(super) fn closure(
    names: impl IntoIterator<Item = String>,
    all: &BTreeMap<String, Value>,
) -> BTreeMap<String, Value> {
    let mut needed = BTreeMap::new();
    let mut open: Vec<String> = names.into_iter().collect();
    while let Some(name) = open.pop() {
        if let (false, Some(schema)) = (needed.contains_key(&name), all.get(&name)) {
            let mut schema = schema.clone();
            each_reference(&mut schema, &mut |reference| open.push(last(reference).to_owned()));
            needed.insert(name, schema);
        }
    }
    needed
}

/// A schema that stands for itself: with the definitions that it needs, and no others.
pub(super) fn bundle(name: &str, all: &BTreeMap<String, Value>) -> Option<Value> {
    let mut needed = closure([name.to_owned()], all);
    for schema in needed.values_mut() {
        each_reference(schema, &mut |reference| *reference = format!("#/$defs/{}", last(reference)));
    }
    let mut bundle = needed.remove(name)?;
    let object = bundle.as_object_mut()?;
    object.insert("$schema".into(), json!("https://json-schema.org/draft/2020-12/schema"));
    object.insert("title".into(), json!(name));
    if !needed.is_empty() {
        object.insert("$defs".into(), json!(needed));
    }
    Some(bundle)
}

/// The name that a reference ends with.
pub(super) fn last(reference: &str) -> &str {
    reference.rsplit('/').next().unwrap_or_default()
}

/// Calls `change` with every reference in a schema.
pub(super) fn each_reference(schema: &mut Value, change: &mut impl FnMut(&mut String)) {
    match schema {
        Value::Object(fields) => {
            for (key, value) in fields {
                match value {
                    Value::String(reference) if key == "$ref" => change(reference),
                    other => each_reference(other, change),
                }
            }
        }
        Value::Array(list) => list.iter_mut().for_each(|value| each_reference(value, change)),
        _ => {}
    }
}

/// A field that need not be there is left out where there is nothing to tell, and never null.
#[derive(Debug, Clone)]
struct AbsentNotNull;

impl Transform for AbsentNotNull {
    fn transform(&mut self, schema: &mut Schema) {
        let required = schema.get("required").cloned().unwrap_or_default();
        let is_required =
            |name: &str| required.as_array().is_some_and(|names| names.iter().any(|of| of == name));
        let properties = schema.as_object_mut().and_then(|schema| schema.get_mut("properties"));
        for (name, property) in properties.and_then(Value::as_object_mut).into_iter().flatten() {
            if let Some(property) = property.as_object_mut().filter(|_| !is_required(name)) {
                without_null(property);
            }
        }
        transform_subschemas(self, schema);
    }
}

fn without_null(schema: &mut Map<String, Value>) {
    schema.remove("default");
    if let Some(Value::Array(types)) = schema.get_mut("type") {
        types.retain(|of| of != "null");
        if let [only] = &types[..] {
            let only = only.clone();
            schema.insert("type".into(), only);
        }
    }
    if let Some(Value::Array(choices)) = schema.get_mut("anyOf") {
        choices.retain(|of| of != &json!({"type": "null"}));
        if let [Value::Object(only)] = &choices[..] {
            let only = only.clone();
            schema.remove("anyOf");
            schema.extend(only);
        }
    }
}
