//! What checks of changes share: a resource with something in it, operations on it, and the comparison of the whole of it
//! afterwards.

use std::sync::Arc;

use serde_json::{Value, json};

use super::comparison::{changes, covers, differences};
use crate::conformance::discovery::Kind;
use crate::conformance::trial::slot::is_unassigned;
use crate::conformance::trial::{Answer, Created, List, Slot, Trial, shortened};
use crate::conformance::verdict::{Stop, Verdict, skip};
use crate::protocol::message::PATCH_OP;

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
    /// Rules about the answer, where the others of a check are about what must not change; none where all are about it.
    pub answer: &'static [&'static str],
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
            (status, _) => {
                let flaw = read
                    .flaw(format!("after {} the resource cannot be read any more", after.asked))
                    .expected("200 with the resource")
                    .got(said);
                // What is not there any more has lost its id.
                Err(if matches!(status, 404 | 410) { flaw.breaks(&["RFC7643-3.1-08"]) } else { flaw }.into())
            }
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
        self.blocked_without_op(t, &answer).await?;
        let flaw = answer
            .flaw(format!("{told} is refused: {}", answer.said()))
            .expected("200 with the resource, or 204")
            .got(answer.said());
        let is_limit = told.contains('[') && is_beyond(&answer);
        Err(if is_limit { flaw.concern() } else { flaw }.into())
    }

    /// Ends the check where the target does not know PATCH at all.
    pub async fn blocked_without_patch(&self, t: &Trial, answer: &Answer) -> Verdict {
        if !matches!(answer.status, 403 | 404 | 405 | 501) {
            return Ok(());
        }
        // Some know PATCH for a few attributes only; that is no reason to be silent about the others.
        for name in ["userName", "displayName", "active"] {
            if is_unassigned(&self.before[name]) {
                continue;
            }
            let harmless = json!([{ "op": "replace", "path": name, "value": self.before[name] }]);
            if t.patch(&self.created.path, harmless).await?.status != answer.status {
                return Ok(());
            }
        }
        Err(Stop::Blocked(format!(
            "{} answers {} whatever is asked (check `patch.supported`)",
            answer.asked, answer.status
        )))
    }

    /// Ends the check where the target knows PATCH, but none with an `op` that was sent.
    pub async fn blocked_without_op(&self, t: &Trial, answer: &Answer) -> Verdict {
        if !matches!(answer.status, 403 | 404 | 405 | 501) {
            return Ok(());
        }
        for op in t.ops_of(answer) {
            let is_known = match op.as_str() {
                "add" => self.knows_add(t, answer.status).await?,
                "remove" => self.knows_remove(t, answer.status).await?,
                _ => true,
            };
            if !is_known {
                return Err(Stop::Blocked(format!(
                    "`{op}` answers {} whatever is asked (check `patch.supported`)",
                    answer.status
                )));
            }
        }
        Ok(())
    }

    /// Whether `add` of a value that is there already is answered with another status than this one.
    async fn knows_add(&self, t: &Trial, status: u16) -> Result<bool, Stop> {
        for name in ["userName", "displayName", "active"] {
            if is_unassigned(&self.before[name]) {
                continue;
            }
            let harmless = json!([{ "op": "add", "path": name, "value": self.before[name] }]);
            if t.patch(&self.created.path, harmless).await?.status != status {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether `remove` of plain text from another resource is answered with another status than this one.
    async fn knows_remove(&self, t: &Trial, status: u16) -> Result<bool, Stop> {
        let mut texts = t.survey(&self.kind).await?.texts(&self.kind.schema);
        texts.retain(|slot| !slot.leaf().required);
        if texts.is_empty() {
            return Ok(true);
        }
        let mut body = t.body(&self.kind).await?;
        texts.truncate(2);
        texts.iter().for_each(|slot| slot.set(&mut body, fresh(t, slot)));
        let other = t.create_from(&self.kind, &body).await?;
        for slot in &texts {
            let simple = json!([{ "op": "remove", "path": slot.path() }]);
            if t.patch(&other.path, simple).await?.status != status {
                return Ok(true);
            }
        }
        Ok(false)
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
                let rules = if changed.is_empty() { refusal.answer } else { &[] };
                let so = match changed.is_empty() {
                    true => "and nothing is changed".to_owned(),
                    false => format!("and afterwards {}", changed.join("; ")),
                };
                t.note(
                    answer
                        .flaw(format!("{told} is accepted, {so}"))
                        .expected(refusal.words())
                        .got(answer.said())
                        .breaks(rules),
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
                        .breaks(&["RFC7644-3.5.2-24"])
                        .violation(),
                );
            }
        }
        Ok(all)
    }
}

