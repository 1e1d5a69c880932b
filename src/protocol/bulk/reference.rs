//! bulkId references: where they stand, and their replacement by ids (RFC 7644 §3.7.2).

use std::collections::HashMap;
use std::ops::Range;

use serde_json::Value;

use super::{Method, Operation};
use crate::protocol::error::ScimError;

/// What a reference begins with.
const PREFIX: &str = "bulkId:";

/// What a string is, which says where in it a reference may stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// A PatchOp message.
    PatchMessage,
    /// The operations of a PatchOp message.
    PatchOperation,
    /// A PATCH path: within quotation marks, `members[value eq "bulkId:ada"]`.
    PatchPath,
    /// A URI: its last segment, `../Users/bulkId:ada`.
    Reference,
    /// Any other value: the whole of it.
    Value,
}

impl Place {
    /// Of the member `key` of something at this place.
    fn member(self, key: &str) -> Place {
        match self {
            Place::PatchMessage if key.eq_ignore_ascii_case("Operations") => Place::PatchOperation,
            Place::PatchOperation if key.eq_ignore_ascii_case("path") => Place::PatchPath,
            _ if key.eq_ignore_ascii_case("$ref") => Place::Reference,
            _ => Place::Value,
        }
    }
}

impl Operation {
    /// The bulkIds that the operation refers to, in its path and anywhere in its data, in no particular order and with
    /// repetitions.
    pub fn references(&self) -> Vec<&str> {
        let mut found: Vec<&str> =
            self.id.as_deref().and_then(|id| id.strip_prefix(PREFIX)).into_iter().collect();
        let mut open: Vec<(&Value, Place)> = self.data.iter().map(|data| (data, self.place())).collect();
        while let Some((value, place)) = open.pop() {
            match value {
                Value::String(text) => {
                    found.extend(spans(text, place).into_iter().map(|span| &text[span][PREFIX.len()..]));
                }
                Value::Array(elements) => open.extend(elements.iter().map(|element| (element, place))),
                Value::Object(members) => open.extend(members.iter().map(|(key, v)| (v, place.member(key)))),
                _ => {}
            }
        }
        found
    }

