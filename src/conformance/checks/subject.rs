//! What checks of changes share: a resource with something in it, operations on it, and the comparison of the whole of it
//! afterwards.

use std::cmp::Reverse;
use std::sync::Arc;

use serde_json::{Value, json};

use crate::conformance::discovery::Kind;
use crate::conformance::trial::slot::{is_unassigned, is_writable, slots};
use crate::conformance::trial::{Answer, Created, List, Slot, Trial, shortened};
use crate::conformance::verdict::{Stop, Verdict, skip};
use crate::protocol::message::{PATCH_OP, member};
use crate::protocol::schema::{Attribute, Mutability};
use crate::protocol::value;

/// How many multi-valued attributes are tried until one keeps what it is given.
const LISTS: usize = 2;

/// A resource that a check changes.
pub(super) struct Subject {
    /// Its type.
    pub kind: Arc<Kind>,
    /// Where it is.
    pub created: Created,
    /// The target of the GET that shows it.
    pub view: String,
    /// As it was when it was last looked at.
    pub before: Value,
}

/// How a mistake has to be refused.
pub(super) struct Refusal {
    /// Keywords that fit; the first is the best.
    pub keywords: &'static [&'static str],
    /// Whether the RFC demands the keyword; where it does not, there may be none.
    pub is_demanded: bool,
}

impl Subject {
    /// A resource that is created from this body.
    pub async fn of(t: &Trial, kind: &Arc<Kind>, body: &Value) -> Result<Self, Stop> {
        let created = t.create_from(kind, body).await?;
        let before = t.read(&created).await?;
        Ok(Self { kind: Arc::clone(kind), view: created.path.clone(), created, before })
    }

    /// A resource with a value in every place that the target is known to keep.
    pub async fn full(t: &Trial, kind: &Arc<Kind>) -> Result<Self, Stop> {
        let plain = t.body(kind).await?;
        let full = full(t, kind, &plain).await?;
        let answer = t.post(kind.endpoint(), &full).await?;
        // Something of that is not taken, which other checks tell.
        let answer = if answer.is_success() { answer } else { t.post(kind.endpoint(), &plain).await? };
        let created = t.created_by(kind, &answer)?;
        let before = t.read(&created).await?;
        Ok(Self { kind: Arc::clone(kind), view: created.path.clone(), created, before })
    }

    /// The resource as it is now. That it can still be read is part of what is judged.
    pub async fn now(&self, t: &Trial, after: &Answer) -> Result<Value, Stop> {
        let read = t.get(&self.view).await?;
        let said = read.said();
        match (read.status, &read.json) {
            (200, Some(json @ Value::Object(_))) => Ok(json.clone()),
            _ => Err(read
                .flaw(format!("after {} the resource cannot be read any more", after.asked))
                .expected("200 with the resource")
                .got(said)
                .into()),
        }
    }

    /// Sends operations that have to succeed.
    pub async fn patch(&self, t: &Trial, operations: Value) -> Result<Answer, Stop> {
        let told = told(&operations);
        let answer = t.patch(&self.created.path, operations).await?;
        if answer.is_success() {
            return Ok(answer);
        }
        self.blocked_without_patch(t, &answer).await?;
        Err(answer
            .flaw(format!("{told} is refused: {}", answer.said()))
            .expected("200 with the resource, or 204")
            .got(answer.said())
            .into())
    }

    /// Ends the check where the target does not know PATCH at all.
    pub async fn blocked_without_patch(&self, t: &Trial, answer: &Answer) -> Verdict {
        if !matches!(answer.status, 403 | 404 | 405 | 501) {
            return Ok(());
        }
        let name = if self.before.get("displayName").is_some() { "displayName" } else { "userName" };
        let harmless = json!([{ "op": "replace", "path": name, "value": self.before[name] }]);
        let probe = t.patch(&self.created.path, harmless).await?;
        match probe.status == answer.status {
            true => Err(Stop::Blocked(format!(
                "{} answers {} whatever is asked (check `patch.supported`)",
                answer.asked, answer.status
            ))),
            false => Ok(()),
        }
    }

    /// Sends operations that have to succeed, and compares the resource afterwards with what is expected.
    pub async fn becomes(&self, t: &Trial, operations: Value, expected: &Value) -> Result<Value, Stop> {
        let told = told(&operations);
        let answer = self.patch(t, operations).await?;
        let after = self.now(t, &answer).await?;
        self.judge(&answer, &told, expected, &after)?;
        Ok(after)
    }

