//! What `returned` means: what comes by default, on request, never; and projections of writes (RFC 7643 §7; RFC 7644 §3.9).

use serde_json::{Value, json};

use super::projection::{
    blocked_without_attributes, blocked_without_excluded, expect_only, listing, names, spelled,
};
use super::query::{breaking, listed, quoted, target};
use crate::conformance::check::{Check, check};
use crate::conformance::discovery::Support;
use crate::conformance::trial::slot::{is_writable, slots};
use crate::conformance::trial::{Answer, Slot, Trial};
use crate::conformance::verdict::{Stop, Verdict, skip};
use crate::protocol::message::member;
use crate::protocol::schema::{Mutability, Returned};

pub(super) const CHECKS: &[Check] =
    &[DEFAULT_LIST, DEFAULT_WRITES, WRITES, PATCH_ANSWER, NEVER, NEVER_ON_REQUEST, ON_REQUEST];

check! {
    /// A list shows of each resource what the resource shows when it is read alone.
    ///
    /// Why: imports read lists. What is missing there is taken for empty, and written again.
    ///
    /// Fix: use one function to show a resource, wherever it appears.
    DEFAULT_LIST = default_list,
    id: "projection.default-list",
    title: "a list shows the same attributes as the resource",
    level: Must,
    requirements: ["RFC7644-3.4-02", "RFC7643-7-30"],
    needs: [Users, Filter],
    breaks: [Okta, Entra],
}

async fn default_list(t: &Trial) -> Verdict {
    let cohort = t.cohort().await?;
    let delta = cohort.named("delta");
    let filter = format!("userName eq {}", delta.json["userName"]);
    let answer = t.search(&cohort.kind, &filter).await?;
    let list = match answer.status {
        200 => listed(&answer)?,
        _ => {
            return Err(Stop::Blocked("users cannot be found by userName (check `filter.equal`)".to_owned()));
        }
    };
    let Some(user) = list.resources.iter().find(|user| user["id"] == delta.json["id"]) else {
        return Err(Stop::Blocked("the user is not found by userName (check `filter.equal`)".to_owned()));
    };
    same_names(&answer, user, &delta.json, "a list")
}

/// Fails unless a representation has every attribute of another.
fn same_names(answer: &Answer, found: &Value, whole: &Value, place: &str) -> Verdict {
    let found_names = names(found);
    let lost: Vec<&str> = spelled(whole)
        .into_iter()
        .filter(|name| !found_names.contains(&name.to_lowercase()) && !name.eq_ignore_ascii_case("groups"))
        .collect();
    if lost.is_empty() {
        return Ok(());
    }
    Err(answer
        .flaw(format!("{place} lacks attributes that the resource has: {}", lost.join(", ")))
        .expected(lost.join(", "))
        .got(listing(found))
        .into())
}

check! {
    /// The answers to POST and PUT show, if they show the resource, what a GET of it shows.
    ///
    /// Why: identity providers take what the answer shows for what is stored, and do not read again.
    ///
    /// Fix: use one function to show a resource, wherever it appears.
    DEFAULT_WRITES = default_writes,
    id: "projection.default-writes",
    title: "answers to writes show the same attributes as a GET",
    level: Must,
    requirements: ["RFC7644-3.9-01"],
    needs: [Users],
    breaks: [Okta, Entra],
}

async fn default_writes(t: &Trial) -> Verdict {
    let users = t.users()?;
    let body = t.body(&users).await?;
    let posted = t.post(users.endpoint(), &body).await?;
    let created = t.created_by(&users, &posted)?;
    let stored = t.read(&created).await?;
    // Only what the client sent: a server may fill in more later.
    let sent = |whole: &Value| {
        let own: serde_json::Map<String, Value> = whole
            .as_object()
            .into_iter()
            .flatten()
            .filter(|(name, _)| {
                ["id", "meta", "schemas"].contains(&name.as_str())
                    || body.as_object().is_some_and(|body| member(body, name).is_some())
            })
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        Value::Object(own)
    };
    if let Some(found @ Value::Object(_)) = &posted.json {
        t.soft(same_names(&posted, found, &sent(&stored), "the answer to POST"))?;
    }
    let put = t.put(&created.path, &body).await?;
    if let (200, Some(found @ Value::Object(_))) = (put.status, &put.json) {
        let stored = t.read(&created).await?;
        t.soft(same_names(&put, found, &sent(&stored), "the answer to PUT"))?;
    }
    Ok(())
}

