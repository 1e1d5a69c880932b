//! What must not occur twice (RFC 7643 §3.1, §4.1.1 and §7).

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::compare::{core, creatable, expect_same, get, look, named};
use super::query::breaking;
use super::replace::{next_body, try_put};
use crate::conformance::check::{Check, Need, check};
use crate::conformance::discovery::{Kind, Role};
use crate::conformance::trial::slot::{is_writable, slots};
use crate::conformance::trial::{Answer, Created, Slot, Trial};
use crate::conformance::verdict::{Stop, Verdict, skip};
use crate::protocol::schema::{Mutability, Type, Uniqueness};

pub(super) const CHECKS: &[Check] =
    &[IDS, CASE, PREPARED, EMAIL, EXTERNAL_ID, DECLARED, PUT, PATCH, DEACTIVATED];

check! {
    /// No two resources have the same id, whatever their types are.
    ///
    /// Why: members of groups and bulk requests name resources by id alone. Where a user and a group are both number 1, the
    /// wrong one gets the rights.
    ///
    /// Fix: use UUIDs, or one sequence for all types.
    IDS = ids,
    id: "uniqueness.ids",
    title: "ids are unique across all resource types",
    level: Must,
    requirements: ["RFC7643-3.1-07"],
    needs: [],
    breaks: [],
}

async fn ids(t: &Trial) -> Verdict {
    let mut seen: BTreeMap<String, String> = BTreeMap::new();
    let kinds = creatable(t).await?;
    for kind in &kinds {
        for _ in 0..3 {
            let answer = t.post(kind.endpoint(), &t.body(kind).await?).await?;
            let created = t.created_by(kind, &answer)?;
            if let Some(other) = seen.insert(created.id.clone(), created.path.clone()) {
                return Err(answer
                    .flaw(format!("{} has the id of {other}", created.path))
                    .expected("an id that no other resource has")
                    .got(created.id)
                    .into());
            }
            // Counters of two types need not stand at the same number: the other endpoint may know the id.
            for other in kinds.iter().filter(|other| other.endpoint() != kind.endpoint()) {
                let path = created.path.replacen(kind.endpoint(), other.endpoint(), 1);
                let there = t.get(&path).await?;
                let shown =
                    there.json.as_ref().and_then(|json| super::compare::get_in(json, "meta", "resourceType"));
                if there.status == 200 && shown.and_then(Value::as_str) == Some(other.name()) {
                    return Err(there
                        .flaw(format!("a {} and a {} have the same id", kind.name(), other.name()))
                        .expected("ids that no other resource has")
                        .got(created.id)
                        .into());
                }
            }
        }
    }
    // What is there beside what was just made.
    let mut listed: BTreeMap<String, String> = BTreeMap::new();
    for kind in &kinds {
        let answer = t.get(kind.endpoint()).await?;
        let Ok(list) = answer.list() else { continue };
        for id in list.ids() {
            let other = listed.insert(id.to_owned(), kind.name().to_owned());
            if let Some(other) = other.filter(|other| other != kind.name()) {
                return Err(answer
                    .flaw(format!("a {other} and a {} have the same id", kind.name()))
                    .expected("ids that no other resource has")
                    .got(id)
                    .into());
            }
        }
    }
    Ok(())
}

check! {
    /// A userName that differs from a taken one in letter case only is taken.
    ///
    /// Why: directories are not consistent about case. `ADA@x` beside `ada@x` is one person with two accounts, and a look-up
    /// finds either of them.
    ///
    /// Fix: compare userNames without regard to case, in the index that makes them unique too.
    CASE = case,
    id: "uniqueness.case",
    title: "a userName in another letter case is a duplicate",
    level: Must,
    requirements: ["RFC7643-4.1.1-04"],
    needs: [Users],
    breaks: [Okta, Entra],
}