    /// Fails where the resource is other than before.
    pub fn judge_unchanged(&self, answer: &Answer, told: &str, found: &Value) -> Verdict {
        match changes(&self.kind, &self.before, found).first() {
            None => Ok(()),
            Some(first) => Err(answer
                .flaw(format!("after {told}, {}", first.text))
                .expected(excerpt(&self.before, &first.slot))
                .got(excerpt(found, &first.slot))
                .into()),
        }
    }

    /// Compares the resource with what is expected.
    pub fn judge(&self, answer: &Answer, told: &str, expected: &Value, found: &Value) -> Verdict {
        let differences = differences(&self.kind, &self.before, expected, found);
        if differences.is_empty() {
            return Ok(());
        }
        let sentences: Vec<&str> = differences.iter().map(|difference| difference.text.as_str()).collect();
        let show = |resource: &Value| {
            let shown: Vec<String> =
                differences.iter().map(|difference| excerpt(resource, &difference.slot)).collect();
            shortened(&shown.join(", "))
        };
        Err(answer
            .flaw(format!("after {told}, {}", sentences.join("; ")))
            .expected(show(expected))
            .got(show(found))
            .into())
    }

    /// Sends one mistake after the other. Each must be refused, and the resource must be as it was. What is wrong is
    /// noted; tells whether all were refused.
    pub async fn refuses(
        &self,
        t: &Trial,
        refusal: &Refusal,
        mistakes: impl IntoIterator<Item = (String, Value)>,
    ) -> Result<bool, Stop> {
        let mut before = self.before.clone();
        let mut refused: Option<Answer> = None;
        let mut all = true;
        for (told, message) in mistakes {
            let answer = t.call("PATCH", &self.created.path, Some(&message)).await?;
            if answer.is_success() {
                all = false;
                let after = self.now(t, &answer).await?;
                let changed = changes(&self.kind, &before, &after);
                let changed: Vec<&str> = changed.iter().map(|difference| difference.text.as_str()).collect();
                let so = match changed.is_empty() {
                    true => "and nothing is changed".to_owned(),
                    false => format!("and afterwards {}", changed.join("; ")),
                };
                t.note(
                    answer
                        .flaw(format!("{told} is accepted, {so}"))
                        .expected(refusal.words())
                        .got(answer.said()),
                );
                before = after;
                continue;
            }
            self.blocked_without_patch(t, &answer).await?;
            refusal.judge(t, &told, &answer);
            refused = Some(answer);
        }
        if let Some(answer) = refused {
            let after = self.now(t, &answer).await?;
            let changed = changes(&self.kind, &before, &after);
            if let Some(first) = changed.first() {
                t.note(
                    answer
                        .flaw(format!("a refused PATCH has changed the resource: {}", first.text))
                        .expected(excerpt(&before, &first.slot))
                        .got(excerpt(&after, &first.slot))
                        .violation(),
                );
            }
        }
        Ok(all)
    }
}

impl Refusal {
    /// What is expected, for messages.
    pub fn words(&self) -> String {
        match (self.is_demanded, self.keywords.first()) {
            (true, Some(keyword)) => format!("400 {keyword}"),
            _ => "400".to_owned(),
        }
    }

    /// Notes what is wrong with a refusal.
    pub fn judge(&self, t: &Trial, told: &str, answer: &Answer) {
        if answer.status >= 500 {
            let flaw = answer.flaw(format!("{told} ends in an internal error: {}", answer.said()));
            t.note(flaw.expected(self.words()).got(answer.said()).violation());
            return;
        }
        if answer.status != 400 {
            let flaw = answer.flaw(format!("{told} is refused with another status than 400"));
            t.note(flaw.expected(self.words()).got(answer.said()).concern());
        }
        let given = answer.text("scimType").filter(|given| !given.is_empty());
        match given {
            Some(given) if self.keywords.is_empty() || self.keywords.contains(&given) => {}
            None if !self.is_demanded => {}
            given => {
                let flaw = answer
                    .flaw(format!("{told} is refused without the scimType that says why"))
                    .expected(format!("scimType {}", self.keywords.join(" or ")))
                    .got(given.map_or("no scimType".to_owned(), |given| format!("scimType {given}")));
                t.note(if self.is_demanded { flaw } else { flaw.concern() });
            }
        }
    }
}

/// Operations as a mistake, with words for it.
pub(super) fn mistake(operations: Value) -> (String, Value) {
    (told(&operations), json!({ "schemas": [PATCH_OP], "Operations": operations }))
}