check! {
    /// `attributes` and `excludedAttributes` work for the answers to POST and PUT too.
    ///
    /// Why: a client that writes large groups asks for `id` only, so that the answer does not bring all members back.
    ///
    /// Fix: apply the projection wherever a resource is returned.
    WRITES = writes,
    id: "projection.writes",
    title: "attributes works for the answers to POST and PUT",
    level: Must,
    requirements: ["RFC7644-3.9-02", "RFC7644-3.9-04", "RFC7644-3.9-05", "RFC7644-3.9-11"],
    needs: [Users],
    breaks: [],
}

async fn writes(t: &Trial) -> Verdict {
    let users = t.users()?;
    let body = t.body(&users).await?;
    let posted = t.post(&target(users.endpoint(), &[("attributes", "userName")]), &body).await?;
    let created = t.created_by(&users, &posted)?;
    blocked_without_attributes(t, &users, &created.path).await?;
    if let Some(found @ Value::Object(_)) = &posted.json {
        let verdict = expect_only(&posted, &users, found, &["userName"]);
        t.soft(breaking(verdict, &["RFC7644-3.9-02", "RFC7644-3.9-04", "RFC7644-3.9-05"]))?;
    }
    let stored = t.read(&created).await?;
    let always = super::projection::minimum(&users);
    let gone = ["displayName", "name", "emails"]
        .into_iter()
        .map(|name| (name, name.to_lowercase()))
        .find(|(_, name)| names(&stored).contains(name) && !always.contains(name))
        .map(|(name, _)| name);
    let Some(gone) = gone else { return Ok(()) };
    blocked_without_excluded(t, &created.path, gone).await?;
    let put = t.put(&target(&created.path, &[("excludedAttributes", gone)]), &body).await?;
    let (200, Some(found @ Value::Object(_))) = (put.status, &put.json) else { return Ok(()) };
    let names = names(found);
    if names.contains(&gone.to_lowercase()) || !names.contains("id") || !names.contains("username") {
        t.note(
            put.flaw(format!("`excludedAttributes={gone}` is not applied to the answer to PUT"))
                .breaks(&["RFC7644-3.9-02", "RFC7644-3.9-11"])
                .expected(format!("everything but `{gone}`"))
                .got(listing(found)),
        );
    }
    Ok(())
}

check! {
    /// A PATCH with `attributes` is answered with 200 and these attributes, not with 204.
    ///
    /// Why: the client asked to see something; with 204 it has to read the resource again.
    ///
    /// Fix: return the resource when the request has `attributes`, in the projection that it asks for.
    PATCH_ANSWER = patch_answer,
    id: "projection.patch",
    title: "a PATCH with attributes is answered with 200 and those",
    level: Must,
    requirements: ["RFC7644-3.5.2-27", "RFC7644-3.9-02"],
    needs: [Users, Patch],
    breaks: [],
}

async fn patch_answer(t: &Trial) -> Verdict {
    let users = t.users()?;
    let slot = t.text(&users).await?;
    let created = t.create(&users).await?;
    let value = slot.sample(&t.ground().fresh_name());
    let operations = json!([{ "op": "replace", "path": slot.path(), "value": value }]);
    let plain = t.patch(&created.path, operations.clone()).await?;
    if !plain.is_success() {
        return Err(Stop::Blocked(format!("a value cannot be replaced: {} (topic `patch`)", plain.said())));
    }
    let answer = t.patch(&target(&created.path, &[("attributes", "userName")]), operations).await?;
    breaking(answer.expect_status(&[200]), &["RFC7644-3.5.2-27"])?;
    let found = breaking(answer.resource(), &["RFC7644-3.5.2-27"])?;
    blocked_without_attributes(t, &users, &created.path).await?;
    breaking(expect_only(&answer, &users, found, &["userName"]), &["RFC7644-3.9-02"])
}

