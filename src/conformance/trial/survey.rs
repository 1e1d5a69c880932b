//! Finding out what a resource type takes: a body that can be created, and the attributes that are really kept.
//!
//! Targets demand more than their schemas say, and keep less. The survey begins with what identity providers send and
//! listens to the refusals; it ends with a recipe for bodies, and with the places whose values came back as they were sent, so that
//! checks of other things do not stumble over an attribute that the target does not keep.

use std::collections::HashSet;

use serde_json::{Value, json};

use super::Trial;
use super::slot::{Slot, is_plain, is_writable, slots};
use crate::conformance::discovery::{Kind, Role};
use crate::conformance::verdict::Stop;
use crate::protocol::schema::{Attribute, Type, TypeSchema, Uniqueness};
use crate::protocol::value;

/// How often a refused body is changed and tried again.
const ATTEMPTS: usize = 8;

/// What a resource type takes.
#[derive(Debug, Clone)]
pub struct Survey {
    /// What a body has besides what the schemas demand.
    recipe: Vec<Slot>,
    /// Paths of leaves whose values came back as they were sent.
    kept: HashSet<String>,
    /// An id that the target gave, for its shape.
    pub(super) id: String,
}

/// Attributes that identity providers send for a user, as far as the schema has them.
const TYPICAL_USER: &[&str] = &["name", "displayName", "emails", "active"];
/// And for a group.
const TYPICAL_GROUP: &[&str] = &["displayName"];

/// Attributes that are no place to try values in: they refer to other resources, or are secret.
const SPECIAL: &[&str] = &["members", "manager", "groups", "password", "entitlements", "roles"];

impl Survey {
    /// Creates until something is created.
    pub(super) async fn make(t: &Trial, kind: &Kind) -> Result<Self, Stop> {
        let typical = match kind.role {
            Role::User => TYPICAL_USER,
            Role::Group => TYPICAL_GROUP,
            Role::Other => &[],
        };
        let all: Vec<Slot> = slots(&kind.schema).filter(|slot| is_writable(&slot.attribute)).collect();
        let begin: Vec<Slot> = all
            .iter()
            .filter(|slot| slot.extension.is_none() && typical.contains(&slot.attribute.name.as_str()))
            .cloned()
            .collect();
        let (recipe, id, created) = settle(t, kind, &all, begin).await?;
        let mut kept = kept(kind, &recipe, &created);
        // Everything at once shows what is kept; where that is refused, what is typical has to do.
        let everything: Vec<Slot> = all
            .iter()
            .filter(|slot| is_plain(&slot.attribute) && !SPECIAL.contains(&slot.attribute.name.as_str()))
            .cloned()
            .collect();
        if let Ok((slots, _, created)) = settle(t, kind, &all, everything).await {
            kept.extend(self::kept(kind, &slots, &created));
        }
        Ok(Self { recipe, kept, id })
    }

    /// A body that can be created, with values that no other has.
    pub(super) fn body(&self, t: &Trial, kind: &Kind) -> Value {
        body(t, kind, &self.recipe)
    }

    /// Whether the value at this place, or everything that belongs to it, comes back as it was sent.
    pub fn keeps(&self, slot: &Slot) -> bool {
        self.kept.contains(&slot.path())
    }

