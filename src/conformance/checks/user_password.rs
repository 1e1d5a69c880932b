//! Passwords (RFC 7643 §4.1.1).

use serde_json::{Value, json};

use super::compare::{core, quoted};
use crate::conformance::check::{Check, Need, check};
use crate::conformance::trial::{Answer, Trial};
use crate::conformance::verdict::{Verdict, skip};
use crate::protocol::message::member;

pub(super) const CHECKS: &[Check] = &[PASSWORD_ACCEPTED, PASSWORD_HIDDEN, PASSWORD_WEAK];

/// A password that policies accept, and that nothing else contains.
fn secret(t: &Trial) -> String {
    format!("Zx9!{}-Qw7#", t.ground().fresh_name())
}

check! {
    /// A password in the body of a POST is accepted.
    ///
    /// Why: Okta sends one with every new user, random where there is no other. A target that refuses it, because people log in
    /// elsewhere, gets no users.
    ///
    /// Fix: accept `password`; where it is of no use, drop it.
    PASSWORD_ACCEPTED = password_accepted,
    id: "user.password-accepted",
    title: "a user can be created with a password",
    level: Interop,
    requirements: ["Q-C05"],
    needs: [Users],
    breaks: [Okta],
}

async fn password_accepted(t: &Trial) -> Verdict {
    let users = t.users()?;
    let mut body = t.body(&users).await?;
    body["password"] = json!(secret(t));
    let answer = t.post(users.endpoint(), &body).await?;
    if answer.is_success() {
        return Ok(());
    }
    Err(answer.flaw("a user with a password is refused").expected("201").got(answer.said()).into())
}

check! {
    /// A password is never returned: not by the request that sets it, not by GET or a list, and not when it is asked for by name.
    ///
    /// Why: a password that comes back is in the logs of every client and proxy on the way, and one that comes back shows that
    /// it is kept in the clear. A hash can be broken at leisure.
    ///
    /// Fix: give `password` the characteristics writeOnly and returned never, and leave it out of every representation.
    PASSWORD_HIDDEN = password_hidden,
    id: "user.password-hidden",
    title: "a password is never returned",
    level: Must,
    requirements: [
        "RFC7643-4.1.1-18", "RFC7643-4.1.1-19", "RFC7643-7-25", "RFC7643-7-28", "RFC7643-4.1.1-26",
        "RFC7644-3.5.1-04",
    ],
    needs: [Users],
    breaks: [Okta],
}

async fn password_hidden(t: &Trial) -> Verdict {
    let users = t.users()?;
    let (first, second, third) = (secret(t), secret(t), secret(t));
    let mut body = t.body(&users).await?;
    body["password"] = json!(first);
    let posted = t.post(users.endpoint(), &body).await?;
    if !posted.is_success() {
        return skip("a user cannot be created with a password (check `user.password-accepted`)");
    }
    let created = t.created_by(&users, &posted)?;
    let mut answers = vec![posted, t.get(&created.path).await?];
    answers.push(t.get(&format!("{}?attributes=password", created.path)).await?);
    let name = quoted(body["userName"].as_str().unwrap_or_default());
    if t.lacks(Need::Filter).await?.is_none() {
        answers.push(t.search(&users, &format!("userName eq {name}")).await?);
        let target = format!("{}?attributes=userName,password&filter=userName eq {name}", users.endpoint());
        answers.push(t.get(&target).await?);
    }
    body["password"] = json!(second);
    let put = t.put(&created.path, &body).await?;
    judge_set(t, &users, &put, "PUT");
    answers.push(put);
    if t.lacks(Need::Patch).await?.is_none() {
        let operation = json!([{ "op": "replace", "path": "password", "value": third }]);
        let patched = t.patch(&created.path, operation).await?;
        judge_set(t, &users, &patched, "PATCH");
        answers.push(patched);
        let operation = json!([{ "op": "replace", "path": "externalId", "value": t.ground().fresh_name() }]);
        answers.push(t.patch(&created.path, operation).await?);
    }
    for answer in &answers {
        let text = String::from_utf8_lossy(&answer.body);
        let is_told = [&first, &second, &third].into_iter().any(|secret| text.contains(secret.as_str()));
        // In an error the word may stand for the attribute.
        let is_member = answer.is_success() && answer.json.as_ref().is_some_and(has_password);
        if is_told || is_member {
            t.note(
                answer
                    .flaw(format!("the answer to {} has the password", answer.asked))
                    .expected("no `password`")
                    .got(if is_told { "the password as it was sent" } else { "a member `password`" })
                    .breaks(&["RFC7643-4.1.1-18", "RFC7643-4.1.1-19", "RFC7643-7-25", "RFC7643-7-28"]),
            );
        }
    }
    Ok(())
}

/// A password that is published can be changed too; policies and missing rights are no mistake.
fn judge_set(t: &Trial, users: &crate::conformance::discovery::Kind, answer: &Answer, method: &str) {
    let is_published = core(users, "password").is_some();
    if is_published && !answer.is_success() && !matches!(answer.status, 403 | 405 | 501) {
        t.note(
            answer
                .flaw(format!("{method} with a new password is refused"))
                .expected("success")
                .got(answer.said())
                .breaks(&["RFC7643-4.1.1-26", "RFC7644-3.5.1-04"])
                .concern(),
        );
    }
}

/// Whether there is a password in a resource or in the resources of a list.
fn has_password(json: &Value) -> bool {
    match json {
        Value::Object(members) => {
            let own = member(members, "password").is_some_and(|value| !value.is_null());
            own || member(members, "Resources").is_some_and(has_password)
        }
        Value::Array(items) => items.iter().any(has_password),
        _ => false,
    }
}

check! {
    /// A weak password is refused as an invalid value, or accepted; it is no internal error.
    ///
    /// Why: policies differ, and the client has to hear which rule was broken. An internal error is repeated for days and tells
    /// nobody that the password is too short.
    ///
    /// Fix: answer 400 with `"scimType": "invalidValue"` and the rule that the password breaks.
    PASSWORD_WEAK = password_weak,
    id: "user.password-weak",
    title: "a weak password is accepted or refused, and no internal error",
    level: Should,
    requirements: ["RFC7643-4.1.1-22"],
    needs: [Users],
    breaks: [],
}

async fn password_weak(t: &Trial) -> Verdict {
    let users = t.users()?;
    if core(&users, "password").is_none() {
        return skip("users have no `password`");
    }
    let mut body = t.body(&users).await?;
    body["password"] = json!("a");
    let answer = t.post(users.endpoint(), &body).await?;
    if answer.status < 500 {
        return Ok(());
    }
    Err(answer
        .flaw("a weak password ends in an internal error")
        .expected("201 or 400")
        .got(answer.said())
        .into())
}
