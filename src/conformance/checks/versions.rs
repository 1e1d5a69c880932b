//! Versions of resources: what an ETag looks like and when it changes (RFC 7644 §3.14, RFC 7643 §3.1, RFC 9110 §8.8).

use std::sync::Arc;

use serde_json::{Value, json};

use super::attributes::creatable;
use super::team::membership;
use crate::conformance::check::{Check, Need, check};
use crate::conformance::discovery::Kind;
use crate::conformance::trial::{Answer, Created, Slot, Trial, encoded};
use crate::conformance::verdict::{Stop, Verdict, skip};
use crate::exchange::Request;
use crate::protocol::message::PATCH_OP;

pub(super) const CHECKS: &[Check] = &[HEADER, META, EQUAL, FORM, CHANGES, STAYS, LISTED, RELATED];

// --- shared with the conditions ---

/// A resource with a version, and a place to change.
pub(super) struct Subject {
    pub(super) kind: Arc<Kind>,
    pub(super) created: Created,
    /// The body that made it.
    pub(super) body: Value,
    pub(super) slot: Slot,
}

impl Subject {
    /// A new resource of the first type that has a place for text.
    pub(super) async fn new(t: &Trial) -> Result<Self, Stop> {
        let Some(kind) = t.kinds().first().cloned() else { return skip("the target has no resource type") };
        let slot = t.text(&kind).await?;
        let body = t.body(&kind).await?;
        let created = t.create_from(&kind, &body).await?;
        Ok(Self { kind, created, body, slot })
    }

    /// Its current entity tag.
    pub(super) async fn tag(&self, t: &Trial) -> Result<String, Stop> {
        let answer = t.get(&self.created.path).await?;
        match tag(&answer) {
            Some(tag) => Ok(tag.to_owned()),
            None => Err(Stop::Blocked(format!("{} has no ETag (check `versions.header`)", answer.asked))),
        }
    }

    /// What stands at the place now.
    pub(super) async fn text(&self, t: &Trial) -> Result<Option<String>, Stop> {
        let stored = t.read(&self.created).await?;
        Ok(self.slot.get(&stored).and_then(Value::as_str).map(str::to_owned))
    }

    /// A write of that method that would put this text there, with these headers.
    pub(super) async fn write(
        &self,
        t: &Trial,
        method: &str,
        text: &str,
        headers: &[(&str, &str)],
    ) -> Result<Answer, Stop> {
        let body = match method {
            "PUT" => {
                let mut body = self.body.clone();
                self.slot.set(&mut body, json!(text));
                Some(body)
            }
            "PATCH" => {
                let operation = json!({ "op": "replace", "path": self.slot.path(), "value": text });
                Some(json!({ "schemas": [PATCH_OP], "Operations": [operation] }))
            }
            _ => None,
        };
        with_headers(t, method, &self.created.path, headers, body.as_ref()).await
    }

    /// Changes the resource without a condition, so that an older version is stale.
    pub(super) async fn change(&self, t: &Trial) -> Result<(), Stop> {
        let before = self.tag(t).await?;
        let method = if t.lacks(Need::Patch).await?.is_none() { "PATCH" } else { "PUT" };
        let mut text = t.ground().fresh_name();
        let mut answer = self.write(t, method, &text, &[]).await?;
        // A version that is made from the second of the change is another one a second later; `versions.change` tells.
        if answer.is_success() && before.starts_with("W/") && self.tag(t).await? == before {
            tokio::time::sleep(std::time::Duration::from_millis(1_100)).await;
            text = t.ground().fresh_name();
            answer = self.write(t, method, &text, &[]).await?;
        }
        match answer.is_success() && self.text(t).await?.as_deref() == Some(&text) {
            true => Ok(()),
            false => Err(Stop::Blocked(format!("{} does not change the resource", answer.asked))),
        }
    }

