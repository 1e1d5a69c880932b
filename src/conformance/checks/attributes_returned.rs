//! When an attribute is part of an answer (RFC 7643 §7 `returned`, RFC 7644 §3.4, §3.9).

use std::sync::Arc;

use serde_json::{Value, json};

use super::attributes::{Way, creatable, fillable, open_kinds, published, sweep};
use crate::conformance::check::{Check, Need, check};
use crate::conformance::discovery::Kind;
use crate::conformance::trial::slot::{is_plain, is_writable};
use crate::conformance::trial::{Answer, Created, Slot, Trial};
use crate::conformance::verdict::{Stop, Verdict, skip};
use crate::protocol::message::{PATCH_OP, SEARCH_REQUEST};
use crate::protocol::schema::{Attribute, Mutability, Returned, Type};

pub(super) const CHECKS: &[Check] = &[NEVER, ALWAYS, DEFAULT, REQUEST, WRITES, LISTS, META];

/// Whether the value must never leave the server.
fn is_secret(attribute: &Attribute) -> bool {
    attribute.mutability == Mutability::WriteOnly || attribute.returned == Returned::Never
}

/// A resource with values at these places.
async fn with(t: &Trial, kind: &Kind, slots: &[Slot]) -> Result<(Created, Answer, Value), Stop> {
    let tag = t.ground().fresh_name();
    let mut body = t.body(kind).await?;
    for slot in slots {
        slot.set(&mut body, slot.sample(&tag));
    }
    let answer = t.post(kind.endpoint(), &body).await?;
    let created = t.created_by(kind, &answer)?;
    Ok((created, answer, body))
}

fn named(path: &str, parameter: &str, slots: &[Slot]) -> String {
    let names: Vec<String> = slots.iter().map(Slot::path).collect();
    format!("{path}?{parameter}={}", names.join(","))
}

/// Every resource in an answer: the body itself, or those of a list.
fn resources(answer: &Answer) -> Vec<&Value> {
    match answer.json.as_ref() {
        Some(json) if json["Resources"].is_array() => {
            json["Resources"].as_array().into_iter().flatten().collect()
        }
        Some(json) => vec![json],
        None => Vec::new(),
    }
}

check! {
    /// An attribute that is writeOnly or `returned: never` is in no answer: not to POST, PUT, PATCH, GET or a search, not even when it is
    /// asked for by name. Its value is nowhere in the body either.
    ///
    /// Why: these are passwords and PINs. What is in an answer is in logs, caches and traces.
    ///
    /// Fix: take such attributes out at the place where resources become JSON, so that no endpoint can forget it.
    NEVER = never,
    id: "attributes.never-returned",
    title: "writeOnly and never returned attributes are in no answer",
    level: Must,
    requirements: ["RFC7643-7-25", "RFC7643-7-28", "RFC7643-4.1.1-18", "RFC7643-4.1.1-19"],
    needs: [Schemas],
    breaks: [Okta, Entra],
}

async fn never(t: &Trial) -> Verdict {
    let mut tried = false;
    for kind in open_kinds(t).await? {
        let mut secret = published(t, &kind);
        secret.retain(|slot| {
            is_secret(&slot.attribute) && is_writable(&slot.attribute) && !slot.attribute.is_complex()
        });
        if secret.is_empty() {
            continue;
        }
        tried = true;
        for answer in everywhere(t, &kind, &secret).await? {
            for slot in &secret {
                let shown = resources(&answer).into_iter().any(|resource| slot.get(resource).is_some());
                let mark = format!("{}-xK9#", t.ground().run());
                let leaked = slot.attribute.kind == Type::String
                    && String::from_utf8_lossy(&answer.body).contains(&mark);
                if shown || leaked {
                    let path = slot.path();
                    let what = format!(
                        "the answer to {} shows `{path}`, which must never be returned",
                        answer.asked
                    );
                    let mut flaw = answer
                        .flaw(what)
                        .expected(format!("no `{path}`"))
                        .got(format!("`{path}` with a value"));
                    flaw = flaw.breaks(match path.as_str() {
                        "password" => {
                            &["RFC7643-4.1.1-18", "RFC7643-4.1.1-19", "RFC7643-7-25", "RFC7643-7-28"]
                        }
                        _ => &["RFC7643-7-25", "RFC7643-7-28"],
                    });
                    t.note(flaw);
                }
            }
        }
    }
    if tried { Ok(()) } else { skip("no published schema has an attribute that must never be returned") }
}