/// Operations in words: `add emails`, `remove emails[type eq "work"]`, `replace without a path`.
pub(super) fn told(operations: &Value) -> String {
    let one = |operation: &Value| {
        let op = operation["op"].as_str().unwrap_or("an operation");
        match operation.get("path") {
            Some(path) => format!("`{op}` of `{}`", path.as_str().unwrap_or_default()),
            None => format!("`{op}` without a path"),
        }
    };
    let all: Vec<String> = operations.as_array().into_iter().flatten().map(one).collect();
    shortened(&all.join(", "))
}

/// What a body has besides what it must have: a value in every place that is kept.
async fn full(t: &Trial, kind: &Kind, plain: &Value) -> Result<Value, Stop> {
    let survey = t.survey(kind).await?;
    let mut body = plain.clone();
    let tag = t.ground().fresh_name();
    for slot in survey.texts(&kind.schema) {
        if slot.get(&body).is_none() {
            slot.set(&mut body, slot.sample(&tag));
        }
    }
    for list in survey.lists(&kind.schema) {
        let mut elements = elements(t, &list, &[0, 1]);
        if list.has_primary {
            elements[0]["primary"] = json!(true);
        }
        list.slot.set(&mut body, Value::Array(elements));
    }
    Ok(body)
}

/// Elements with distinct values, with types by index.
pub(super) fn elements(t: &Trial, list: &List, types: &[usize]) -> Vec<Value> {
    let name = list.value.leaf().name.as_str();
    let mut made: Vec<Value> = Vec::new();
    for index in types {
        let mut element = list.element(&t.ground().fresh_name(), *index);
        // Some samples are short numbers, which may meet.
        while made.iter().any(|other| other[name] == element[name]) {
            element = list.element(&t.ground().fresh_name(), *index);
        }
        made.push(element);
    }
    made
}

/// A multi-valued attribute of a resource that holds several values.
pub(super) struct Listing {
    /// The resource.
    pub subject: Subject,
    /// The attribute.
    pub list: List,
    /// Its elements as they were sent.
    pub sent: Vec<Value>,
}

impl Listing {
    /// A resource with these elements, types by index; with `typed` the types are told apart.
    ///
    /// # Errors
    /// [`Stop::Skip`] where the target keeps no such list.
    pub async fn of(t: &Trial, kind: &Arc<Kind>, types: &[usize], typed: bool) -> Result<Self, Stop> {
        Self::made(t, kind, types, typed, false).await
    }

    /// A resource with two elements, of which the first is primary.
    ///
    /// # Errors
    /// [`Stop::Skip`] where the target keeps no such list.
    pub async fn with_primary(t: &Trial, kind: &Arc<Kind>) -> Result<Self, Stop> {
        let listing = Self::made(t, kind, &[0, 1], false, true).await?;
        match listing.primaries(&listing.subject.before) == [listing.value(0).clone()] {
            true => Ok(listing),
            false => skip(format!("the target does not keep `primary` of {}", listing.list.slot.path())),
        }
    }

    async fn made(
        t: &Trial,
        kind: &Arc<Kind>,
        types: &[usize],
        typed: bool,
        primary: bool,
    ) -> Result<Self, Stop> {
        let lists = t.survey(kind).await?.lists(&kind.schema);
        let plain = t.body(kind).await?;
        let fits = |list: &&List| {
            (!typed || (list.kind.is_some() && list.type_word(0) != list.type_word(1)))
                && (!primary || list.has_primary)
        };
        let mut reason = format!("{} keeps no multi-valued attribute that is fit for it", kind.name());
        for list in lists.iter().filter(fits).take(LISTS) {
            let mut sent = elements(t, list, types);
            if primary {
                sent[0]["primary"] = json!(true);
            }
            let fuller = full(t, kind, &plain).await?;
            for mut body in [fuller, plain.clone()] {
                list.slot.set(&mut body, Value::Array(sent.clone()));
                let answer = t.post(kind.endpoint(), &body).await?;
                if !answer.is_success() {
                    continue;
                }
                let created = t.created_by(kind, &answer)?;
                let before = t.read(&created).await?;
                let kept = list.elements(&before);
                let is_kept = kept.len() == sent.len()
                    && sent.iter().all(|e| kept.iter().any(|k| covers(&list.slot.attribute, e, k, true)));
                if is_kept {
                    let view = created.path.clone();
                    let subject = Subject { kind: Arc::clone(kind), created, view, before };
                    return Ok(Self { subject, list: list.clone(), sent });
                }
                reason = format!("the target does not keep {} values of {}", sent.len(), list.slot.path());
                break;
            }
        }
        skip(reason)
    }