    /// Replaces all references by ids. `ids` maps bulkIds to the ids of the resources created.
    ///
    /// # Errors
    /// 409 when a bulkId has no id, because its operation failed (RFC 7644 §3.7.1). The operation is left half
    /// replaced then, and must not run.
    pub fn resolve(&mut self, ids: &HashMap<String, String>) -> Result<(), ScimError> {
        let id_of = |bulk_id: &str| {
            ids.get(bulk_id).ok_or_else(|| {
                let bulk_id = super::shorten(bulk_id);
                ScimError::status(
                    409,
                    format!("the operation with the bulkId `{bulk_id}` did not create a resource"),
                )
            })
        };
        let place = self.place();
        if let Some(bulk_id) = self.id.as_deref().and_then(|id| id.strip_prefix(PREFIX)) {
            self.id = Some(id_of(bulk_id)?.clone());
        }
        let mut open: Vec<(&mut Value, Place)> = self.data.iter_mut().map(|data| (data, place)).collect();
        while let Some((value, place)) = open.pop() {
            match value {
                Value::String(text) => {
                    // From the end, so that the spans before stay where they are.
                    for span in spans(text, place).into_iter().rev() {
                        let id = id_of(&text[span.clone()][PREFIX.len()..])?;
                        text.replace_range(span, id);
                    }
                }
                Value::Array(elements) => open.extend(elements.iter_mut().map(|element| (element, place))),
                Value::Object(members) => {
                    open.extend(members.iter_mut().map(|(key, value)| (value, place.member(key))));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// The place of [`Operation::data`].
    fn place(&self) -> Place {
        match self.method {
            Method::Patch => Place::PatchMessage,
            _ => Place::Value,
        }
    }
}

/// The references in a string, prefix included, in ascending order.
fn spans(text: &str, place: Place) -> Vec<Range<usize>> {
    let is_reference = |span: &Range<usize>| text[span.clone()].len() > PREFIX.len();
    match place {
        Place::Value | Place::PatchMessage | Place::PatchOperation => {
            let whole = text.starts_with(PREFIX).then_some(0..text.len());
            whole.into_iter().filter(is_reference).collect()
        }
        Place::Reference => {
            let start = text.rfind('/').map_or(0, |slash| slash + 1);
            let last = text[start..].starts_with(PREFIX).then_some(start..text.len());
            last.into_iter().filter(is_reference).collect()
        }
        Place::PatchPath => {
            let marks: Vec<usize> = text.match_indices('"').map(|(at, _)| at).collect();
            let literals = marks.chunks_exact(2).map(|pair| pair[0] + 1..pair[1]);
            literals.filter(|span| text[span.clone()].starts_with(PREFIX)).filter(is_reference).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn operation(method: Method, id: Option<&str>, data: Value) -> Operation {
        Operation {
            method,
            bulk_id: None,
            version: None,
            endpoint: "Groups".into(),
            id: id.map(str::to_owned),
            data: Some(data),
        }
    }

    fn sorted(operation: &Operation) -> Vec<&str> {
        let mut found = operation.references();
        found.sort_unstable();
        found
    }

    #[test]
    fn references_stand_in_values_paths_and_uris() {
        let mut patch = operation(
            Method::Patch,
            Some("bulkId:g"),
            json!({ "schemas": [], "operations": [
                { "op": "remove", "Path": "members[value eq \"bulkId:a\" or value eq \"bulkId:b\"]" },
                { "op": "add", "path": "members", "value": [{ "value": "bulkId:c", "$ref": "../Users/bulkId:c" }] },
                { "op": "add", "value": { "displayName": "say \"bulkId:no\"", "path": "\"bulkId:no\"" } }
            ] }),
        );
        assert_eq!(sorted(&patch), ["a", "b", "c", "c", "g"]);
        let ids = ["a", "b", "c", "g"].map(|id| (id.to_owned(), format!("id-of-{id}"))).into();
        patch.resolve(&ids).unwrap();
        assert_eq!(
            patch,
            operation(
                Method::Patch,
                Some("id-of-g"),
                json!({ "schemas": [], "operations": [
                    { "op": "remove", "Path": "members[value eq \"id-of-a\" or value eq \"id-of-b\"]" },
                    { "op": "add", "path": "members",
                      "value": [{ "value": "id-of-c", "$ref": "../Users/id-of-c" }] },
                    { "op": "add", "value": { "displayName": "say \"bulkId:no\"", "path": "\"bulkId:no\"" } }
                ] }),
            )
        );
        assert!(patch.references().is_empty());
    }

    #[test]
    fn what_only_looks_like_a_reference_is_left_alone() {
        let put = operation(
            Method::Put,
            Some("g"),
            json!({ "a": "bulkid:x", "b": "see bulkId:x", "c": "bulkId:", "d": "/bulkId:x", "bulkId:x": 1,
                    "Operations": [{ "path": "a[b eq \"bulkId:x\"]" }], "$ref": "../bulkId:x/y" }),
        );
        assert!(put.references().is_empty());
    }

    #[test]
    fn a_reference_to_a_failed_operation_is_a_conflict() {
        let mut post = operation(Method::Post, None, json!({ "members": [{ "value": "bulkId:gone" }] }));
        let error = post.resolve(&HashMap::new()).unwrap_err();
        insta::assert_snapshot!(error, @"409 the operation with the bulkId `gone` did not create a resource");
    }

    #[test]
    fn nesting_of_any_depth_is_searched() {
        let deep = (0..100).fold(json!("bulkId:x"), |value, _| json!([{ "a": value }]));
        let mut post = operation(Method::Post, None, json!({ "a": deep }));
        assert_eq!(post.references(), ["x"]);
        post.resolve(&HashMap::from([("x".into(), "1".into())])).unwrap();
        assert!(post.references().is_empty());
    }

    proptest! {
        #[test]
        fn no_input_panics(path in "[\"bulkId:é /]{0,20}|.*", value in "[\"bulkId:é /]{0,20}") {
            let data = json!({ "Operations": [{ "path": path, "value": { "$ref": value } }], "a": value });
            let mut patch = operation(Method::Patch, Some(&value), data);
            let ids = patch.references().iter().map(|id| ((*id).to_owned(), "1".to_owned())).collect();
            prop_assert!(patch.resolve(&ids).is_ok());
        }
    }
}
