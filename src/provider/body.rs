//! Stored bodies: JSON that is ready to send but for the base URL.
//!
//! The base URL depends on how the provider is reached (Host header, public URL, tunnel), so a stored body holds the byte
//! [`BASE`] wherever it belongs. A raw control character can never stand in JSON text, which makes the mark
//! unambiguous; [`write_json`] is the only place that produces it, from `$ref` values that begin with [`MARK`].
//! Sending is then one pass of copying.

use memchr::memchr;
use serde_json::Value;

use crate::protocol::Resource;

/// Stands for the base URL in a stored body.
const BASE: u8 = 0x01;

/// Prefix of a `$ref` that is relative to the base URL, in resources on their way into the store. No client can
/// supply it, because a reference with control characters is refused.
pub const MARK: char = '\u{1}';

/// As the base URL of [`parse`], keeps references marked: the escape of [`MARK`] in JSON.
pub const MARKED: &str = "\\u0001";

/// Appends `resource` to `out` as compact JSON, with marked references as described above.
pub fn write_json(out: &mut Vec<u8>, resource: &Resource) {
    write_object(out, resource);
}

fn write_value(out: &mut Vec<u8>, value: &Value) {
    match value {
        Value::Object(object) => write_object(out, object),
        Value::Array(items) => {
            out.push(b'[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                write_value(out, item);
            }
            out.push(b']');
        }
        Value::String(text) => write_text(out, text),
        // Writing to memory does not fail, and the rest of JSON has no members to look at.
        other => drop(serde_json::to_writer(&mut *out, other)),
    }
}

fn write_object(out: &mut Vec<u8>, object: &Resource) {
    out.push(b'{');
    for (index, (name, value)) in object.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        write_text(out, name);
        out.push(b':');
        match value {
            Value::String(text) if name == "$ref" && text.starts_with(MARK) => {
                out.extend_from_slice(b"\"\x01");
                let start = out.len();
                write_text(out, &text[MARK.len_utf8()..]);
                // The opening quote of the rest stands before the mark already.
                out.remove(start);
            }
            value => write_value(out, value),
        }
    }
    out.push(b'}');
}

/// Appends `text` as a JSON string.
pub fn write_text(out: &mut Vec<u8>, text: &str) {
    let plain = |byte: u8| byte >= 0x20 && byte != b'"' && byte != b'\\';
    if text.bytes().all(plain) {
        out.push(b'"');
        out.extend_from_slice(text.as_bytes());
        out.push(b'"');
    } else {
        drop(serde_json::to_writer(&mut *out, text));
    }
}

/// Appends a stored body to `out` with the base URL in its places.
pub fn render(out: &mut Vec<u8>, mut stored: &[u8], base: &str) {
    while let Some(mark) = memchr(BASE, stored) {
        out.extend_from_slice(&stored[..mark]);
        out.extend_from_slice(base.as_bytes());
        stored = &stored[mark + 1..];
    }
    out.extend_from_slice(stored);
}

/// A stored body as a resource. Empty for bytes that are no JSON object, which a store never returns.
pub fn parse(stored: &[u8], base: &str) -> Resource {
    if memchr(BASE, stored).is_none() {
        return serde_json::from_slice(stored).unwrap_or_default();
    }
    let mut text = Vec::with_capacity(stored.len() + 256);
    render(&mut text, stored, base);
    serde_json::from_slice(&text).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn stored(value: Value) -> Vec<u8> {
        let mut out = Vec::new();
        write_json(&mut out, value.as_object().unwrap());
        out
    }

    #[test]
    fn marked_references_follow_the_base_url() {
        let body = stored(json!({ "members": [{ "value": "1", "$ref": format!("{MARK}/Users/1") }] }));
        assert_eq!(parse(&body, "http://a/v2")["members"][0]["$ref"], "http://a/v2/Users/1");
        assert_eq!(parse(&body, "https://b")["members"][0]["$ref"], "https://b/Users/1");
    }

    #[test]
    fn references_can_stay_marked() {
        let value = json!({ "members": [{ "$ref": format!("{MARK}/Users/1") }] });
        assert_eq!(Value::Object(parse(&stored(value.clone()), MARKED)), value);
    }

    #[test]
    fn the_mark_in_other_text_is_text() {
        let value = json!({ "nickName": format!("{MARK}/x"), "profileUrl": format!("{MARK}") });
        assert_eq!(Value::Object(parse(&stored(value.clone()), "http://a")), value);
    }

    proptest! {
        #[test]
        fn any_resource_survives_storing(name in "\\PC*", text in any::<String>(), number in any::<i64>()) {
            let value = json!({ name: [{ "value": text, "n": number, "b": true, "x": null }] });
            prop_assert_eq!(Value::Object(parse(&stored(value.clone()), "http://a")), value);
        }
    }
}
