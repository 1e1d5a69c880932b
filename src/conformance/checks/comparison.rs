//! The comparison of whole resources.

use std::cmp::Reverse;

use serde_json::{Value, json};

use crate::conformance::discovery::Kind;
use crate::conformance::trial::slot::{is_unassigned, is_writable, slots};
use crate::conformance::trial::{Slot, shortened};
use crate::protocol::message::member;
use crate::protocol::schema::{Attribute, Mutability};
use crate::protocol::value;

/// Something that is not as it should be.
pub(super) struct Difference {
    /// Where.
    pub slot: Option<Slot>,
    /// What, as a sentence without a full stop.
    pub text: String,
}

/// What is other than expected in everything that clients can write. What the target adds on its own is left out of
/// account, unless it is what was to be removed.
pub(super) fn differences(kind: &Kind, before: &Value, expected: &Value, found: &Value) -> Vec<Difference> {
    let mut all = Vec::new();
    let mut tell = |slot: Option<&Slot>, text: String| all.push(Difference { slot: slot.cloned(), text });
    let mut replaced = Vec::new();
    replacements(before, expected, &mut replaced);
    for slot in slots(&kind.schema).filter(|slot| is_writable(&slot.attribute)) {
        let (was, should, is) = (slot.get(before), slot.get(expected), slot.get(found));
        let path = slot.path();
        match (should, is) {
            (None, Some(_)) if was.is_some() => tell(Some(&slot), format!("`{path}` still has a value")),
            (None, _) => {}
            (Some(_), None) => tell(Some(&slot), format!("`{path}` has no value")),
            // Composed by the target of what was changed: a displayName of the name.
            (Some(should), Some(is)) if was == Some(should) && follows(&replaced, should, is) => {}
            (Some(should), Some(is)) => {
                for text in unlike(&slot.attribute, was, should, is) {
                    tell(Some(&slot), text.replace("{}", &path));
                }
            }
        }
    }
    for name in ["id", "externalId"] {
        let of = |resource: &Value| resource.get(name).filter(|value| !is_unassigned(value)).cloned();
        let (should, is) = (of(expected), of(found));
        if should != is && !(should.is_none() && of(before).is_none()) {
            let words = |value: Option<Value>| value.map_or("nothing".to_owned(), |value| value.to_string());
            tell(None, format!("`{name}` is {} instead of {}", words(is), words(should)));
        }
    }
    for name in stray(kind, before, found) {
        tell(None, format!("the resource has a member `{name}`, which no schema has"));
    }
    all
}

/// What is other than before, although nothing was to change: values that are new count as well.
pub(super) fn changes(kind: &Kind, before: &Value, found: &Value) -> Vec<Difference> {
    let mut all = differences(kind, before, before, found);
    for slot in slots(&kind.schema).filter(|slot| is_writable(&slot.attribute)) {
        if slot.get(before).is_none() && slot.get(found).is_some() {
            let text = format!("`{}` has a value", slot.path());
            all.push(Difference { slot: Some(slot), text });
        }
    }
    all
}

/// The texts that were to be replaced, with what replaces them.
fn replacements<'a>(before: &'a Value, expected: &'a Value, found: &mut Vec<(&'a str, &'a str)>) {
    match (before, expected) {
        (Value::String(old), Value::String(new)) if old != new && !old.is_empty() => found.push((old, new)),
        (Value::Object(before), Value::Object(expected)) => {
            for (name, old) in before {
                if let Some(new) = expected.get(name) {
                    replacements(old, new, found);
                }
            }
        }
        _ => {}
    }
}

/// Whether a text that was to stay is the old one with the replaced texts in it.
fn follows(replaced: &[(&str, &str)], should: &Value, is: &Value) -> bool {
    let (Some(should), Some(is)) = (should.as_str(), is.as_str()) else { return false };
    let composed = replaced.iter().fold(should.to_owned(), |text, (old, new)| text.replace(old, new));
    composed == is && composed != should
}

/// Members that no schema defines and that were not there before.
fn stray(kind: &Kind, before: &Value, found: &Value) -> Vec<String> {
    let is_known = |name: &str| {
        ["schemas", "id", "externalId", "meta"].iter().any(|common| common.eq_ignore_ascii_case(name))
            || crate::protocol::schema::find(&kind.schema.core.attributes, name).is_some()
            || kind.schema.extension(name).is_some()
    };
    let names = found.as_object().into_iter().flatten().map(|(name, _)| name);
    names.filter(|name| !is_known(name) && before.get(name.as_str()).is_none()).cloned().collect()
}