    /// The methods of the target that write, `DELETE` last.
    pub(super) async fn methods(t: &Trial) -> Result<Vec<&'static str>, Stop> {
        let patches = t.lacks(Need::Patch).await?.is_none();
        Ok(["PUT", "PATCH", "DELETE"].into_iter().filter(|method| patches || *method != "PATCH").collect())
    }
}

/// Sends with header fields.
pub(super) async fn with_headers(
    t: &Trial,
    method: &str,
    target: &str,
    headers: &[(&str, &str)],
    body: Option<&Value>,
) -> Result<Answer, Stop> {
    let mut request = Request::new(method, encoded(target));
    for (name, value) in headers {
        request.headers.append(*name, *value);
    }
    if let Some(body) = body {
        request = request.with_json(body);
    }
    t.send(request).await
}

/// The entity tag in the header.
pub(super) fn tag(answer: &Answer) -> Option<&str> {
    answer.headers.get("etag").map(str::trim).filter(|tag| !tag.is_empty())
}

/// `meta.version`.
fn version(resource: &Value) -> Option<&str> {
    resource["meta"]["version"].as_str().filter(|version| !version.is_empty())
}

/// The text of a tag without its `W/`.
pub(super) fn opaque(tag: &str) -> &str {
    tag.strip_prefix("W/").unwrap_or(tag)
}

/// The answers to every method that shows a resource: POST, GET, PUT, PATCH.
async fn answers(t: &Trial, kind: &Kind) -> Result<Vec<Answer>, Stop> {
    let body = t.body(kind).await?;
    let posted = t.post(kind.endpoint(), &body).await?;
    let created = t.created_by(kind, &posted)?;
    let read = t.get(&created.path).await?;
    let mut changed = body.clone();
    let slot = match t.text(kind).await {
        Ok(slot) => Some(slot),
        Err(Stop::Skip(_)) => None,
        Err(stop) => return Err(stop),
    };
    if let Some(slot) = &slot {
        slot.set(&mut changed, json!(t.ground().fresh_name()));
    }
    let mut all = vec![posted, read, t.put(&created.path, &changed).await?];
    if let Some(slot) = slot
        && t.lacks(Need::Patch).await?.is_none()
    {
        let operation = json!([{ "op": "replace", "path": slot.path(), "value": t.ground().fresh_name() }]);
        all.push(t.patch(&created.path, operation).await?);
    }
    all.retain(Answer::is_success);
    Ok(all)
}

check! {
    /// A target that supports versions names the version of a resource in the `ETag` header of every answer that shows it.
    ///
    /// Why: clients take the tag from the header to make the next write conditional. Without it two administrators overwrite each other
    /// without noticing.
    ///
    /// Fix: send `ETag: W/"…"` with POST, GET, PUT and PATCH, or say `etag.supported: false`.
    HEADER = header,
    id: "versions.header",
    title: "answers that show a resource have an ETag header",
    level: Must,
    requirements: ["RFC7644-3.14-02", "RFC7644-3.14-01", "RFC9110-9.3.4-02"],
    needs: [Etag],
    breaks: [],
}

async fn header(t: &Trial) -> Verdict {
    let Some(kind) = t.kinds().first().cloned() else { return skip("the target has no resource type") };
    for answer in answers(t, &kind).await? {
        // HTTP frowns on validators in answers to PUT (RFC 9110 §9.3.4), and an answer without a body shows nothing.
        if tag(&answer).is_none() && !answer.body.is_empty() {
            let flaw =
                answer.flaw(format!("{} has no ETag", answer.asked)).expected("an ETag header").got("none");
            let flaw = flaw.breaks(&["RFC7644-3.14-02"]);
            t.note(if answer.asked.starts_with("PUT") { flaw.concern() } else { flaw });
        }
    }
    Ok(())
}