    /// The simple places of a type that are kept, freely written and read back by default; those that people know
    /// first.
    fn plain<'k>(&'k self, schema: &'k TypeSchema) -> Vec<Slot> {
        const KNOWN: &[&str] = &["nickName", "title", "displayName", "userType", "department", "costCenter"];
        let mut found: Vec<Slot> = Vec::new();
        for slot in slots(schema).filter(|slot| is_plain(&slot.attribute) && !slot.attribute.multi_valued) {
            if slot.attribute.is_complex() {
                let subs =
                    slot.attribute.sub_attributes.iter().filter(|sub| is_plain(sub) && !sub.multi_valued);
                found.extend(subs.map(|sub| slot.with_sub(sub)));
            } else {
                found.push(slot);
            }
        }
        found.retain(|slot| self.keeps(slot) && !SPECIAL.contains(&slot.attribute.name.as_str()));
        let rank = |slot: &Slot| {
            let known = KNOWN.iter().position(|name| slot.sub.is_none() && *name == slot.attribute.name);
            (slot.extension.is_some(), slot.leaf().required, known.unwrap_or(KNOWN.len()))
        };
        found.sort_by_key(rank);
        found
    }

    /// Places for free text: not unique, without suggested values.
    pub fn texts(&self, schema: &TypeSchema) -> Vec<Slot> {
        let free = |leaf: &Attribute| {
            leaf.kind == Type::String
                && leaf.uniqueness == Uniqueness::None
                && leaf.canonical_values.is_empty()
        };
        let formats = ["locale", "timezone", "preferredLanguage", "externalId"];
        let mut found = self.plain(schema);
        found.retain(|slot| free(slot.leaf()) && !formats.contains(&slot.attribute.name.as_str()));
        found
    }

    /// Simple places of that data type.
    pub fn of_type(&self, schema: &TypeSchema, kind: Type) -> Vec<Slot> {
        self.plain(schema).into_iter().filter(|slot| slot.leaf().kind == kind).collect()
    }

    /// Singular complex attributes with at least two kept text sub-attributes, and those.
    pub fn complexes(&self, schema: &TypeSchema) -> Vec<(Slot, Vec<Slot>)> {
        let texts = self.texts(schema);
        let mut found: Vec<(Slot, Vec<Slot>)> = Vec::new();
        for slot in slots(schema).filter(|slot| slot.attribute.is_complex() && !slot.attribute.multi_valued) {
            let subs: Vec<Slot> =
                texts.iter().filter(|t| t.sub.is_some() && t.parent() == slot.parent()).cloned().collect();
            if subs.len() >= 2 {
                found.push((slot, subs));
            }
        }
        found
    }

    /// Multi-valued complex attributes whose elements keep `value`; those with `type` first.
    pub fn lists(&self, schema: &TypeSchema) -> Vec<List> {
        let mut found: Vec<List> = slots(schema)
            .filter(|slot| {
                is_plain(&slot.attribute) && slot.attribute.multi_valued && slot.attribute.is_complex()
            })
            .filter(|slot| !matches!(slot.attribute.name.as_str(), "members" | "x509Certificates"))
            .filter_map(|slot| {
                let value = slot.with_sub(slot.attribute.sub("value")?);
                let kind = slot.attribute.sub("type").map(|sub| slot.with_sub(sub));
                let primary =
                    slot.attribute.sub("primary").is_some_and(|sub| self.keeps(&slot.with_sub(sub)));
                let kind = kind.filter(|kind| self.keeps(kind));
                (self.keeps(&value) && value.leaf().kind == Type::String).then_some(List {
                    slot,
                    value,
                    kind,
                    has_primary: primary,
                })
            })
            .collect();
        found.sort_by_key(|list| (list.slot.extension.is_some(), list.kind.is_none()));
        found
    }
}

/// A multi-valued complex attribute such as `emails`.
#[derive(Debug, Clone)]
pub struct List {
    /// The attribute.
    pub slot: Slot,
    /// Its `value`.
    pub value: Slot,
    /// Its `type`, where it is kept.
    pub kind: Option<Slot>,
    /// Whether `primary` is kept.
    pub has_primary: bool,
}

impl List {
    /// An element with a value made from the tag, and a type, where there are types: `index` chooses among them.
    pub fn element(&self, tag: &str, index: usize) -> Value {
        let mut element = json!({});
        element[self.value.leaf().name.as_str()] = self.value.sample(tag);
        if let Some(kind) = &self.kind {
            element[kind.leaf().name.as_str()] = self.type_word(index).into();
        }
        element
    }

    /// The word for a type: a suggested value, or a usual one.
    pub fn type_word(&self, index: usize) -> String {
        const USUAL: &[&str] = &["work", "home", "other"];
        let canonical =
            self.kind.as_ref().map(|kind| kind.leaf().canonical_values.as_slice()).unwrap_or_default();
        match canonical.is_empty() {
            true => USUAL[index % USUAL.len()].to_owned(),
            false => canonical[index % canonical.len()].clone(),
        }
    }

    /// The elements of a resource.
    pub fn elements<'v>(&self, resource: &'v Value) -> &'v [Value] {
        self.slot.get(resource).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
    }

    /// The `value`s of the elements of a resource, sorted.
    pub fn values(&self, resource: &Value) -> Vec<String> {
        let text = |element: &Value| element.get("value")?.as_str().map(str::to_owned);
        let mut values: Vec<String> = self.elements(resource).iter().filter_map(text).collect();
        values.sort();
        values
    }
}