async fn case(t: &Trial) -> Verdict {
    let users = t.users()?;
    let first = t.body(&users).await?;
    t.create_from(&users, &first).await?;
    let mut second = t.body(&users).await?;
    second["userName"] = json!(first["userName"].as_str().unwrap_or_default().to_ascii_uppercase());
    let answer = t.post(users.endpoint(), &second).await?;
    if !answer.is_success() {
        return Ok(());
    }
    let flaw = answer
        .flaw("two users have userNames that differ in letter case only")
        .expected("409 uniqueness")
        .got(answer.said());
    // Some publish a userName that is caseExact; then at least they do what they say.
    let is_exact = core(&users, "userName").is_some_and(|slot| slot.attribute.case_exact);
    Err(if is_exact && users.is_published { flaw.concern() } else { flaw }.into())
}

check! {
    /// userNames are compared as the PRECIS framework prepares them: one letter written as one code point or as two, and
    /// full-width letters, are the same.
    ///
    /// Why: two names that look alike are the oldest way to pass for somebody else. Keyboards and directories differ in how
    /// they write an accent.
    ///
    /// Fix: normalise userNames before they are compared (NFC, width mapping, case folding; RFC 8265 UsernameCaseMapped).
    PREPARED = prepared,
    id: "uniqueness.prepared",
    title: "userNames that look the same are the same",
    level: Should,
    requirements: ["RFC7644-5-01"],
    needs: [Users],
    breaks: [],
}

async fn prepared(t: &Trial) -> Verdict {
    let users = t.users()?;
    let mut is_judged = false;
    // One letter as one code point and as two; a letter of full width.
    for (one, other) in [("\u{e9}", "e\u{301}"), ("u", "\u{ff55}")] {
        let tag = t.ground().fresh_name();
        let mut first = t.body(&users).await?;
        first["userName"] = json!(format!("{one}{tag}"));
        let answer = t.post(users.endpoint(), &first).await?;
        // A target may want names of another form, such as e-mail addresses.
        if !answer.is_success() {
            continue;
        }
        is_judged = true;
        let mut second = t.body(&users).await?;
        second["userName"] = json!(format!("{other}{tag}"));
        let answer = t.post(users.endpoint(), &second).await?;
        if answer.is_success() {
            t.note(
                answer
                    .flaw(format!("`{one}…` and `{other}…` are two different userNames"))
                    .expected("409 uniqueness")
                    .got(answer.said()),
            );
        }
    }
    if is_judged { Ok(()) } else { skip("the target takes no such userNames") }
}

check! {
    /// Two users may share an e-mail address: the schema says that it is not unique.
    ///
    /// Why: a team has one mailbox, and a person has an account for work and one for administration. A target that takes the
    /// address for the key of an account refuses the second one, or worse, hands it the first.
    ///
    /// Fix: identify users by userName and id; publish `emails` as unique where it has to be.
    EMAIL = email,
    id: "uniqueness.email",
    title: "two users may have the same e-mail address",
    level: Should,
    requirements: ["RFC7643-8.7.1-02", "RFC7644-3.3-01"],
    needs: [Users],
    breaks: [Okta, Entra],
}

async fn email(t: &Trial) -> Verdict {
    let users = t.users()?;
    let Some(emails) = core(&users, "emails") else { return skip("users have no `emails`") };
    let value = emails.attribute.sub("value");
    let is_unique = |unique: Uniqueness| unique != Uniqueness::None;
    if is_unique(emails.attribute.uniqueness) || value.is_some_and(|value| is_unique(value.uniqueness)) {
        return skip("the schema says that e-mail addresses are unique");
    }
    let mut first = t.body(&users).await?;
    // What the target takes, or what its schema has.
    let taken = emails.get(&first).cloned();
    let shared = taken.unwrap_or_else(|| emails.sample(&t.ground().fresh_name()));
    emails.set(&mut first, shared.clone());
    let before = t.create_from(&users, &first).await?;
    let stored = t.read(&before).await?;
    let mut second = t.body(&users).await?;
    emails.set(&mut second, shared);
    let answer = t.post(users.endpoint(), &second).await?;
    if answer.is_success() {
        let created = t.created_by(&users, &answer)?;
        if created.id == before.id {
            return Err(answer
                .flaw("a POST with the e-mail address of another user took that account over")
                .expected("a new user")
                .got(format!("the id of the other user, {}", created.id))
                .breaks(&["RFC7644-3.3-01"])
                .violation()
                .into());
        }
    } else {
        t.note(
            answer
                .flaw("a user is refused because another one has its e-mail address")
                .expected("201")
                .got(answer.said()),
        );
    }
    let after = look(t, &before).await?;
    let what = "a POST with the e-mail address of another user changed that user";
    breaking(expect_same(&users, &stored, &after, &[], what), &["RFC7644-3.3-01"])
}

