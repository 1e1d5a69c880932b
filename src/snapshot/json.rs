//! JSON as a transcript shows it: pretty, with short arrays on one line, and responses in a stable order.

use serde_json::{Map, Value};

/// An array of plain values up to this length, in characters, stays on one line.
const LINE: usize = 100;

/// The value as text over several lines, without a line end behind it.
pub fn pretty(value: &Value) -> String {
    let mut out = String::new();
    write(value, 0, &mut out);
    out
}

fn write(value: &Value, depth: usize, out: &mut String) {
    match value {
        Value::Object(members) if !members.is_empty() => {
            let lines = members.iter().map(|(name, value)| (Some(name), value));
            write_lines(['{', '}'], lines, depth, out);
        }
        Value::Array(elements) if !elements.is_empty() => match on_one_line(elements) {
            Some(line) => out.push_str(&line),
            None => write_lines(['[', ']'], elements.iter().map(|value| (None, value)), depth, out),
        },
        plain => out.push_str(&plain.to_string()),
    }
}

fn write_lines<'v>(
    brackets: [char; 2],
    items: impl Iterator<Item = (Option<&'v String>, &'v Value)>,
    depth: usize,
    out: &mut String,
) {
    out.push(brackets[0]);
    for (index, (name, value)) in items.enumerate() {
        if index > 0 {
            out.push(',');
        }
        indent(depth + 1, out);
        if let Some(name) = name {
            out.push_str(&Value::from(name.as_str()).to_string());
            out.push_str(": ");
        }
        write(value, depth + 1, out);
    }
    indent(depth, out);
    out.push(brackets[1]);
}

fn indent(depth: usize, out: &mut String) {
    out.push('\n');
    out.extend(std::iter::repeat_n("  ", depth));
}

fn on_one_line(elements: &[Value]) -> Option<String> {
    if elements.iter().any(|element| element.is_object() || element.is_array()) {
        return None;
    }
    let line = format!("[{}]", elements.iter().map(Value::to_string).collect::<Vec<_>>().join(", "));
    (line.chars().count() <= LINE).then_some(line)
}

/// The same value with the members of all objects in a stable order: what identifies a thing first, lists of
/// results and `meta` last, the rest by name without regard to case. Arrays keep their order.
pub fn in_stable_order(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            let mut members: Vec<(String, Value)> =
                members.into_iter().map(|(name, value)| (name, in_stable_order(value))).collect();
            members.sort_by_cached_key(|(name, _)| (rank(name), name.to_ascii_lowercase(), name.clone()));
            Value::Object(members.into_iter().collect::<Map<_, _>>())
        }
        Value::Array(elements) => Value::Array(elements.into_iter().map(in_stable_order).collect()),
        plain => plain,
    }
}

fn rank(name: &str) -> usize {
    const FIRST: [&str; 8] = ["schemas", "id", "externalId", "value", "$ref", "display", "type", "primary"];
    const LAST: [&str; 3] = ["Resources", "Operations", "meta"];
    let position = |names: &[&str]| names.iter().position(|known| known.eq_ignore_ascii_case(name));
    match (position(&FIRST), position(&LAST)) {
        (Some(first), _) => first,
        (None, None) => FIRST.len(),
        (None, Some(last)) => FIRST.len() + 1 + last,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn responses_are_in_a_stable_order() {
        let user = json!({
            "meta": { "version": "1", "created": "x" }, "active": true, "emails": [{ "type": "work", "value": "a" }],
            "externalId": "e", "Zeta": 1, "id": "1", "schemas": ["u"],
        });
        insta::assert_snapshot!(pretty(&in_stable_order(user)), @r#"
        {
          "schemas": ["u"],
          "id": "1",
          "externalId": "e",
          "active": true,
          "emails": [
            {
              "value": "a",
              "type": "work"
            }
          ],
          "Zeta": 1,
          "meta": {
            "created": "x",
            "version": "1"
          }
        }
        "#);
        let list =
            json!({ "Resources": [{}], "totalResults": 0, "itemsPerPage": 0, "schemas": [], "a": null });
        insta::assert_snapshot!(in_stable_order(list), @r#"{"schemas":[],"a":null,"itemsPerPage":0,"totalResults":0,"Resources":[{}]}"#);
    }

    #[test]
    fn long_arrays_and_arrays_of_objects_take_several_lines() {
        let long: Vec<String> = (0..12).map(|number| format!("number {number}")).collect();
        insta::assert_snapshot!(pretty(&json!({ "long": long, "mixed": [1, [2, 3], {}], "\"": [] })), @r#"
        {
          "long": [
            "number 0",
            "number 1",
            "number 2",
            "number 3",
            "number 4",
            "number 5",
            "number 6",
            "number 7",
            "number 8",
            "number 9",
            "number 10",
            "number 11"
          ],
          "mixed": [
            1,
            [2, 3],
            {}
          ],
          "\"": []
        }
        "#);
    }
}
