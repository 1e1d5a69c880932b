//! A handful of users whose values are known, for checks that search, sort and page. They are created once a run and stay
//! until its end; nobody changes them.
//!
//! Targets take different things, so that what a check expects follows from what is stored ([`Member::json`]), not from
//! what was sent. The values are chosen so that a wrong answer differs from the right one.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};
use tokio::sync::OnceCell;

use super::slot::slots;
use super::{Answer, Created, List, Slot, Survey, Trial};
use crate::conformance::discovery::{Kind, Role};
use crate::conformance::verdict::Stop;
use crate::protocol::schema::Type;

/// How many there are.
pub const SIZE: usize = 6;

/// The users.
#[derive(Debug, Clone)]
pub struct Cohort {
    /// Their resource type.
    pub kind: Arc<Kind>,
    /// What the userName of each begins with, and of nobody else.
    pub prefix: String,
    /// The users in the order of creation.
    pub members: Vec<Member>,
    /// Where their special values are.
    pub places: Places,
    /// How far queries can be confined to them, and by which filter; found out when that is in doubt.
    pub(in crate::conformance) scoping: OnceCell<(Scoping, String)>,
}

/// How far queries can be confined to the cohort.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scoping {
    /// Any filter can: `(…) and …` works with the filter that selects the cohort.
    Filters,
    /// Only listings: the filter that selects the cohort works.
    Listings,
    /// Neither.
    None,
}

/// Attributes of the target that hold values of the cohort, where it has such attributes.
#[derive(Debug, Clone, Default)]
pub struct Places {
    /// Text that four of them have: [`PARTIAL`].
    pub partial: Option<Slot>,
    /// Text with characters that filters stumble over: [`ODD`].
    pub odd: Option<Slot>,
    /// Text of each extension; every third has none.
    pub extended: Vec<Slot>,
    /// Another text of each of these extensions, which all have.
    pub beside: Vec<Slot>,
    /// Text that is the same for all of them.
    pub common: Option<Slot>,
    /// A multi-valued attribute: two elements each, the one with the first type is primary, and stands second in every other
    /// member.
    pub list: Option<List>,
    /// A number that sorts differently as text: [`NUMBERS`].
    pub number: Option<Slot>,
    /// A point in time that sorts differently as text: [`MOMENTS`].
    pub moment: Option<Slot>,
    /// A reference, each another.
    pub link: Option<Slot>,
}

/// One of them.
#[derive(Debug, Clone)]
pub struct Member {
    /// Where it is.
    pub created: Created,
    /// As it is stored.
    pub json: Value,
}

impl Member {
    /// Its id.
    pub fn id(&self) -> &str {
        &self.created.id
    }
}

/// Parts of names, so chosen that no two orders are the same: by creation, by userName, by displayName, by family name. Letter
/// case differs on purpose. The third and the fifth are inactive.
const PEOPLE: [(&str, &str, &str, &str); SIZE] = [
    // userName, displayName, family name, given name
    ("delta", "Mango", "Quill", "Ada"),
    ("alpha", "apple", "Stone", "Bob"),
    ("foxtrot", "Cherry", "Reed", "Cleo"),
    ("bravo", "banana", "Thorn", "Dan"),
    ("echo", "Elder", "Pike", "Eve"),
    ("charlie", "date", "Usher", "Finn"),
];

/// Text that not all of them have; each value is followed by the prefix.
pub const PARTIAL: [Option<&str>; SIZE] =
    [Some("Pilot"), None, Some("baker"), Some("Nurse"), None, Some("clerk")];

/// What filters stumble over; each value is led by the prefix. The second is what the first would find if its characters were
/// wildcards.
pub const ODD: [&str; SIZE] = [
    "100% sure_thing *",
    "100x sure-thing 9",
    r#"says "hi" \ there\"#,
    "x and (y or not z) pr [w eq 1]",
    "J\u{fc}rgen \u{c5}sa \u{6771}\u{4eac} \u{1f600}",
    "a+b&c=d;e#f?g/h'i %41",
];