/// Attributes of users that must not be shown: passwords, and what else the schema says so of.
fn hidden(t: &Trial) -> Result<Vec<Slot>, Stop> {
    let users = t.users()?;
    let mut found: Vec<Slot> = slots(&users.schema)
        .filter(|slot| {
            slot.attribute.returned == Returned::Never
                || slot.attribute.mutability == Mutability::WriteOnly
                || (slot.extension.is_none() && slot.attribute.name.eq_ignore_ascii_case("password"))
        })
        .filter(|slot| is_writable(&slot.attribute) && !slot.attribute.is_complex())
        .collect();
    found.truncate(3);
    match found.is_empty() {
        true => skip("users have no attribute that is never returned"),
        false => Ok(found),
    }
}

/// A body with values of hidden attributes, those values, and the resource; skips where the target takes none.
async fn with_secrets(t: &Trial, hidden: &[Slot]) -> Result<(Value, Vec<String>, Answer), Stop> {
    let users = t.users()?;
    let mut body = t.body(&users).await?;
    let tag = t.ground().fresh_name();
    for slot in hidden {
        slot.set(&mut body, slot.sample(&tag));
    }
    let answer = t.post(users.endpoint(), &body).await?;
    if (400..500).contains(&answer.status) {
        return skip(format!("the target takes no value of {}: {}", hidden[0].path(), answer.said()));
    }
    // Only text that cannot be anything else tells that a secret was shown.
    let secrets = hidden.iter().filter_map(|slot| slot.get(&body)?.as_str().map(str::to_owned));
    let secrets = secrets.filter(|text| text.len() >= 8).collect();
    Ok((body, secrets, answer))
}

/// Notes where an answer shows a hidden attribute, or its value anywhere.
fn expect_hidden(t: &Trial, answer: &Answer, hidden: &[Slot], secrets: &[String], rows: &[&'static str]) {
    let Some(json) = &answer.json else { return };
    // Not every hidden attribute is a password, writeOnly, and never returned.
    let of = |slots: &[Slot]| -> Vec<&'static str> {
        let any = |fits: &dyn Fn(&Slot) -> bool| slots.iter().any(fits);
        let holds = |row: &&'static str| match *row {
            "RFC7643-4.1.1-18" | "RFC7643-4.1.1-19" => {
                any(&|slot| slot.extension.is_none() && slot.path().eq_ignore_ascii_case("password"))
            }
            "RFC7643-7-25" => any(&|slot| slot.leaf().mutability == Mutability::WriteOnly),
            "RFC7643-7-28" => any(&|slot| slot.leaf().returned == Returned::Never),
            _ => true,
        };
        let found: Vec<&'static str> = rows.iter().copied().filter(holds).collect();
        if found.is_empty() { rows.to_vec() } else { found }
    };
    let resources =
        json.get("Resources").and_then(Value::as_array).map_or(vec![json], |list| list.iter().collect());
    for slot in hidden {
        let shown = resources.iter().any(|resource| slot.get(resource).is_some());
        if shown {
            let flaw = answer.flaw(format!("the answer to {} shows `{}`", answer.asked, slot.path()));
            let flaw = flaw.breaks(&of(std::slice::from_ref(slot)));
            t.note(flaw.expected(format!("no `{}`", slot.path())).got("a value of it"));
        }
    }
    let text = String::from_utf8_lossy(&answer.body);
    if secrets.iter().any(|secret| text.contains(secret.as_str())) {
        let flaw =
            answer.flaw(format!("the answer to {} holds the value of a hidden attribute", answer.asked));
        t.note(flaw.breaks(&of(hidden)).expected("the value nowhere").got("the value as it was sent"));
    }
}

check! {
    /// Passwords, and everything that is writeOnly or never returned, are in no answer: not to POST, GET, PUT, PATCH, nor in lists.
    ///
    /// Why: an answer with a password, hashed or not, ends up in the logs of the identity provider.
    ///
    /// Fix: take these attributes out where resources are shown, not at each endpoint.
    NEVER = never,
    id: "projection.never",
    title: "what is never returned is in no answer",
    level: Must,
    requirements: ["RFC7643-4.1.1-18", "RFC7643-7-25", "RFC7643-7-28"],
    needs: [Users],
    breaks: [Okta, Entra, OneLogin, JumpCloud, Ping],
}