/// Writes the secrets in every way, and asks for them in every way.
async fn everywhere(t: &Trial, kind: &Arc<Kind>, secret: &[Slot]) -> Result<Vec<Answer>, Stop> {
    let value = |slot: &Slot| match slot.attribute.kind {
        // The end of a value by which it is known again.
        Type::String => json!(format!("Pw7!{}-xK9#", t.ground().run())),
        _ => slot.sample(&t.ground().fresh_name()),
    };
    let mut body = t.body(kind).await?;
    for slot in secret {
        let value = value(slot);
        slot.set(&mut body, if slot.attribute.multi_valued { json!([value]) } else { value });
    }
    let mut answers = Vec::new();
    let posted = t.post(&named(kind.endpoint(), "attributes", secret), &body).await?;
    if (400..500).contains(&posted.status) {
        // A policy for passwords, perhaps.
        return skip(format!("no secret could be set: {} answers {}", posted.asked, posted.said()));
    }
    let created = t.created_by(kind, &posted)?;
    answers.push(posted);
    answers.push(t.get(&created.path).await?);
    answers.push(t.get(&named(&created.path, "attributes", secret)).await?);
    answers.push(t.put(&created.path, &body).await?);
    let own = |answer: Answer| (answer.is_success()).then_some(answer);
    if t.lacks(Need::Patch).await?.is_none() {
        let operations: Vec<Value> = secret
            .iter()
            .filter(|slot| slot.attribute.mutability != Mutability::Immutable)
            .map(|slot| json!({ "op": "replace", "path": slot.path(), "value": value(slot) }))
            .collect();
        let patch = json!({ "schemas": [PATCH_OP], "Operations": operations });
        answers
            .extend(own(t.call("PATCH", &named(&created.path, "attributes", secret), Some(&patch)).await?));
    }
    if t.lacks(Need::Filter).await?.is_none()
        && let Some(filter) = find(kind, &body)
    {
        answers.extend(own(t.search(kind, &filter).await?));
        if t.lacks(Need::Search).await?.is_none() {
            let names: Vec<String> = secret.iter().map(Slot::path).collect();
            let search = json!({ "schemas": [SEARCH_REQUEST], "filter": filter, "attributes": names });
            answers.extend(own(t.post(&format!("{}/.search", kind.endpoint()), &search).await?));
        }
    }
    Ok(answers)
}

/// A filter that finds the resource of a body by the name that it was given.
fn find(kind: &Kind, body: &Value) -> Option<String> {
    use crate::conformance::discovery::Role;
    let name = match kind.role {
        Role::User => "userName",
        Role::Group => "displayName",
        Role::Other => return None,
    };
    Some(format!("{name} eq {}", body[name].as_str().map(|text| json!(text))?))
}

check! {
    /// An attribute with `returned: always` is in every answer, also when `excludedAttributes` names it or `attributes` does not.
    /// `id` is one of these.
    ///
    /// Why: clients ask for little to save bandwidth (Entra leaves out `members`) and rely on what always comes.
    ///
    /// Fix: add the attributes that are always returned after everything else was left out.
    ALWAYS = always,
    id: "attributes.always-returned",
    title: "attributes that are always returned cannot be left out",
    level: Must,
    requirements: ["RFC7643-7-27", "RFC7643-3.1-14"],
    needs: [],
    breaks: [Entra],
}

async fn always(t: &Trial) -> Verdict {
    for kind in creatable(t).await? {
        let mut always = published(t, &kind);
        always.retain(|slot| slot.attribute.returned == Returned::Always && is_writable(&slot.attribute));
        let writable = fillable(t, &kind);
        always.retain(|slot| writable.iter().any(|known| known.path() == slot.path()));
        let made = with(t, &kind, &always).await?;
        let stored = t.read(&made.0).await?;
        always.retain(|slot| slot.get(&stored).is_some());
        let excluded = match always.is_empty() {
            true => format!("{}?excludedAttributes=id", made.0.path),
            false => format!("{},id", named(&made.0.path, "excludedAttributes", &always)),
        };
        for query in [excluded, format!("{}?attributes=meta.created", made.0.path)] {
            let answer = t.get(&query).await?;
            // Whether the parameters are understood is for the checks of projection.
            let (200, Some(json)) = (answer.status, &answer.json) else { continue };
            let missing = always.iter().filter(|slot| slot.get(json).is_none()).map(Slot::path);
            let id = json["id"].as_str().is_none_or(|id| id != made.0.id).then(|| "id".to_owned());
            for path in missing.chain(id) {
                let what = format!("the answer to {} lacks `{path}`, which is always returned", answer.asked);
                let flaw = answer.flaw(what).expected(format!("`{path}`")).got(format!("no `{path}`"));
                t.note(flaw.breaks(if path == "id" { &["RFC7643-3.1-14"] } else { &["RFC7643-7-27"] }));
            }
        }
    }
    Ok(())
}