check! {
    /// The version stands in `meta.version` as well, so that it is known of resources in lists, which have no header of their own.
    ///
    /// Why: whoever imports a list and writes back later has no other source for the version.
    ///
    /// Fix: write the same text into `meta.version` as into the header.
    META = meta,
    id: "versions.meta",
    title: "meta.version tells the version",
    level: Should,
    requirements: ["RFC7644-3.14-03", "RFC7643-3.1-32"],
    needs: [Etag],
    breaks: [],
}

async fn meta(t: &Trial) -> Verdict {
    let subject = Subject::new(t).await?;
    let answer = t.get(&subject.created.path).await?;
    answer.expect_status(&[200])?;
    match version(answer.resource()?) {
        Some(_) => Ok(()),
        None => Err(answer
            .flaw("a resource has no meta.version")
            .expected("the text of the ETag")
            .got("nothing")
            .breaks(&["RFC7644-3.14-03"])
            .into()),
    }
}

check! {
    /// Where a version stands in `meta.version` and in the `ETag` header, the two are the same text, also on targets that do not
    /// advertise versions.
    ///
    /// Why: a client may use either for `If-Match`. If they differ, one of the two never matches and every conditional write fails.
    ///
    /// Fix: compute the tag once, with `W/` and quotation marks, and write it to both places.
    EQUAL = equal,
    id: "versions.meta-equals-header",
    title: "meta.version and the ETag header are the same",
    level: Must,
    requirements: ["RFC7643-3.1-30"],
    needs: [],
    breaks: [],
}

async fn equal(t: &Trial) -> Verdict {
    let mut compared = false;
    for kind in creatable(t).await?.iter().take(2) {
        for answer in answers(t, kind).await? {
            let Some(json) = &answer.json else { continue };
            let (Some(header), Some(version)) = (tag(&answer), version(json)) else { continue };
            compared = true;
            if header != version {
                let what = format!("the answer to {} has another meta.version than ETag", answer.asked);
                t.note(answer.flaw(what).expected(header).got(version));
            }
        }
    }
    if compared { Ok(()) } else { skip("the target sends no ETag together with meta.version") }
}

check! {
    /// A version is an entity tag: text in quotation marks, with an upper-case `W/` before it where it is weak.
    ///
    /// Why: proxies and HTTP libraries drop or refuse what is no entity tag, and the comparison that depends on it silently never matches.
    ///
    /// Fix: write `W/"3694e05e9dff590"`, with quotation marks, in the header and in `meta.version`.
    FORM = form,
    id: "versions.form",
    title: "ETag and meta.version have the form of an entity tag",
    level: Must,
    requirements: ["RFC7643-3.1-31", "RFC9110-8.8.3-01"],
    needs: [],
    breaks: [],
}

async fn form(t: &Trial) -> Verdict {
    let Some(kind) = t.kinds().first().cloned() else { return skip("the target has no resource type") };
    let mut seen = false;
    for answer in answers(t, &kind).await? {
        let meta = answer.json.as_ref().and_then(version);
        for (place, text) in [("the ETag", tag(&answer)), ("meta.version", meta)] {
            let Some(text) = text else { continue };
            seen = true;
            let inner = opaque(text).strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
            let is_tag =
                inner.is_some_and(|inner| inner.chars().all(|c| c > ' ' && c != '"' && c != '\u{7f}'));
            if !is_tag {
                let what = format!("{place} in the answer to {} is no entity tag", answer.asked);
                let rules: &[&'static str] = match text.starts_with("w/") {
                    true => &["RFC9110-8.8.3-01", "RFC7643-3.1-31"],
                    false => &["RFC9110-8.8.3-01"],
                };
                t.note(answer.flaw(what).expected("W/\"…\" or \"…\"").got(text).breaks(rules));
            }
        }
    }
    if seen { Ok(()) } else { skip("the target sends neither ETag nor meta.version") }
}

