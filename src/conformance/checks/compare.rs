//! What checks of reads and writes share: representations compared as a whole, locations, refusals, look-ups.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use crate::conformance::discovery::Kind;
use crate::conformance::trial::slot::{Slot, is_unassigned, slots};
use crate::conformance::trial::{Answer, Created, Trial, shortened};
use crate::conformance::verdict::{Stop, Verdict};
use crate::protocol::message::member;
use crate::protocol::schema::{Attribute, Mutability, Returned};
use crate::protocol::value;

/// The resource types of which something can be created; those that the target only shows are left out.
///
/// # Errors
/// Nothing can be created at all.
pub(super) async fn creatable(t: &Trial) -> Result<Vec<Arc<Kind>>, Stop> {
    let mut kinds = Vec::new();
    let mut reason = None;
    for kind in t.kinds() {
        match t.survey(kind).await {
            Ok(_) => kinds.push(Arc::clone(kind)),
            Err(stop @ (Stop::Blocked(_) | Stop::Skip(_))) => reason = Some(stop),
            Err(stop) => return Err(stop),
        }
    }
    match reason {
        Some(stop) if kinds.is_empty() => Err(stop),
        _ => Ok(kinds),
    }
}

/// The resource as it is now, with the exchange that shows it.
///
/// # Errors
/// [`Stop::Blocked`] where it cannot be read.
pub(super) async fn look(t: &Trial, resource: &Created) -> Result<Answer, Stop> {
    let answer = t.get(&resource.path).await?;
    match (answer.status, &answer.json) {
        (200, Some(Value::Object(_))) => Ok(answer),
        _ => Err(Stop::Blocked(format!(
            "{} answers {} and no resource (check `read.by-id`)",
            answer.asked, answer.status
        ))),
    }
}

/// The core attribute of that name, where the type has it.
pub(super) fn core(kind: &Kind, name: &str) -> Option<Slot> {
    slots(&kind.schema)
        .find(|slot| slot.extension.is_none() && slot.attribute.name.eq_ignore_ascii_case(name))
}

/// A member of a resource; null and `[]` are none.
pub(super) fn get<'v>(resource: &'v Value, name: &str) -> Option<&'v Value> {
    member(resource.as_object()?, name).filter(|value| !is_unassigned(value))
}

/// A member of a member: `meta`, `created`.
pub(super) fn get_in<'v>(resource: &'v Value, name: &str, sub: &str) -> Option<&'v Value> {
    get(get(resource, name)?, sub)
}

/// Whether two values of an attribute are the same; the elements of a list have no order.
pub(super) fn same(attribute: &Attribute, a: &Value, b: &Value) -> bool {
    let (Value::Array(a), Value::Array(b)) = (a, b) else { return value::equal(attribute, a, b) };
    a.len() == b.len() && matched(a, b, |a, b| value::equal(attribute, a, b))
}

/// Whether what was sent is there; the target may have added to it.
pub(super) fn holds(attribute: &Attribute, sent: &Value, stored: &Value) -> bool {
    match (sent, stored) {
        (Value::Array(sent), Value::Array(stored)) => {
            sent.len() == stored.len() && matched(sent, stored, |a, b| holds(attribute, a, b))
        }
        (Value::Object(sent), Value::Object(stored)) => sent
            .iter()
            .filter(|(_, value)| !is_unassigned(value))
            .all(|(name, value)| match (member(stored, name), attribute.sub(name)) {
                (Some(stored), Some(sub)) => holds(sub, value, stored),
                (Some(stored), None) => value == stored,
                (None, _) => false,
            }),
        _ => value::equal(attribute, sent, stored),
    }
}

fn matched(some: &[Value], others: &[Value], equal: impl Fn(&Value, &Value) -> bool) -> bool {
    let mut left: Vec<&Value> = others.iter().collect();
    some.iter().all(|one| {
        let found = left.iter().position(|other| equal(one, other));
        found.map(|at| left.swap_remove(at)).is_some()
    })
}