/// As text the order is another.
pub const NUMBERS: [i64; SIZE] = [9, 10, 100, 2, 33, 1000];

/// As text the order is another.
pub const MOMENTS: [&str; SIZE] = [
    "2020-01-01T10:00:00Z",
    "2020-01-01T23:30:00+13:00",
    "2020-01-01T11:00:00.5Z",
    "2020-01-01T13:00:00Z",
    "2020-01-01T09:59:59-05:00",
    "2020-01-02T01:00:00+14:00",
];

/// How much of the special values a body carries; what is refused is left out, so that the user is there at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Dress {
    /// What the target demands.
    Plain,
    /// And what identity providers send.
    Typical,
    /// And values in attributes that the target keeps.
    Special,
    /// And odd characters.
    Odd,
}

impl Places {
    fn find(survey: &Survey, kind: &Kind) -> Self {
        let schema = &kind.schema;
        let taken = |slot: &Slot| {
            slot.leaf().required
                || slot.path().eq_ignore_ascii_case("displayName")
                || slot.leaf().name.eq_ignore_ascii_case("familyName")
                || slot.leaf().name.eq_ignore_ascii_case("givenName")
        };
        let mut texts: Vec<Slot> = survey.texts(schema).into_iter().filter(|slot| !taken(slot)).collect();
        let (mut extended, mut beside): (Vec<Slot>, Vec<Slot>) = (Vec::new(), Vec::new());
        for extension in &schema.extensions {
            let inside = |slot: &Slot| slot.extension.as_deref() == Some(extension.schema.id.as_str());
            extended.extend(texts.iter().position(inside).map(|at| texts.remove(at)));
            beside.extend(texts.iter().position(inside).map(|at| texts.remove(at)));
        }
        let beside_first = beside.first().cloned();
        let mut texts = texts.into_iter();
        let mut lists = survey.lists(schema);
        let emails = lists.iter().position(|list| list.slot.path() == "emails");
        let first = |kind: Type| survey.of_type(schema, kind).into_iter().find(|slot| !slot.leaf().required);
        Self {
            partial: texts.next(),
            odd: texts.next(),
            common: texts.next().or(beside_first),
            extended,
            beside,
            list: match emails {
                Some(at) => Some(lists.swap_remove(at)),
                None => lists.into_iter().next(),
            },
            number: first(Type::Integer).or_else(|| first(Type::Decimal)),
            moment: first(Type::DateTime),
            link: first(Type::Reference),
        }
    }

    /// Puts the values of a member into a body.
    fn fill(&self, body: &mut Value, prefix: &str, index: usize, dress: Dress) {
        let (user, _, _, given) = PEOPLE[index];
        if let Some(list) = &self.list {
            let is_email = list.slot.path() == "emails";
            let mut elements: Vec<Value> = [(user, "com"), (given, "net")]
                .iter()
                .enumerate()
                .map(|(at, (word, domain))| {
                    let mut element = list.element(&format!("{word}{prefix}"), at);
                    if is_email {
                        element["value"] = json!(format!("{word}.{prefix}@example.{domain}"));
                    }
                    element
                })
                .collect();
            if list.has_primary {
                elements[0]["primary"] = json!(true);
            }
            if index % 2 == 1 {
                elements.reverse();
            }
            list.slot.set(body, json!(elements));
        }
        if let (Some(slot), Some(word)) = (&self.partial, PARTIAL[index]) {
            slot.set(body, json!(format!("{word} {prefix}")));
        }
        for slot in self.extended.iter().filter(|_| index % 3 != 2) {
            let word = if index.is_multiple_of(3) { "Engines" } else { "Tools" };
            slot.set(body, json!(format!("{word} {prefix}")));
        }
        for slot in &self.beside {
            slot.set(body, json!(common(prefix)));
        }
        if let Some(slot) = &self.common {
            slot.set(body, json!(common(prefix)));
        }
        if let Some(slot) = &self.number {
            slot.set(body, json!(NUMBERS[index]));
        }
        if let Some(slot) = &self.moment {
            slot.set(body, json!(MOMENTS[index]));
        }
        if let Some(slot) = &self.link {
            slot.set(body, json!(format!("https://example.com/{prefix}/{user}")));
        }
        if let (Some(slot), Dress::Odd) = (&self.odd, dress) {
            slot.set(body, json!(format!("{prefix} {}", ODD[index])));
        }
    }
}