check! {
    /// An attribute with `returned: default` is in an answer unless `attributes` names others or `excludedAttributes` names it; this
    /// holds for each attribute, in the base schema and in extensions.
    ///
    /// Why: servers often know the parameters for a few attributes only. Then an import that asks for three attributes gets a
    /// hundred, or none.
    ///
    /// Fix: apply the parameters to the resource by its schema, in one place, whatever the attribute.
    DEFAULT = default,
    id: "attributes.default-returned",
    title: "default attributes come, and go when others are asked for",
    level: Must,
    requirements: ["RFC7643-7-30"],
    needs: [Schemas],
    breaks: [],
}

async fn default(t: &Trial) -> Verdict {
    for kind in open_kinds(t).await? {
        let tag = t.ground().fresh_name();
        let values =
            fillable(t, &kind).into_iter().filter(|slot| slot.attribute.returned == Returned::Default);
        let values: Vec<(Slot, Value)> = values
            .map(|slot| {
                let value = slot.sample(&tag);
                (slot, value)
            })
            .collect();
        let done = sweep(t, &Way::Post(&kind), values).await?;
        let Some(written) = done.written.iter().max_by_key(|written| written.values.len()) else { continue };
        let created = t.created_by(&kind, &written.answer)?;
        let mut kept: Vec<Slot> = written.values.iter().map(|(slot, _)| slot.clone()).collect();
        kept.retain(|slot| slot.get(&written.stored).is_some());
        let (left, right) = kept.split_at(kept.len() / 2);
        for (asked, others) in
            [(left, right), (right, left)].into_iter().filter(|(asked, _)| !asked.is_empty())
        {
            let only = t.get(&named(&created.path, "attributes", asked)).await?;
            expect_parts(t, &only, asked, others);
            let without = t.get(&named(&created.path, "excludedAttributes", asked)).await?;
            expect_parts(t, &without, others, asked);
        }
    }
    Ok(())
}

fn expect_parts(t: &Trial, answer: &Answer, present: &[Slot], absent: &[Slot]) {
    let (200, Some(json)) = (answer.status, &answer.json) else {
        let what = format!("{} answers {}", answer.asked, answer.said());
        t.note(answer.flaw(what).expected("200 with a resource").got(answer.said()));
        return;
    };
    let path = answer.asked.split('=').next().unwrap_or(&answer.asked);
    for slot in present.iter().filter(|slot| slot.get(json).is_none()) {
        let what = format!("the answer to {path}=… lacks `{}`", slot.path());
        t.note(answer.flaw(what).expected(format!("`{}`", slot.path())).got("nothing"));
    }
    for slot in absent.iter().filter(|slot| slot.get(json).is_some()) {
        let what = format!("the answer to {path}=… shows `{}`, which is not asked for", slot.path());
        t.note(answer.flaw(what).expected("nothing").got(format!("`{}`", slot.path())));
    }
}

check! {
    /// An attribute with `returned: request` is in the answer to a GET only when `attributes` names it, and in the answer to a write that
    /// carries it.
    ///
    /// Why: these attributes are large or costly. If they come unasked, every import carries them; if they do not come when asked, they
    /// cannot be read at all.
    ///
    /// Fix: leave them out by default and include them when `attributes` names them.
    REQUEST = request,
    id: "attributes.request-returned",
    title: "attributes returned on request come only when asked for",
    level: Must,
    requirements: ["RFC7643-7-31", "RFC7644-3.4-02"],
    needs: [Schemas],
    breaks: [],
}

