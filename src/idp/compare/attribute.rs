//! One attribute of an account, as it is and as it should be.

use serde_json::{Map, Value};

use super::Difference;
use crate::idp::mapping::Place;
use crate::protocol::error::shortened;
use crate::protocol::message::member;
use crate::protocol::schema::Attribute;
use crate::protocol::value;

/// The difference in one attribute.
pub(super) fn difference(place: &Place, wanted: &Value, resource: &Map<String, Value>) -> Option<Difference> {
    let found = place.get(resource);
    let definition = place.definition();
    let is_same = found.is_some_and(|found| same(definition, wanted, found));
    (!is_same).then(|| {
        let got = found.map_or("nothing".to_owned(), shown);
        Difference::between(format!("`{place}` differs"), shown(wanted), got)
    })
}

fn same(definition: Option<&Attribute>, wanted: &Value, found: &Value) -> bool {
    match (wanted, found) {
        // A reference that is mapped as an id, such as the manager, is shown as a complex value.
        (Value::String(_), Value::Object(members)) => {
            member(members, "value").is_some_and(|inner| same(None, wanted, inner))
        }
        // A target may add members such as `display` to what it was given.
        (Value::Object(wanted), Value::Object(found)) => wanted.iter().all(|(name, wanted)| {
            let sub = definition.and_then(|definition| definition.sub(name));
            value::is_unassigned(wanted) || member(found, name).is_some_and(|found| same(sub, wanted, found))
        }),
        (Value::Array(wanted), Value::Array(found)) => {
            wanted.len() == found.len()
                && wanted.iter().all(|one| found.iter().any(|other| same(definition, one, other)))
        }
        // Products send some booleans as texts, and a target shows what it made of them (Q-U02).
        (Value::String(text), Value::Bool(found)) => text.eq_ignore_ascii_case(&found.to_string()),
        (wanted, found) => match definition {
            Some(definition) => value::equal(definition, wanted, found),
            None => wanted == found,
        },
    }
}

fn shown(value: &Value) -> String {
    const LONGEST: usize = 120;
    shortened(&value.to_string(), LONGEST).into_owned()
}