    /// The values of the primary elements of a resource.
    pub fn primaries(&self, resource: &Value) -> Vec<Value> {
        let name = self.list.value.leaf().name.as_str();
        let primary = |element: &&Value| element["primary"] == json!(true);
        self.list.elements(resource).iter().filter(primary).map(|element| element[name].clone()).collect()
    }

    /// The path of the elements with that value: `emails[value eq "a@example.com"]`.
    pub fn with_value(&self, at: usize) -> String {
        let value = self.value(at);
        format!("{}[{} eq {value}]", self.list.slot.path(), self.list.value.leaf().name)
    }

    /// The value of an element as JSON.
    pub fn value(&self, at: usize) -> &Value {
        &self.sent[at][self.list.value.leaf().name.as_str()]
    }

    /// The path of the elements with that type: `emails[type eq "work"]`.
    pub fn with_type(&self, index: usize) -> String {
        let kind = self.list.kind.as_ref().map_or("type", |kind| kind.leaf().name.as_str());
        format!("{}[{kind} eq {}]", self.list.slot.path(), json!(self.list.type_word(index)))
    }

    /// The resource with another list of elements.
    pub fn with(&self, elements: Vec<Value>) -> Value {
        let mut expected = self.subject.before.clone();
        match elements.is_empty() {
            true => self.list.slot.remove(&mut expected),
            false => self.list.slot.set(&mut expected, Value::Array(elements)),
        }
        expected
    }

    /// The elements that were there at these places.
    pub fn only(&self, places: &[usize]) -> Vec<Value> {
        places.iter().map(|at| self.sent[*at].clone()).collect()
    }

    /// A further element.
    pub fn another(&self, t: &Trial, index: usize) -> Value {
        let name = self.list.value.leaf().name.as_str();
        loop {
            let element = self.list.element(&t.ground().fresh_name(), index);
            if self.sent.iter().all(|known| known[name] != element[name]) {
                return element;
            }
        }
    }
}

/// Places for free text whose samples differ from tag to tag, at least as many as are wanted; those that are no parts of
/// complex attributes first.
pub(super) async fn texts(t: &Trial, kind: &Kind, wanted: usize) -> Result<Vec<Slot>, Stop> {
    let mut found = t.texts(kind, wanted).await?;
    found.retain(|slot| slot.sample("k3x9a").as_str().is_some_and(|text| text.contains("k3x9a")));
    found.sort_by_key(|slot| slot.sub.is_some());
    match found.len() >= wanted {
        true => Ok(found),
        false => skip(format!("{} keeps too few free text attributes", kind.name())),
    }
}

/// A value for a place that nothing else has.
pub(super) fn fresh(t: &Trial, slot: &Slot) -> Value {
    slot.sample(&t.ground().fresh_name())
}

/// The resource with another value at a place.
pub(super) fn with(resource: &Value, slot: &Slot, value: Value) -> Value {
    let mut changed = resource.clone();
    slot.set(&mut changed, value);
    changed
}

/// The resource without a value at a place.
pub(super) fn without(resource: &Value, slot: &Slot) -> Value {
    let mut changed = resource.clone();
    slot.remove(&mut changed);
    changed
}

/// Something that is not as it should be.
pub(super) struct Difference {
    /// Where.
    pub slot: Option<Slot>,
    /// What, as a sentence without a full stop.
    pub text: String,
}

/// What is other than expected in everything that clients can write. What the target adds on its own is left out of account,
/// unless it is what was to be removed.
pub(super) fn differences(kind: &Kind, before: &Value, expected: &Value, found: &Value) -> Vec<Difference> {
    let mut all = Vec::new();
    let mut tell = |slot: Option<&Slot>, text: String| all.push(Difference { slot: slot.cloned(), text });
    for slot in slots(&kind.schema).filter(|slot| is_writable(&slot.attribute)) {
        let (was, should, is) = (slot.get(before), slot.get(expected), slot.get(found));
        let path = slot.path();
        match (should, is) {
            (None, Some(_)) if was.is_some() => tell(Some(&slot), format!("`{path}` still has a value")),
            (None, _) => {}
            (Some(_), None) => tell(Some(&slot), format!("`{path}` has no value")),
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

fn excerpt(resource: &Value, slot: &Option<Slot>) -> String {
    match slot {
        Some(slot) => match slot.get(resource) {
            Some(value) => format!("{}: {value}", slot.path()),
            None => format!("no {}", slot.path()),
        },
        None => "the resource as it was".to_owned(),
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

    #[test]
    fn operations_are_told_in_words() {
        let operations =
            json!([{ "op": "add", "path": "emails", "value": [] }, { "op": "replace", "value": {} }]);
        assert_eq!(told(&operations), "`add` of `emails`, `replace` without a path");
    }
}