/// Creates with changing recipes until one is accepted; tells the recipe, the id and what is stored.
async fn settle(
    t: &Trial,
    kind: &Kind,
    all: &[Slot],
    begin: Vec<Slot>,
) -> Result<(Vec<Slot>, String, (Value, Value)), Stop> {
    let mut recipe = begin;
    let mut refusal = String::new();
    for attempt in 0..ATTEMPTS {
        let body = body(t, kind, &recipe);
        let answer = t.post(kind.endpoint(), &body).await?;
        if answer.is_success() {
            let created = t.created_by(kind, &answer)?;
            let stored = t.get(&created.path).await?;
            let stored = match stored.status {
                200 => stored.json.unwrap_or_default(),
                _ => answer.json.unwrap_or_default(),
            };
            return Ok((recipe, created.id, (body, stored)));
        }
        refusal = answer.said();
        if matches!(answer.status, 401 | 403 | 404 | 405 | 501) {
            break;
        }
        let detail = String::from_utf8_lossy(&answer.body).to_lowercase();
        let is_named = |slot: &Slot| names(&detail, &slot.attribute.name);
        let missing =
            all.iter().find(|slot| is_named(slot) && !recipe.iter().any(|r| r.path() == slot.path()));
        let offending = recipe.iter().position(is_named);
        match (missing, offending) {
            (_, Some(at)) => drop(recipe.remove(at)),
            (Some(slot), None) => recipe.push(slot.clone()),
            // It does not say what is wrong: less may be more.
            (None, None) if attempt == 0 && recipe.len() > 4 => recipe.truncate(4),
            (None, None) if recipe.pop().is_some() => {}
            (None, None) => break,
        }
    }
    Err(Stop::Blocked(format!(
        "no {} can be created (check `create.minimal`): POST {} answers {refusal}",
        kind.name(),
        kind.endpoint()
    )))
}

/// Whether a text has that word.
fn names(text: &str, word: &str) -> bool {
    let word = word.to_lowercase();
    let boundary = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric());
    text.match_indices(&word).any(|(at, _)| {
        boundary(text[..at].chars().next_back()) && boundary(text[at + word.len()..].chars().next())
    })
}

/// What a type demands, what the configuration demands, and the places of a recipe.
pub(super) fn body(t: &Trial, kind: &Kind, recipe: &[Slot]) -> Value {
    let tag = t.ground().fresh_name();
    let mut body = json!({ "schemas": [kind.schema.core.id] });
    let required_by = |extension: Option<&str>| {
        extension.is_none_or(|urn| kind.schema.extension(urn).is_some_and(|extension| extension.required))
    };
    for slot in slots(&kind.schema).filter(|slot| is_writable(&slot.attribute)) {
        let is_demanded = slot.attribute.required && required_by(slot.extension.as_deref());
        // RFC 7643 §4.2 with erratum 5368: a group has a displayName, whatever the schema says.
        let is_name = match kind.role {
            Role::User => slot.attribute.name == "userName",
            Role::Group => slot.attribute.name == "displayName",
            Role::Other => false,
        };
        let is_chosen = recipe.iter().any(|chosen| chosen.path() == slot.path());
        if is_demanded && slot.attribute.name == "members" && !is_chosen {
            // Nobody is there to be a member yet.
            slot.set(&mut body, json!([]));
        } else if is_demanded || is_chosen || (is_name && slot.extension.is_none()) {
            slot.set(&mut body, slot.sample(&tag));
        }
    }
    for demand in t.ground().demands(kind) {
        if let Some(slot) = slots(&kind.schema).find_map(|slot| place(&slot, &demand.path)) {
            slot.set(&mut body, demand.value.clone());
        } else if let Some(object) = body.as_object_mut() {
            object.insert(demand.path.clone(), demand.value.clone());
        }
    }
    body
}

/// The place that a path names, if it is this attribute or one of its sub-attributes.
fn place(slot: &Slot, path: &str) -> Option<Slot> {
    if slot.path().eq_ignore_ascii_case(path) {
        return Some(slot.clone());
    }
    let subs = slot.attribute.sub_attributes.iter().map(|sub| slot.with_sub(sub));
    subs.into_iter().find(|sub| sub.path().eq_ignore_ascii_case(path))
}

/// The leaves whose values are stored as they were sent.
fn kept(kind: &Kind, recipe: &[Slot], (sent, stored): &(Value, Value)) -> HashSet<String> {
    let mut kept = HashSet::new();
    let same =
        |slot: &Slot, sent: &Value, stored: &Value| value::equal(slot.leaf(), sent, stored) && sent == stored;
    let demanded = slots(&kind.schema).filter(|slot| slot.get(sent).is_some());
    for slot in recipe.iter().cloned().chain(demanded) {
        let (Some(sent), Some(stored)) = (slot.get(sent), slot.get(stored)) else { continue };
        if !slot.attribute.is_complex() {
            if same(&slot, sent, stored) {
                kept.insert(slot.path());
            }
            continue;
        }
        let first =
            |value: &Value| value.as_array().map_or(Some(value.clone()), |items| items.first().cloned());
        let (Some(sent), Some(stored)) = (first(sent), first(stored)) else { continue };
        for sub in &slot.attribute.sub_attributes {
            let place = slot.with_sub(sub);
            if let (Some(sent), Some(stored)) = (sent.get(&sub.name), stored.get(&sub.name))
                && same(&place, sent, stored)
            {
                kept.insert(place.path());
            }
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_names_attributes_as_words() {
        assert!(names("missing required attribute: usertype.", "userType"));
        assert!(names("\"usertype\" must not be blank", "userType"));
        assert!(!names("usernames are fine", "userName"));
    }
}