/// Makes sure that not all were created in one and the same moment of the clock that the target shows, or checks of times would
/// find nothing to judge on a fast target and something on a slow one.
async fn let_the_clock_move(t: &Trial, answer: &Answer) {
    let created = answer.json.as_ref().and_then(|json| json.pointer("/meta/created")?.as_str());
    match created.map(|moment| moment.contains('.')) {
        Some(true) => t.pause(Duration::from_millis(12)).await,
        Some(false) => t.pause(Duration::from_millis(1_010)).await,
        None => {}
    }
}

impl Cohort {
    pub(super) async fn make(t: &Trial) -> Result<Self, Stop> {
        let kind = t.kind(Role::User)?;
        let prefix = t.ground().fresh_name();
        let survey = t.survey(&kind).await?;
        let places = Places::find(&survey, &kind);
        let mut created = Vec::new();
        let mut dress = Dress::Odd;
        for index in 0..SIZE {
            let plain = survey.body(t, &kind);
            let answer = loop {
                let body = dressed(&plain, &places, &prefix, index, dress);
                let answer = t.post(kind.endpoint(), &body).await?;
                // Something of it is not taken; checks of that say so, the others need their users.
                dress = match dress {
                    _ if answer.is_success() => break answer,
                    Dress::Odd => Dress::Special,
                    Dress::Special => Dress::Typical,
                    Dress::Typical => Dress::Plain,
                    Dress::Plain => break answer,
                };
            };
            created.push(t.created_by(&kind, &answer)?);
            if index + 1 == SIZE / 2 {
                let_the_clock_move(t, &answer).await;
            }
            // An odd value of one says nothing of the next.
            dress = if dress == Dress::Special { Dress::Odd } else { dress };
        }
        let stored = join_all(created.iter().map(|created| t.read(created))).await;
        let members = created.into_iter().zip(stored);
        let members = members.map(|(created, json)| Ok(Member { created, json: json? }));
        let members = members.collect::<Result<_, Stop>>()?;
        Ok(Self { kind, prefix, members, places, scoping: OnceCell::new() })
    }

    /// The member with that part of a userName.
    pub fn named(&self, user: &str) -> &Member {
        let at = PEOPLE.iter().position(|(name, ..)| *name == user).unwrap_or(0);
        &self.members[at.min(self.members.len() - 1)]
    }

    /// The ids of the members for which this holds, in the order of creation.
    pub fn ids_where(&self, holds: impl Fn(&Value) -> bool) -> Vec<&str> {
        self.members.iter().filter(|member| holds(&member.json)).map(Member::id).collect()
    }

    /// `userName sw "…"`, which selects the cohort and nobody else.
    pub fn scope(&self) -> String {
        format!("userName sw \"{}\"", self.prefix)
    }

    /// Filters that select the cohort and nobody else, the usual one first: targets that know only `eq` understand the second.
    pub(in crate::conformance) fn scopes(&self) -> Vec<String> {
        let value = json!(common(&self.prefix));
        let shared = self
            .places
            .common
            .as_ref()
            .filter(|slot| self.members.iter().all(|member| slot.get(&member.json) == Some(&value)));
        let shared = shared.map(|slot| format!("{} eq {value}", slot.path()));
        [self.scope()].into_iter().chain(shared).collect()
    }