check! {
    /// Every change of a resource gives it another version, also a change back to what it was in between.
    ///
    /// Why: a version that does not change lets every stale write pass: the lost update that it should prevent.
    ///
    /// Fix: derive the tag from a counter or a hash of the whole representation, extensions and groups included, not from a timestamp in
    /// seconds.
    CHANGES = changes,
    id: "versions.change",
    title: "a change gives a resource another version",
    level: Must,
    requirements: ["RFC7644-3.14-04", "RFC9110-8.8.1-01", "RFC9110-8.8.1-02"],
    needs: [Etag],
    breaks: [],
}

async fn changes(t: &Trial) -> Verdict {
    let subject = Subject::new(t).await?;
    let mut before = subject.tag(t).await?;
    let methods = Subject::methods(t).await?.into_iter().filter(|method| *method != "DELETE");
    let mut told = None;
    // Several times each, so that some changes fall into one tick of a coarse clock, whenever the check begins.
    for method in methods.flat_map(|method| [method; 3]) {
        if told == Some(method) {
            continue;
        }
        let text = t.ground().fresh_name();
        let modified = t.read(&subject.created).await?["meta"]["lastModified"].clone();
        let answer = subject.write(t, method, &text, &[]).await?;
        if !answer.is_success() || subject.text(t).await?.as_deref() != Some(&text) {
            continue;
        }
        let now = t.get(&subject.created.path).await?;
        match tag(&now) {
            Some(tag) if tag == before => {
                // A weak tag that is made from a time of modification cannot tell changes within a second apart.
                let changed = |json: &Value| json["meta"]["lastModified"].clone();
                let same_second =
                    before.starts_with("W/") && now.json.as_ref().map(changed) == Some(modified.clone());
                let flaw =
                    now.flaw(format!("the version is the same after a {method} that changed something"));
                let requirements: &[&'static str] = match before.starts_with("W/") {
                    true => &["RFC7644-3.14-04", "RFC9110-8.8.1-02"],
                    false => &["RFC7644-3.14-04", "RFC9110-8.8.1-01"],
                };
                let flaw = flaw.expected("another ETag").got(before.as_str()).breaks(requirements);
                t.note(if same_second { flaw.concern() } else { flaw });
                told = Some(method);
            }
            Some(tag) => before = tag.to_owned(),
            None => {}
        }
        // The answer to the write speaks of the new state.
        if let Some(told) = tag(&answer).filter(|told| *told != before) {
            let what = format!("the answer to {method} names another version than the next GET");
            t.note(answer.flaw(what).expected(before.as_str()).got(told).breaks(&["RFC7644-3.14-04"]));
        }
    }
    Ok(())
}

check! {
    /// A version stays as it is while nothing changes: over reads, and over a write that sets what is there already.
    ///
    /// Why: a version that changes by itself makes every conditional write fail with 412, and every cached copy useless.
    ///
    /// Fix: derive the tag from the stored state only, not from the moment or the order in which it is serialized.
    STAYS = stays,
    id: "versions.stable",
    title: "the version stays while nothing changes",
    level: Must,
    requirements: ["RFC7644-3.14-04"],
    needs: [Etag],
    breaks: [],
}

async fn stays(t: &Trial) -> Verdict {
    let subject = Subject::new(t).await?;
    subject.change(t).await?;
    let first = subject.tag(t).await?;
    let again = t.get(&subject.created.path).await?;
    if let Some(tag) = tag(&again).filter(|tag| *tag != first) {
        return Err(again
            .flaw("the version changes from one GET to the next")
            .expected(first)
            .got(tag)
            .into());
    }
    if t.lacks(Need::Patch).await?.is_none()
        && let Some(text) = subject.text(t).await?
    {
        let answer = subject.write(t, "PATCH", &text, &[]).await?;
        let now = t.get(&subject.created.path).await?;
        if let Some(tag) = tag(&now).filter(|tag| answer.is_success() && *tag != first) {
            let flaw = now.flaw("the version changes by a PATCH that sets what is there already");
            return Err(flaw.expected(first).got(tag).concern().into());
        }
    }
    Ok(())
}