/// How a value differs from what it should be; `{}` stands for the path.
fn unlike(attribute: &Attribute, was: Option<&Value>, should: &Value, is: &Value) -> Vec<String> {
    let is_touched = was != Some(should);
    if attribute.multi_valued {
        let (Some(should), Some(is)) = (should.as_array(), is.as_array()) else {
            return vec!["`{}` is no array".to_owned()];
        };
        let mut rest: Vec<&Value> = is.iter().collect();
        let mut wanted: Vec<&Value> = should.iter().collect();
        // Those that say most choose first.
        wanted.sort_by_key(|element| Reverse(element.as_object().map_or(0, serde_json::Map::len)));
        let mut texts = Vec::new();
        for element in wanted {
            match rest.iter().position(|candidate| covers(attribute, element, candidate, is_touched)) {
                Some(at) => drop(rest.swap_remove(at)),
                None => texts.push(format!("`{{}}` lacks {}", shortened(&element.to_string()))),
            }
        }
        texts.extend(
            rest.iter().map(|extra| {
                format!("`{{}}` has {}, which should not be there", shortened(&extra.to_string()))
            }),
        );
        return texts;
    }
    if attribute.is_complex() {
        let none = Value::Null;
        let mut texts = Vec::new();
        for sub in attribute.sub_attributes.iter().filter(|sub| counts(sub, is_touched)) {
            let part = |value: &'_ Value| -> Option<Value> {
                let found = member(value.as_object()?, &sub.name)?;
                (!is_unassigned(found)).then(|| found.clone())
            };
            let (was, should, is) = (part(was.unwrap_or(&none)), part(should), part(is));
            let name = &sub.name;
            match (should, is) {
                (None, Some(_)) if was.is_some() => texts.push(format!("`{{}}.{name}` still has a value")),
                (None, _) => {}
                (Some(_), None) => texts.push(format!("`{{}}.{name}` has no value")),
                (Some(should), Some(is)) if same(sub, &should, &is) => {}
                (Some(should), Some(is)) => texts.push(format!("`{{}}.{name}` is {is} instead of {should}")),
            }
        }
        return texts;
    }
    match value::equal(attribute, should, is) {
        true => Vec::new(),
        false => {
            vec![format!("`{{}}` is {} instead of {should}", shortened(&is.to_string()))]
        }
    }
}

/// Whether a sub-attribute is compared: what the target makes of the others changes with them.
fn counts(sub: &Attribute, is_touched: bool) -> bool {
    sub.mutability != Mutability::ReadOnly
        && !["$ref", "display"].contains(&sub.name.as_str())
        && !(is_touched && ["formatted", "primary"].contains(&sub.name.as_str()))
}

/// Whether an element says everything that is expected of it. What the target adds is left out of account.
pub(super) fn covers(attribute: &Attribute, wanted: &Value, found: &Value, is_touched: bool) -> bool {
    let (Some(wanted), Some(found)) = (wanted.as_object(), found.as_object()) else {
        return value::equal(attribute, wanted, found);
    };
    let is_kept = |name: &str, value: &Value| match attribute.sub(name) {
        Some(sub) if counts(sub, is_touched) => {
            // Not primary is what an element is that does not say.
            *value == json!(false) || member(found, name).is_some_and(|other| same(sub, value, other))
        }
        _ => true,
    };
    wanted.iter().filter(|(_, value)| !is_unassigned(value)).all(|(name, value)| is_kept(name, value))
}

fn same(sub: &Attribute, a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().all(|one| b.iter().any(|other| value::equal(sub, one, other)))
        }
        _ => value::equal(sub, a, b),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance::discovery::Role;
    use crate::protocol::schema::{ENTERPRISE_USER, Registry};

    fn kind() -> Kind {
        let standard = Registry::standard();
        let schema = standard.types().iter().find(|t| t.resource_type.name == "User").unwrap().clone();
        Kind { schema, role: Role::User, is_published: true }
    }

    fn texts(before: &Value, expected: &Value, found: &Value) -> Vec<String> {
        differences(&kind(), before, expected, found).into_iter().map(|difference| difference.text).collect()
    }

    fn ada() -> Value {
        json!({
            "id": "1", "userName": "ada", "title": "T", "name": { "givenName": "Ada", "familyName": "L", "formatted": "Ada L" },
            "emails": [{ "value": "w@x.test", "type": "work", "primary": true }, { "value": "h@x.test", "type": "home" }],
            ENTERPRISE_USER: { "department": "D" },
        })
    }

    #[test]
    fn what_the_target_adds_is_no_difference() {
        let mut found = ada();
        found["emails"][0]["display"] = json!("w@x.test");
        found["emails"][1]["primary"] = json!(false);
        found["nickName"] = json!(null);
        found["displayName"] = json!("Ada L");
        found["groups"] = json!([{ "value": "g" }]);
        assert_eq!(texts(&ada(), &ada(), &found), Vec::<String>::new());
    }

    #[test]
    fn what_the_target_composes_of_a_changed_part_is_no_difference() {
        let mut before = ada();
        before["displayName"] = json!("Ada L");
        let mut expected = before.clone();
        expected["name"]["givenName"] = json!("Grace");
        let mut found = expected.clone();
        found["displayName"] = json!("Grace L");
        assert_eq!(texts(&before, &expected, &found), Vec::<String>::new());
        found["displayName"] = json!("somebody");
        assert_eq!(texts(&before, &expected, &found).len(), 1);
    }

    #[test]
    fn what_is_lost_changed_or_added_where_it_should_not_be_is_told() {
        let mut found = ada();
        found["title"] = json!("other");
        found["name"]["familyName"] = json!(null);
        found["emails"] = json!([{ "value": "w@x.test", "type": "work" }, { "value": "n@x.test" }]);
        found["emails[type eq \"work\"].value"] = json!("x");
        found.as_object_mut().unwrap().shift_remove(ENTERPRISE_USER);
        let texts = texts(&ada(), &ada(), &found);
        assert_eq!(texts.len(), 8, "{texts:#?}");
        assert!(texts.iter().any(|text| text == "`title` is \"other\" instead of \"T\""), "{texts:#?}");
        assert!(texts.iter().any(|text| text == "`name.familyName` has no value"), "{texts:#?}");
    }

    #[test]
    fn what_was_to_be_removed_must_be_gone_and_derived_text_may_follow() {
        let mut expected = ada();
        expected.as_object_mut().unwrap().shift_remove("title");
        expected["name"]["givenName"] = json!("Augusta");
        let mut found = expected.clone();
        found["name"]["formatted"] = json!("Augusta L");
        assert_eq!(texts(&ada(), &expected, &found), Vec::<String>::new());
        found["title"] = json!("T");
        assert_eq!(texts(&ada(), &expected, &found), ["`title` still has a value"]);
    }
}