    /// The part of the userName by which a member is known, for messages.
    pub fn nickname(&self, id: &str) -> Option<&'static str> {
        let at = self.members.iter().position(|member| member.id() == id)?;
        PEOPLE.get(at).map(|(user, ..)| *user)
    }
}

/// The value of [`Places::common`].
fn common(prefix: &str) -> String {
    format!("Beside {prefix}")
}

/// What a member is created from.
fn dressed(plain: &Value, places: &Places, prefix: &str, index: usize, dress: Dress) -> Value {
    let (user, display, family, given) = PEOPLE[index];
    let mut body = plain.clone();
    body["userName"] = json!(format!("{prefix}-{user}@example.com"));
    if dress == Dress::Plain {
        return body;
    }
    if body.get("displayName").is_some() {
        body["displayName"] = json!(format!("{display} {prefix}"));
    }
    if body.get("name").is_some() {
        body["name"] = json!({ "familyName": format!("{family}{prefix}"), "givenName": given });
    }
    if body.get("emails").is_some() {
        body["emails"] =
            json!([{ "value": format!("{user}.{prefix}@example.com"), "type": "work", "primary": true }]);
    }
    if body.get("active").is_some() {
        body["active"] = json!(index != 2 && index != 4);
    }
    body["externalId"] = json!(format!("Ext-{prefix}-{index}"));
    if dress >= Dress::Special {
        places.fill(&mut body, prefix, index, dress);
    }
    body
}

/// The place of an attribute that every user may have: `userName`, `meta.created`.
pub fn place(kind: &Kind, path: &str) -> Option<Slot> {
    let (name, sub) = path.split_once('.').map_or((path, None), |(name, sub)| (name, Some(sub)));
    let attribute = kind.schema.attribute(name)?;
    let slot = Slot::of(None, attribute);
    match sub {
        None => Some(slot),
        Some(sub) => Some(slot.with_sub(attribute.sub(sub)?)),
    }
}

/// Every place of a simple attribute of a type, sub-attributes included.
pub fn leaves(kind: &Kind) -> Vec<Slot> {
    let parts = |slot: Slot| -> Vec<Slot> {
        match slot.attribute.is_complex() {
            false => vec![slot],
            true => slot.attribute.sub_attributes.iter().map(|sub| slot.with_sub(sub)).collect(),
        }
    };
    slots(&kind.schema).flat_map(parts).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::schema::{Registry, USER};
    use crate::protocol::value::parse_date_time;

    fn sorted<T: Clone, K: Ord>(values: &[T], key: impl Fn(&T) -> K) -> Vec<usize> {
        let mut order: Vec<usize> = (0..values.len()).collect();
        order.sort_by_key(|at| key(&values[*at]));
        order
    }

    #[test]
    fn no_two_orders_are_the_same() {
        let orders = [
            (0..SIZE).collect(),
            sorted(&PEOPLE, |person| person.0),
            sorted(&PEOPLE, |person| person.1.to_lowercase()),
            sorted(&PEOPLE, |person| person.1),
            sorted(&PEOPLE, |person| person.2),
            sorted(&NUMBERS, |number| *number),
            sorted(&NUMBERS, |number| number.to_string()),
            sorted(&MOMENTS, |moment| parse_date_time(moment)),
            sorted(&MOMENTS, |moment| (*moment).to_owned()),
        ];
        for (at, order) in orders.iter().enumerate() {
            assert!(!orders[..at].contains(order), "{at}: {order:?}");
        }
    }

    #[test]
    fn places_are_found_by_path() {
        let schema = Registry::standard().types().iter().find(|t| t.core.id == USER).unwrap().clone();
        let kind = Kind { schema, role: Role::User, is_published: true };
        for path in ["userName", "externalId", "meta.created", "name.familyName"] {
            assert_eq!(place(&kind, path).unwrap().path(), path);
        }
        assert!(place(&kind, "bogus").is_none() && place(&kind, "name.bogus").is_none());
        assert!(leaves(&kind).iter().any(|slot| slot.path() == "emails.value"));
    }
}