check! {
    /// A resource in a list has the same `meta.version` as when it is read alone.
    ///
    /// Why: a client that imported a list uses these versions for its writes. If they are computed in another way, each of them is stale
    /// from the beginning.
    ///
    /// Fix: take the version from the stored resource, not from the representation in the list.
    LISTED = listed,
    id: "versions.list",
    title: "versions in lists are those of the resources",
    level: Must,
    requirements: ["RFC7643-3.1-30"],
    needs: [Users, Filter],
    breaks: [],
}

async fn listed(t: &Trial) -> Verdict {
    let cohort = t.cohort().await?;
    let one = t.get(&cohort.members[0].created.path).await?;
    if tag(&one).or_else(|| one.json.as_ref().and_then(version)).is_none() {
        return skip("the target does not tell versions");
    }
    let found = t.search(&cohort.kind, &cohort.scope()).await?;
    let Ok(list) = found.list() else {
        return Err(Stop::Blocked(format!(
            "{} answers {} (check `filter.starts-with`)",
            found.asked,
            found.said()
        )));
    };
    let member = list.resources.iter().find_map(|resource| {
        let member = cohort.members.iter().find(|member| resource["id"] == member.id())?;
        Some((resource, member))
    });
    let Some((resource, member)) = member else { return skip("the list does not show what was created") };
    let single = t.get(&member.created.path).await?;
    let Some(tag) = tag(&single).or_else(|| single.json.as_ref().and_then(version)) else {
        return skip("the target does not tell versions");
    };
    match version(resource) {
        Some(version) if version == tag => Ok(()),
        Some(version) => {
            let flaw = found.flaw("a resource in a list has another meta.version than when it is read alone");
            Err(flaw.expected(tag).got(version).into())
        }
        None if single.json.as_ref().is_some_and(|json| version(json).is_some()) => Err(found
            .flaw("a resource in a list has no meta.version")
            .expected(tag)
            .got("nothing")
            .concern()
            .into()),
        None => Ok(()),
    }
}

check! {
    /// A strong version covers all that a GET shows: it changes when `groups` of a user changes, and representations that differ by
    /// `attributes` do not share it.
    ///
    /// Why: a cache that trusts a strong tag serves the old groups of a person as the new ones.
    ///
    /// Fix: send weak tags (`W/"…"`), which promise less, or include everything that is shown in the tag.
    RELATED = related,
    id: "versions.strong-means-strong",
    title: "a strong ETag covers everything that is shown",
    level: Must,
    requirements: ["RFC9110-8.8.1-01", "RFC7643-3.1-31"],
    needs: [Etag, Users],
    breaks: [],
}

async fn related(t: &Trial) -> Verdict {
    let users = t.users()?;
    let created = t.create(&users).await?;
    let whole = t.get(&created.path).await?;
    let Some(strong) = tag(&whole).filter(|tag| tag.starts_with('"')) else {
        return skip("the target sends no strong ETag");
    };
    let part = t.get(&format!("{}?attributes=userName", created.path)).await?;
    if part.json != whole.json && tag(&part) == Some(strong) {
        let flaw = part
            .flaw("two different representations share a strong ETag")
            .expected("a weak tag, or different ones");
        t.note(flaw.got(strong).concern());
    }
    let Ok(groups) = t.groups() else { return Ok(()) };
    let Ok(mut body) = t.body(&groups).await else { return Ok(()) };
    body["members"] = membership(t, &groups, &[&created]);
    t.create_from(&groups, &body).await?;
    let after = t.get(&created.path).await?;
    if after.json.as_ref().map(|json| &json["groups"]) != whole.json.as_ref().map(|json| &json["groups"])
        && tag(&after) == Some(strong)
    {
        let flaw = after
            .flaw("a strong ETag is the same although `groups` has changed")
            .expected("another ETag, or a weak one");
        return Err(flaw.got(strong).into());
    }
    Ok(())
}