check! {
    /// Two users may have the same externalId: keeping it unique is up to the client.
    ///
    /// Why: the name is the client's own. Two clients may use the same numbers, and a target that refuses the second one keeps
    /// people out for a reason that the client cannot see.
    ///
    /// Fix: store `externalId` without a unique index.
    EXTERNAL_ID = external_id,
    id: "uniqueness.external-id",
    title: "two users may have the same externalId",
    level: Should,
    requirements: ["RFC7643-3.1-18"],
    needs: [Users],
    breaks: [],
}

async fn external_id(t: &Trial) -> Verdict {
    let users = t.users()?;
    let shared = json!(t.ground().fresh_name());
    let mut body = t.body(&users).await?;
    body["externalId"] = shared.clone();
    t.create_from(&users, &body).await?;
    let mut body = t.body(&users).await?;
    body["externalId"] = shared;
    let answer = t.post(users.endpoint(), &body).await?;
    if answer.is_success() {
        return Ok(());
    }
    Err(answer
        .flaw("a user is refused because another one has its externalId")
        .expected("201")
        .got(answer.said())
        .into())
}

check! {
    /// What a schema declares as unique does not occur twice: a second resource with the same value is a conflict.
    ///
    /// Why: clients rely on what the schema says and look resources up by such values. Two results where one was promised
    /// end in a change of the wrong one.
    ///
    /// Fix: enforce `uniqueness` of every attribute that declares `server` or `global`, or publish it as `none`.
    DECLARED = declared,
    id: "uniqueness.declared",
    title: "a value that a schema declares unique cannot be used twice",
    level: Should,
    requirements: ["RFC7643-7-34", "RFC7643-7-35", "RFC7643-7-33", "RFC7644-3.3-10"],
    needs: [],
    breaks: [],
}

async fn declared(t: &Trial) -> Verdict {
    let mut is_judged = false;
    for kind in creatable(t).await? {
        for slot in declared_unique(&kind) {
            let mut first = t.body(&kind).await?;
            let value = slot.sample(&t.ground().fresh_name());
            slot.set(&mut first, value.clone());
            let answer = t.post(kind.endpoint(), &first).await?;
            if !answer.is_success() {
                continue; // A value of ours does not fit; nothing is known then.
            }
            let created = t.created_by(&kind, &answer)?;
            if slot.get(&t.read(&created).await?).is_none() {
                continue;
            }
            is_judged = true;
            let mut second = t.body(&kind).await?;
            slot.set(&mut second, value);
            let answer = t.post(kind.endpoint(), &second).await?;
            let rule = match (answer.is_success(), slot.attribute.uniqueness) {
                (true, Uniqueness::Global) => "RFC7643-7-35",
                (true, _) => "RFC7643-7-34",
                (false, _) => "RFC7644-3.3-10",
            };
            let verdict = judge_conflict(&answer, &format!("a {} that is taken", slot.path()));
            t.soft(breaking(verdict, &[rule]))?;
        }
    }
    if is_judged { Ok(()) } else { skip("no attribute that a client may write is declared unique") }
}

fn declared_unique(kind: &Kind) -> Vec<Slot> {
    slots(&kind.schema)
        .filter(|slot| is_writable(&slot.attribute) && !slot.attribute.multi_valued)
        .filter(|slot| slot.attribute.uniqueness != Uniqueness::None && slot.attribute.kind == Type::String)
        .collect()
}