async fn request(t: &Trial) -> Verdict {
    let mut tried = false;
    for kind in open_kinds(t).await? {
        let mut asked = fillable(t, &kind);
        asked.retain(|slot| {
            slot.attribute.returned == Returned::Request && slot.attribute.mutability != Mutability::WriteOnly
        });
        if asked.is_empty() {
            continue;
        }
        tried = true;
        let (created, written, _) = with(t, &kind, &asked).await?;
        let plain = t.get(&created.path).await?;
        let named = t.get(&named(&created.path, "attributes", &asked)).await?;
        for slot in &asked {
            let path = slot.path();
            let shown = |answer: &Answer| answer.json.as_ref().is_some_and(|json| slot.get(json).is_some());
            if shown(&plain) {
                let what = format!("`{path}` comes although it is returned on request only");
                t.note(plain.flaw(what).expected(format!("no `{path}`")).got(format!("`{path}`")));
            }
            if named.is_success() && !shown(&named) {
                let what = format!("`{path}` does not come although `attributes` names it");
                t.note(
                    named.flaw(what).expected(format!("`{path}`")).got("nothing").breaks(&["RFC7643-7-31"]),
                );
            }
            // A body after a write is a SHOULD (RFC 7644 §3.3).
            if written.json.is_some() && !shown(&written) {
                let what = format!("`{path}` was written and does not come in the answer");
                t.note(
                    written
                        .flaw(what)
                        .expected(format!("`{path}`"))
                        .got("nothing")
                        .breaks(&["RFC7643-7-31"])
                        .concern(),
                );
            }
        }
    }
    if tried { Ok(()) } else { skip("no published schema has an attribute that is returned on request") }
}

check! {
    /// The answer to a write holds what a GET shows afterwards: everything that is always returned or returned by default, with the
    /// same values.
    ///
    /// Why: identity providers take the answer for the new state. If it lacks attributes, or shows the request instead of what was
    /// stored, they compare with something that does not exist.
    ///
    /// Fix: build the answer from the stored resource, by the same code as for GET.
    WRITES = writes,
    id: "attributes.write-answers",
    title: "answers to POST, PUT and PATCH show the resource as GET does",
    level: Must,
    requirements: ["RFC7644-3.9-01"],
    needs: [],
    breaks: [Okta, Entra],
}

async fn writes(t: &Trial) -> Verdict {
    let patches = t.lacks(Need::Patch).await?.is_none();
    for kind in creatable(t).await? {
        let made = t.body(&kind).await?;
        let posted = t.post(kind.endpoint(), &made).await?;
        let created = t.created_by(&kind, &posted)?;
        let read = t.read(&created).await?;
        // A representation in the answer to POST is a SHOULD (RFC 7644 §3.3).
        compare(t, &kind, &posted, &read, true);
        let put = t.put(&created.path, &made).await?;
        compare(t, &kind, &put, &t.read(&created).await?, false);
        if patches {
            let slot = match t.text(&kind).await {
                Ok(slot) => slot,
                Err(Stop::Skip(_)) => continue,
                Err(stop) => return Err(stop),
            };
            let value = slot.sample(&t.ground().fresh_name());
            let patched = t
                .patch(&created.path, json!([{ "op": "replace", "path": slot.path(), "value": value }]))
                .await?;
            compare(t, &kind, &patched, &t.read(&created).await?, false);
        }
    }
    Ok(())
}

fn compare(t: &Trial, kind: &Kind, answer: &Answer, read: &Value, lenient: bool) {
    let (true, Some(json @ Value::Object(_))) = (answer.is_success(), &answer.json) else { return };
    for slot in crate::conformance::trial::slot::slots(&kind.schema).filter(|slot| is_plain(&slot.attribute))
    {
        let (shown, stored) = (slot.get(json), slot.get(read));
        let path = slot.path();
        let flaw = match (shown, stored) {
            (None, Some(_)) => {
                answer.flaw(format!("the answer to {} lacks `{path}`, which a GET shows", answer.asked))
            }
            (Some(_), None) => {
                answer.flaw(format!("the answer to {} shows `{path}`, which a GET does not", answer.asked))
            }
            (Some(shown), Some(stored)) if shown != stored && !same(shown, stored) => {
                answer.flaw(format!("the answer to {} shows another `{path}` than a GET", answer.asked))
            }
            _ => continue,
        };
        let text = |value: Option<&Value>| {
            value.map_or_else(
                || "nothing".to_owned(),
                |value| crate::conformance::trial::shortened(&value.to_string()),
            )
        };
        let flaw = flaw.expected(text(stored)).got(text(shown));
        t.note(if lenient { flaw.concern() } else { flaw });
    }
}

/// Whether two values are the same but for the order of elements, and for members that only one of them has.
fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().all(|a| b.iter().any(|b| same(a, b)))
        }
        (Value::Object(a), Value::Object(b)) => {
            a.iter().all(|(name, value)| b.get(name).is_none_or(|other| same(value, other)))
        }
        _ => a == b,
    }
}