/// Where two representations of one resource differ, one phrase each. What the target computes (readOnly), what is only
/// returned on request, `meta.lastModified` and `meta.version` are left out, and so are the attributes named.
pub(super) fn differences(kind: &Kind, before: &Value, after: &Value, except: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    let text = |value: Option<&Value>| value.map_or_else(|| "nothing".to_owned(), Value::to_string);
    let mut tell = |path: &str, a: Option<&Value>, b: Option<&Value>| {
        found.push(format!("{path}: {} became {}", shortened(&text(a)), shortened(&text(b))));
    };
    let is_excepted = |path: &str| except.iter().any(|name| name.eq_ignore_ascii_case(path));
    for name in ["id", "externalId"].into_iter().filter(|name| !is_excepted(name)) {
        let (a, b) = (get(before, name), get(after, name));
        if a != b {
            tell(name, a, b);
        }
    }
    for name in ["resourceType", "location", "created"].into_iter().filter(|_| !is_excepted("meta")) {
        let (a, b) = (get_in(before, "meta", name), get_in(after, "meta", name));
        // A database may keep fewer digits of a second than the answer to a POST has.
        let moment = |value: Option<&Value>| value?.as_str()?.parse::<jiff::Timestamp>().ok();
        let near = |(a, b): (jiff::Timestamp, jiff::Timestamp)| a.duration_since(b).abs().as_secs() < 1;
        let is_same = a == b || (name == "created" && moment(a).zip(moment(b)).is_some_and(near));
        if !is_same {
            tell(&format!("meta.{name}"), a, b);
        }
    }
    for slot in slots(&kind.schema).filter(|slot| is_compared(&slot.attribute)) {
        if is_excepted(&slot.parent()) {
            continue;
        }
        let is_same = match (slot.get(before), slot.get(after)) {
            (Some(a), Some(b)) => same(&slot.attribute, a, b),
            (None, None) => true,
            _ => false,
        };
        if !is_same {
            tell(&slot.parent(), slot.get(before), slot.get(after));
        }
    }
    found
}

fn is_compared(attribute: &Attribute) -> bool {
    matches!(attribute.mutability, Mutability::ReadWrite | Mutability::Immutable)
        && matches!(attribute.returned, Returned::Default | Returned::Always)
}

/// Fails where a resource differs from what it was, but for the attributes named. `what` says in one sentence what is wrong
/// then.
pub(super) fn expect_same(
    kind: &Kind,
    before: &Value,
    after: &Answer,
    except: &[&str],
    what: &str,
) -> Verdict {
    let found = differences(kind, before, after.resource()?, except);
    if found.is_empty() {
        return Ok(());
    }
    let expected = match except {
        [] => "the resource as it was".to_owned(),
        names => format!("nothing but {} changes", names.join(", ")),
    };
    Err(after.flaw(what).expected(expected).got(found.join("; ")).into())
}

/// Judges the answer to a request that has to be refused. Another 4xx than the accepted ones is only a concern.
pub(super) fn expect_refusal(answer: &Answer, accepted: &[u16], mistake: &str) -> Verdict {
    if accepted.contains(&answer.status) {
        return Ok(());
    }
    let expected = crate::conformance::trial::answer::statuses(accepted);
    let flaw = match answer.status {
        200..300 => answer.flaw(format!("{} with {mistake} is accepted", answer.asked)),
        // 501 says that it is not offered, which is a refusal.
        status if status >= 500 && status != 501 => {
            answer.flaw(format!("{} with {mistake} ends in an internal error", answer.asked))
        }
        _ => answer.flaw(format!("{} with {mistake} answers {}", answer.asked, answer.status)).concern(),
    };
    Err(flaw.expected(expected).got(answer.said()).into())
}

/// How long a time must have been there before a later one must differ from it.
const TICK: Duration = Duration::from_millis(12);

/// Lets a moment pass, and tells whether a write after it must have a later time than that one, which is so where the clock
/// of the target shows milliseconds.
pub(super) async fn outlast(t: &Trial, moment: &str) -> bool {
    let fraction = moment.split_once('.').map_or("", |(_, fraction)| fraction);
    let is_fine = fraction.bytes().take_while(u8::is_ascii_digit).count() >= 3;
    if is_fine {
        t.pause(TICK).await;
    }
    is_fine
}

/// Text as a value in a filter.
pub(super) fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

/// The resources of a type that a filter finds, with the exchange that shows them.
///
/// # Errors
/// [`Stop::Blocked`] where the query does not work.
pub(super) async fn find(t: &Trial, kind: &Kind, filter: &str) -> Result<(Answer, Vec<Value>), Stop> {
    let answer = t.search(kind, filter).await?;
    let found = match answer.list() {
        Ok(list) => list.resources.to_vec(),
        Err(_) => {
            return Err(Stop::Blocked(format!(
                "{} answers {} and no list (topic `filter`)",
                answer.asked,
                answer.said()
            )));
        }
    };
    Ok((answer, found))
}

/// The users of that name, in any letter case.
///
/// # Errors
/// [`Stop::Blocked`] where the query does not work.
pub(super) async fn named(t: &Trial, kind: &Kind, name: &str) -> Result<(Answer, Vec<Value>), Stop> {
    let (answer, mut found) = find(t, kind, &format!("userName eq {}", quoted(name))).await?;
    let is_it = |user: &Value| {
        get(user, "userName").and_then(Value::as_str).is_some_and(|given| given.eq_ignore_ascii_case(name))
    };
    found.retain(is_it);
    Ok((answer, found))
}