/// 409 with `uniqueness` is right; 400 with it is what RFC 7643 §7 has and RFC 7644 does not.
fn judge_conflict(answer: &Answer, mistake: &str) -> Verdict {
    let keyword = answer.text("scimType");
    let flaw = match answer.status {
        409 if keyword == Some("uniqueness") => return Ok(()),
        409 if answer.is_other_text() => {
            return Err(Stop::Blocked(format!(
                "{} answers 409 with a body that is no JSON (check `errors.message`)",
                answer.asked
            )));
        }
        409 => {
            let what = format!("{} with {mistake} answers 409 without scimType uniqueness", answer.asked);
            // The keyword is demanded of POST only (RFC 7644 §3.3).
            let is_demanded = answer.asked.starts_with("POST");
            if is_demanded { answer.flaw(what) } else { answer.flaw(what).concern() }
        }
        400 => answer.flaw(format!("{} with {mistake} answers 400 instead of 409", answer.asked)).concern(),
        200..300 => answer.flaw(format!("{} with {mistake} is accepted", answer.asked)),
        _ => answer.flaw(format!("{} with {mistake} answers {}", answer.asked, answer.status)),
    };
    Err(flaw.expected("409 uniqueness").got(answer.said()).into())
}

check! {
    /// A PUT that would give a user the userName of another one is refused with 409, and both stay as they were.
    ///
    /// Why: a rename is where duplicates come from once creation is guarded. Afterwards two people share a name, and the next
    /// change of either lands on whoever is found first.
    ///
    /// Fix: check uniqueness on every write, not on create only, and answer 409 with `"scimType": "uniqueness"`.
    PUT = put,
    id: "uniqueness.put",
    title: "PUT cannot give a user the userName of another one",
    level: Must,
    requirements: ["RFC7644-3.5.1-15", "RFC7643-4.1.1-03", "RFC7644-3.12-21"],
    needs: [Users],
    breaks: [Okta, OneLogin, JumpCloud],
}

async fn put(t: &Trial) -> Verdict {
    let users = t.users()?;
    if core(&users, "userName").is_some_and(|slot| slot.attribute.mutability != Mutability::ReadWrite) {
        return skip("the schema says that a userName cannot be changed");
    }
    let pair = Pair::make(t, &users).await?;
    let mut body = next_body(t, &users, &pair.second_json).await?;
    body["userName"] = json!(pair.name);
    let answer = try_put(t, &pair.second.path, &body).await?;
    pair.judge(t, &users, &answer, "PUT", "RFC7644-3.5.1-15").await
}

check! {
    /// A PATCH that would give a user the userName of another one is refused with 409, and both stay as they were.
    ///
    /// Why: Entra ID renames people by PATCH. Where only POST is guarded, two people share a name after a marriage, and the
    /// next change of either lands on whoever is found first.
    ///
    /// Fix: check uniqueness on every write, not on create only, and answer 409 with `"scimType": "uniqueness"`.
    PATCH = patch,
    id: "uniqueness.patch",
    title: "PATCH cannot give a user the userName of another one",
    level: Must,
    requirements: ["RFC7644-3.5.2-30", "RFC7643-4.1.1-03", "RFC7644-3.12-21"],
    needs: [Users, Patch],
    breaks: [Entra, Okta],
}

async fn patch(t: &Trial) -> Verdict {
    let users = t.users()?;
    let pair = Pair::make(t, &users).await?;
    let operations = json!([{ "op": "replace", "path": "userName", "value": pair.name }]);
    let answer = t.patch(&pair.second.path, operations).await?;
    pair.judge(t, &users, &answer, "PATCH", "RFC7644-3.5.2-30").await
}

/// Two users, of whom the second is to get the name of the first.
struct Pair {
    first: Created,
    first_json: Value,
    second: Created,
    second_json: Value,
    name: String,
}

impl Pair {
    async fn make(t: &Trial, users: &Kind) -> Result<Self, Stop> {
        let (first, second) = (t.create(users).await?, t.create(users).await?);
        let (first_json, second_json) = (t.read(&first).await?, t.read(&second).await?);
        let Some(name) = get(&first_json, "userName").and_then(Value::as_str).map(str::to_owned) else {
            return Err(Stop::Blocked("a user has no userName (check `user.user-name-shown`)".to_owned()));
        };
        Ok(Self { first, first_json, second, second_json, name })
    }