async fn never(t: &Trial) -> Verdict {
    let (users, hidden) = (t.users()?, hidden(t)?);
    let (body, secrets, posted) = with_secrets(t, &hidden).await?;
    let created = t.created_by(&users, &posted)?;
    let rows = &["RFC7643-4.1.1-18", "RFC7643-7-25", "RFC7643-7-28"];
    let mut answers = vec![posted, t.get(&created.path).await?, t.put(&created.path, &body).await?];
    if !matches!(t.discovery().supports("patch", "supported"), Support::No(_)) {
        let slot = &hidden[0];
        let value = slot.sample(&t.ground().fresh_name());
        let operations = json!([{ "op": "replace", "path": slot.path(), "value": value }]);
        answers.push(t.patch(&created.path, operations).await?);
    }
    if !matches!(t.discovery().supports("filter", "supported"), Support::No(_)) {
        answers.push(t.search(&users, &format!("id eq {}", quoted(&created.id))).await?);
    }
    for answer in answers.iter().filter(|answer| answer.is_success()) {
        expect_hidden(t, answer, &hidden, &secrets, rows);
    }
    Ok(())
}

check! {
    /// What is never returned does not come either when `attributes` names it.
    ///
    /// Why: a projection that is built from the parameter alone forgets what must not be shown.
    ///
    /// Fix: take what is never returned out after the projection.
    NEVER_ON_REQUEST = never_on_request,
    id: "projection.never-on-request",
    title: "attributes=password shows no password",
    level: Must,
    requirements: ["RFC7643-4.1.1-19", "RFC7643-7-28"],
    needs: [Users],
    breaks: [],
}

async fn never_on_request(t: &Trial) -> Verdict {
    let (users, hidden) = (t.users()?, hidden(t)?);
    let (_, secrets, posted) = with_secrets(t, &hidden).await?;
    let created = t.created_by(&users, &posted)?;
    for slot in &hidden {
        let path = slot.path();
        for endpoint in [&created.path, users.endpoint()] {
            let answer = t.get(&target(endpoint, &[("attributes", path.as_str()), ("count", "3")])).await?;
            if answer.is_success() {
                expect_hidden(t, &answer, &hidden, &secrets, &["RFC7643-4.1.1-19", "RFC7643-7-28"]);
            }
        }
    }
    Ok(())
}

check! {
    /// An attribute that is returned on request comes when `attributes` names it, and not otherwise.
    ///
    /// Why: what is large or sensitive is marked so. When it comes by default, the mark is worth nothing; when it never comes, the
    /// attribute cannot be read.
    ///
    /// Fix: leave it out of the default set, and return it when it is named, and in the answer to a write that supplied it.
    ON_REQUEST = on_request,
    id: "projection.on-request",
    title: "what is returned on request comes only then",
    level: Must,
    requirements: ["RFC7643-7-31", "RFC7644-3.4-02"],
    needs: [Users],
    breaks: [],
}

async fn on_request(t: &Trial) -> Verdict {
    let users = t.users()?;
    let found = slots(&users.schema)
        .find(|slot| slot.attribute.returned == Returned::Request && is_writable(&slot.attribute));
    let Some(slot) = found else { return skip("users have no attribute that is returned on request") };
    let mut body = t.body(&users).await?;
    slot.set(&mut body, slot.sample(&t.ground().fresh_name()));
    let posted = t.post(users.endpoint(), &body).await?;
    if (400..500).contains(&posted.status) {
        return skip(format!("the target takes no value of {}: {}", slot.path(), posted.said()));
    }
    let created = t.created_by(&users, &posted)?;
    let plain = t.get(&created.path).await?;
    plain.expect_status(&[200])?;
    if slot.get(plain.resource()?).is_some() {
        let flaw = plain.flaw(format!("`{}` comes without being asked for", slot.path()));
        t.note(flaw.expected("no such attribute").got(plain.resource()?.to_string()));
    }
    let answer = t.get(&target(&created.path, &[("attributes", &slot.path())])).await?;
    answer.expect_status(&[200])?;
    match slot.get(answer.resource()?) {
        Some(_) => Ok(()),
        None => Err(answer
            .flaw(format!("`{}` does not come when it is asked for", slot.path()))
            .breaks(&["RFC7643-7-31"])
            .expected(slot.path())
            .got(answer.resource()?.to_string())
            .into()),
    }
}
