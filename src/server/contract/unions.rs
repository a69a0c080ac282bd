//! Messages that are told apart by their `type`: of each variant one schema that has all its fields, so that a reader (or
//! a generator of code) need not put it together. Touch it when messages nest otherwise.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::schemas::{PLACE, each_reference, last};

/// Definitions that went into messages, and the names of those.
#[derive(Debug, Default)]
pub(super) struct Absorbed(BTreeMap<String, Vec<String>>);

/// Makes of the union `name`, whose variants each consist of a `type`, a definition and fields that all have, a schema for
/// each `type`, which has `prefix` and the type as its name.
pub(super) fn absorb(all: &mut Map<String, Value>, name: &str, prefix: &str, absorbed: &mut Absorbed) {
    let Some(Value::Object(mut union)) = all.remove(name) else { return };
    let Some(Value::Array(variants)) = union.remove("oneOf") else { return };
    let common = fields(&union);
    let mut choices = Vec::new();
    for variant in variants {
        let Value::Object(mut variant) = variant else { continue };
        let kind = variant.get("properties").and_then(|of| of.pointer("/type/const")).and_then(Value::as_str);
        let kind = format!("{prefix}{}", kind.unwrap_or_default());
        let mut parts = vec![fields(&variant)];
        if let Some(Value::String(reference)) = variant.remove("$ref") {
            let body = last(&reference).to_owned();
            let definition = all.get(&body).and_then(Value::as_object).cloned().unwrap_or_default();
            parts.push(fields(&definition));
            if let Some(text) = definition.get("description") {
                variant.entry("description").or_insert_with(|| text.clone());
            }
            absorbed.0.entry(body).or_default().push(kind.clone());
        }
        parts.push(common.clone());
        let (mut properties, mut required) = (Map::new(), Vec::new());
        for (more, needed) in parts {
            properties.extend(more);
            required.extend(needed.into_iter().filter(|of| !required.contains(of)).collect::<Vec<_>>());
        }
        variant.insert("properties".into(), properties.into());
        variant.insert("required".into(), required.into());
        choices.push(json!({"$ref": format!("#{PLACE}/{kind}")}));
        all.insert(kind, variant.into());
    }
    let mut whole = Map::new();
    whole.extend(union.remove_entry("description"));
    whole.insert("oneOf".into(), choices.into());
    all.insert(name.to_owned(), whole.into());
}

fn fields(schema: &Map<String, Value>) -> (Map<String, Value>, Vec<Value>) {
    let properties = schema.get("properties").and_then(Value::as_object).cloned().unwrap_or_default();
    let required = schema.get("required").and_then(Value::as_array).cloned().unwrap_or_default();
    (properties, required)
}

impl Absorbed {
    /// Lets the absorbed definitions go; whatever refers to one means the message that it went into.
    pub(super) fn settle(self, all: &mut Map<String, Value>) {
        for name in self.0.keys() {
            all.remove(name);
        }
        for schema in all.values_mut() {
            each_reference(schema, &mut |reference| {
                if let Some([message]) = self.0.get(last(reference)).map(Vec::as_slice) {
                    *reference = format!("#{PLACE}/{message}");
                }
            });
        }
    }
}