    /// The answer has to be a conflict, and both have to be as they were.
    async fn judge(
        &self,
        t: &Trial,
        users: &Kind,
        answer: &Answer,
        method: &str,
        rule: &'static str,
    ) -> Verdict {
        let after = look(t, &self.second).await?;
        let name = get(after.resource()?, "userName").and_then(Value::as_str).unwrap_or_default();
        if name.eq_ignore_ascii_case(&self.name) {
            t.note(
                after
                    .flaw(format!("after a {method} two users have the same userName"))
                    .expected("409 uniqueness, and both as they were")
                    .got(format!("{method}: {}; userName: {name}", answer.said()))
                    .breaks(&[rule, "RFC7643-4.1.1-03"]),
            );
            return Ok(());
        }
        match answer.is_success() {
            // The name cannot be changed there, and the client is not told.
            true => t.note(
                answer
                    .flaw(format!("{method} with a userName that is taken is accepted and does not rename"))
                    .expected("409 uniqueness")
                    .got(answer.said())
                    .breaks(&[rule])
                    .concern(),
            ),
            false => {
                // Only the refusal of a POST has to say why (RFC 7644 §3.3).
                if answer.status != 409 || answer.text("scimType").is_some() {
                    let rule = if answer.status == 409 { "RFC7644-3.12-21" } else { rule };
                    t.soft(breaking(judge_conflict(answer, "a userName that is taken"), &[rule]))?;
                }
                let what = format!("a {method} that was refused changed the user");
                t.soft(breaking(expect_same(users, &self.second_json, &after, &[], &what), &[rule]))?;
            }
        }
        let other = look(t, &self.first).await?;
        let what = format!("a {method} with a userName that is taken changed the user who has it");
        breaking(expect_same(users, &self.first_json, &other, &[], &what), &[rule])
    }
}

check! {
    /// The userName of a user who is not active is taken, and the user is found by it.
    ///
    /// Why: somebody who comes back is looked up first. When the look-up hides inactive accounts and the POST after it is a
    /// conflict, the identity provider can neither find nor create the person.
    ///
    /// Fix: treat inactive users like others in look-ups and in the search for duplicates.
    DEACTIVATED = deactivated,
    id: "uniqueness.deactivated",
    title: "the userName of an inactive user is taken, and finds the user",
    level: Must,
    requirements: ["RFC7643-4.1.1-03", "RFC7644-3.3-10", "RFC7644-3.4.2-12"],
    needs: [Users],
    breaks: [Okta, Entra],
}

async fn deactivated(t: &Trial) -> Verdict {
    let users = t.kind(Role::User)?;
    let Some(active) = core(&users, "active") else { return skip("users have no `active`") };
    let mut body = t.body(&users).await?;
    active.set(&mut body, json!(false));
    let created = t.create_from(&users, &body).await?;
    if active.get(&t.read(&created).await?) != Some(&json!(false)) {
        return skip("a user cannot be created inactive (check `lifecycle.active-as-sent`)");
    }
    let mut second = t.body(&users).await?;
    second["userName"] = body["userName"].clone();
    let answer = t.post(users.endpoint(), &second).await?;
    let rules: &[&'static str] = match answer.is_success() {
        true => &["RFC7643-4.1.1-03", "RFC7644-3.3-10"],
        false => &["RFC7644-3.3-10"],
    };
    t.soft(breaking(judge_conflict(&answer, "the userName of an inactive user"), rules))?;
    if t.lacks(Need::Filter).await?.is_some() {
        return Ok(());
    }
    let (answer, found) = named(t, &users, body["userName"].as_str().unwrap_or_default()).await?;
    if super::compare::has_id(&found, &created.id) {
        return Ok(());
    }
    Err(answer
        .flaw("an inactive user is not found by its userName")
        .expected("the user")
        .got(format!("{} users of that name", found.len()))
        .breaks(&["RFC7644-3.4.2-12"])
        .into())
}