/// Whether the list has the resource with that id.
pub(super) fn has_id(resources: &[Value], id: &str) -> bool {
    resources.iter().any(|resource| get(resource, "id").and_then(Value::as_str) == Some(id))
}

/// What a location names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    /// A path below the base URL of the target, decoded.
    Below(String),
    /// Something else; its path, decoded.
    Elsewhere(String),
}

impl Place {
    /// What a location means in the answer to a request to `asked`, a path below the base URL.
    pub(super) fn of(base: &str, asked: &str, location: &str) -> Self {
        let base = base.trim_end_matches('/');
        let location = location.split(['?', '#']).next().unwrap_or(location);
        let origin_end = base.find("://").and_then(|at| base[at + 3..].find('/').map(|path| at + 3 + path));
        let origin = origin_end.map_or(base, |end| &base[..end]);
        let absolute = if location.contains("://") {
            location.to_owned()
        } else if location.starts_with('/') {
            format!("{origin}{location}")
        } else {
            let directory = asked.rsplit_once('/').map_or("", |(directory, _)| directory);
            format!("{base}{directory}/{location}")
        };
        let decode = |text: &str| percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned();
        let absolute = absolute.trim_end_matches('/');
        let starts = absolute.get(..base.len()).is_some_and(|start| start.eq_ignore_ascii_case(base));
        match absolute.get(base.len()..).filter(|rest| starts && rest.starts_with('/')) {
            Some(rest) => Place::Below(decode(rest)),
            None => Place::Elsewhere(decode(absolute)),
        }
    }

    /// Whether it is the resource at that path. Behind a proxy the target may know itself under another address, so
    /// that elsewhere only the end counts.
    pub(super) fn is(&self, path: &str) -> bool {
        let path = percent_encoding::percent_decode_str(path).decode_utf8_lossy();
        match self {
            Place::Below(below) => *below == path,
            Place::Elsewhere(url) => url.ends_with(&*path),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance::discovery::Role;
    use crate::protocol::schema::Registry;
    use serde_json::json;

    fn user() -> Kind {
        let schema = Registry::standard().types().iter().find(|t| t.resource_type.name == "User").cloned();
        Kind { schema: schema.unwrap(), role: Role::User, is_published: true }
    }

    #[test]
    fn a_location_is_understood_however_it_is_written() {
        let base = "https://x.test/scim/v2";
        for location in ["https://x.test/scim/v2/Users/a%20b", "/scim/v2/Users/a%20b", "Users/a b"] {
            assert_eq!(Place::of(base, "/Users", location), Place::Below("/Users/a b".into()), "{location}");
            assert!(Place::of(base, "/Users", location).is("/Users/a%20b"));
        }
        let elsewhere = Place::of(base, "/Users", "http://inner:8080/v2/Users/1");
        assert!(elsewhere.is("/Users/1") && !elsewhere.is("/Users/2"));
        assert!(!Place::of(base, "/Users", "https://x.test/scim/v2/Users").is("/Users/1"));
    }

    #[test]
    fn representations_are_compared_by_what_they_mean() {
        let a = json!({ "id": "1", "userName": "ADA", "emails": [{ "value": "x" }, { "value": "y" }],
            "nickName": null, "meta": { "created": "2024-01-01T00:00:00Z", "lastModified": "a" } });
        let b = json!({ "id": "1", "userName": "ada", "emails": [{ "value": "y" }, { "value": "x" }],
            "meta": { "created": "2024-01-01T00:00:00.000Z", "lastModified": "b" } });
        assert_eq!(differences(&user(), &a, &b, &[]), Vec::<String>::new());
        let c = json!({ "id": "2", "userName": "ada", "emails": [{ "value": "y" }], "title": "t" });
        let found = differences(&user(), &a, &c, &["meta"]);
        assert_eq!(found.len(), 3, "{found:?}");
        assert_eq!(differences(&user(), &a, &c, &["meta", "title", "emails", "id"]).len(), 0);
    }

    #[test]
    fn what_was_sent_may_be_added_to() {
        let emails = core(&user(), "emails").unwrap();
        let stored = json!([{ "value": "x", "display": "x", "primary": true }]);
        assert!(holds(&emails.attribute, &json!([{ "value": "x", "type": null }]), &stored));
        assert!(!holds(&emails.attribute, &json!([{ "value": "x", "type": "work" }]), &stored));
        assert!(!holds(&emails.attribute, &json!([{ "value": "x" }, { "value": "x" }]), &stored));
    }
}