/// Whether a refusal says that a path or its filter is more than the target understands. As with filters of queries, a clean refusal
/// of what an expression may be is worth a warning, where doing something else is a failure.
pub(super) fn is_beyond(answer: &Answer) -> bool {
    let keyword = answer.text("scimType");
    let is_named = keyword.is_some_and(|keyword| matches!(keyword, "invalidPath" | "invalidFilter"));
    answer.status == 501 || ((400..500).contains(&answer.status) && is_named)
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
        // 501 is no crash: it says that this is not offered, and no keyword is due with it.
        let is_declined = answer.status == 501;
        if answer.status >= 500 && !is_declined {
            let flaw = answer.flaw(format!("{told} ends in an internal error: {}", answer.said()));
            t.note(flaw.expected(self.words()).got(answer.said()).breaks(self.answer));
            return;
        }
        if answer.status != 400 {
            let flaw = answer.flaw(format!("{told} is refused with another status than 400"));
            t.note(flaw.expected(self.words()).got(answer.said()).breaks(self.answer).concern());
        }
        if is_declined {
            return;
        }
        let given = answer.text("scimType").filter(|given| !given.is_empty());
        match given {
            Some(given) if self.keywords.is_empty() || self.keywords.contains(&given) => {}
            None if !self.is_demanded => {}
            // A page instead of an error is judged by the check `errors.message`.
            None if answer.is_other_text() => {}
            given => {
                let what = match given {
                    None => format!("{told} is refused without the scimType that says why"),
                    Some(_) => format!("{told} is refused with a scimType that says something else"),
                };
                let flaw = answer
                    .flaw(what)
                    .expected(format!("scimType {}", self.keywords.join(" or ")))
                    .got(given.map_or("no scimType".to_owned(), |given| format!("scimType {given}")))
                    .breaks(self.answer);
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
        let mut new = element(t, list, *index);
        // Some samples are short numbers, which may meet.
        while made.iter().any(|other| other[name] == new[name]) {
            new = element(t, list, *index);
        }
        made.push(new);
    }
    made
}

/// An element with a value of its own. Where the words for types are used up it has no type, because some take one element of
/// a type only.
fn element(t: &Trial, list: &List, index: usize) -> Value {
    let mut new = list.element(&t.ground().fresh_name(), index);
    if let (Some(kind), Some(object)) = (&list.kind, new.as_object_mut())
        && (0..index).any(|earlier| list.type_word(earlier) == list.type_word(index))
    {
        object.shift_remove(&kind.leaf().name);
    }
    new
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
            let new = element(t, &self.list, index);
            if self.sent.iter().all(|known| known[name] != new[name]) {
                return new;
            }
        }
    }
}

/// Places for free text whose samples differ from tag to tag, at least as many as are wanted; those that are no parts
/// of complex attributes first.
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

    #[test]
    fn operations_are_told_in_words() {
        let operations =
            json!([{ "op": "add", "path": "emails", "value": [] }, { "op": "replace", "value": {} }]);
        assert_eq!(told(&operations), "`add` of `emails`, `replace` without a path");
    }
}