check! {
    /// A resource in a list has the same attributes as when it is read alone.
    ///
    /// Why: imports read lists. If the list shows less (no e-mail addresses, no extension), people come in without them, or every cycle
    /// finds a difference that is none.
    ///
    /// Fix: build resources in lists by the same code as single ones. If that is too costly, publish the attributes with
    /// `returned: request`.
    LISTS = lists,
    id: "attributes.lists",
    title: "a resource in a list shows its default attributes",
    level: Must,
    requirements: ["RFC7644-3.4-02", "RFC7644-3.9-01"],
    needs: [Users, Filter],
    breaks: [Okta, Entra, OneLogin],
}

async fn lists(t: &Trial) -> Verdict {
    let users = t.users()?;
    let tag = t.ground().fresh_name();
    let survey = t.survey(&users).await?;
    let mut body = t.body(&users).await?;
    let kept = crate::conformance::trial::slot::slots(&users.schema);
    for slot in
        kept.filter(|slot| is_plain(&slot.attribute) && survey.keeps(slot) && slot.path() != "userName")
    {
        slot.set(&mut body, slot.sample(&tag));
    }
    for list in survey.lists(&users.schema) {
        list.slot.set(&mut body, json!([list.element(&tag, 0)]));
    }
    let mut answer = t.post(users.endpoint(), &body).await?;
    if !answer.is_success() {
        body = t.body(&users).await?;
        answer = t.post(users.endpoint(), &body).await?;
    }
    let created = t.created_by(&users, &answer)?;
    let read = t.read(&created).await?;
    let Some(filter) = find(&users, &body) else { return skip("the user has no userName") };
    let found = t.search(&users, &filter).await?;
    let Some(listed) = resources(&found).into_iter().find(|resource| resource["id"] == read["id"]) else {
        return Err(Stop::Blocked(format!("{} does not find the user (check `filter.equal`)", found.asked)));
    };
    for slot in crate::conformance::trial::slot::slots(&users.schema).filter(|slot| is_plain(&slot.attribute))
    {
        if slot.get(&read).is_some() && slot.get(listed).is_none() {
            let what = format!("`{}` is missing in the list", slot.path());
            t.note(found.flaw(what).expected("the attributes that a GET shows").got("nothing"));
        }
    }
    Ok(())
}

check! {
    /// `meta` is returned by default and left out when `attributes` names others; its parts can be asked for one by one.
    ///
    /// Why: delta imports read `meta.lastModified` and nothing else of the rest.
    ///
    /// Fix: treat `meta` like any attribute with `returned: default`, and `meta.created` like any sub-attribute.
    META = meta,
    id: "attributes.meta-returned",
    title: "meta comes by default and its parts can be asked for",
    level: Must,
    requirements: ["RFC7643-3.1-23"],
    needs: [Users],
    breaks: [],
}

async fn meta(t: &Trial) -> Verdict {
    let users = t.users()?;
    let created = t.create(&users).await?;
    let plain = t.get(&created.path).await?;
    let Some(json) = plain.json.as_ref().filter(|json| json["meta"].is_object()) else {
        return Err(plain.flaw("a plain GET has no `meta`").expected("`meta`").got("nothing").into());
    };
    super::projection::blocked_without_attributes(t, &users, &created.path).await?;
    if json["meta"].get("created").is_some() {
        let part = t.get(&format!("{}?attributes=meta.created", created.path)).await?;
        let shown = part.json.as_ref().map(|json| &json["meta"]).filter(|meta| meta["created"].is_string());
        match shown {
            None => t.note(
                part.flaw("`meta.created` does not come when it is asked for")
                    .expected("`meta.created`")
                    .got(if part.status == 200 { "nothing".to_owned() } else { part.said() }),
            ),
            Some(meta) if meta.get("lastModified").is_some_and(|value| !value.is_null()) => {
                let what = "parts of `meta` come that were not asked for";
                t.note(part.flaw(what).expected("`meta.created` only").got(meta.to_string()));
            }
            Some(_) => {}
        }
    }
    let other = t.get(&format!("{}?attributes=userName", created.path)).await?;
    if other.json.as_ref().is_some_and(|json| json["meta"].is_object()) && other.status == 200 {
        let what = "`meta` comes although `attributes` names others";
        t.note(other.flaw(what).expected("no `meta`").got("`meta`"));
    }
    Ok(())
}
