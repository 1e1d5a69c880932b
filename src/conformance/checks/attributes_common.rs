//! Attributes that are defined outside of what a schema can say: externalId, the password, and common attributes that a schema
//! lists all the same (RFC 7643 §3.1, §4.1.1).

use serde_json::{Value, json};

use super::attributes::creatable;
use super::compare::core;
use crate::conformance::check::{Check, Need, check};
use crate::conformance::trial::{Trial, shortened};
use crate::conformance::verdict::{Verdict, skip};
use crate::protocol::schema::find;

pub(super) const CHECKS: &[Check] = &[EXTERNAL_ID, PASSWORD, COMMON];

check! {
    /// externalId belongs to the client: it can be changed, and taken away again.
    ///
    /// Why: when people move from one identity provider to another, the externalId is what changes. A server that keeps the first one for
    /// ever ties them to a directory that is gone.
    ///
    /// Fix: treat externalId as a readWrite attribute of every resource type.
    EXTERNAL_ID = external_id,
    id: "attributes.external-id-changes",
    title: "externalId can be changed and cleared",
    level: Must,
    requirements: ["RFC7643-3.1-20"],
    needs: [],
    breaks: [Entra],
}

async fn external_id(t: &Trial) -> Verdict {
    let Some(kind) = t.kinds().first().cloned() else { return skip("the target has no resource type") };
    let mut body = t.body(&kind).await?;
    let first = t.ground().fresh_name();
    body["externalId"] = json!(first);
    let created = t.create_from(&kind, &body).await?;
    if t.read(&created).await?["externalId"] != first {
        return skip("the target does not keep externalId (check `attributes.common`)");
    }
    let second = t.ground().fresh_name();
    body["externalId"] = json!(second);
    let put = t.put(&created.path, &body).await?;
    let shown = t.read(&created).await?["externalId"].clone();
    if shown != second {
        let flaw = put.flaw("externalId cannot be changed by PUT").expected(second);
        t.note(flaw.got(format!("{}; externalId is {shown}", put.said())));
    }
    if t.lacks(Need::Patch).await?.is_some() {
        return Ok(());
    }
    let third = t.ground().fresh_name();
    for (operation, wanted) in [
        (json!({ "op": "replace", "path": "externalId", "value": third }), json!(third)),
        (json!({ "op": "remove", "path": "externalId" }), Value::Null),
    ] {
        let answer = t.patch(&created.path, json!([operation])).await?;
        let shown = t.read(&created).await?["externalId"].clone();
        // Some show empty text for «none».
        if shown != wanted && !(wanted.is_null() && shown == "") {
            let flaw = answer.flaw(format!("externalId does not take a PATCH {}", operation["op"]));
            let flaw = flaw.expected(wanted.to_string());
            t.note(flaw.got(format!("{}; externalId is {shown}", answer.said())));
        }
    }
    Ok(())
}

check! {
    /// Where ServiceProviderConfig says that passwords can be changed, PATCH takes a new password, and the answer does not show it.
    ///
    /// Why: a password that an identity provider sets and that is dropped locks people out of the application.
    ///
    /// Fix: take `password` as a writeOnly attribute in PATCH too, or say `changePassword.supported: false`.
    PASSWORD = password,
    id: "attributes.password-patch",
    title: "a password can be changed by PATCH where that is advertised",
    level: Must,
    requirements: ["RFC7643-4.1.1-26", "RFC7643-4.1.1-18"],
    needs: [Users, Patch, ChangePassword],
    breaks: [Okta],
}

async fn password(t: &Trial) -> Verdict {
    let users = t.users()?;
    if core(&users, "password").is_none() {
        return skip("users have no `password`");
    }
    let created = t.create(&users).await?;
    let secret = format!("Pw7!{}-xK9#", t.ground().fresh_name());
    let operation = json!([{ "op": "replace", "path": "password", "value": secret }]);
    let answer = t.patch(&created.path, operation).await?;
    if String::from_utf8_lossy(&answer.body).contains(&secret) {
        let flaw =
            answer.flaw("the answer shows the new password").expected("no password").got("the password");
        t.note(flaw.breaks(&["RFC7643-4.1.1-18"]));
    }
    if !answer.is_success() {
        let flaw =
            answer.flaw(format!("a PATCH of the password answers {}", answer.said())).expected("success");
        let flaw = flaw.got(answer.said()).breaks(&["RFC7643-4.1.1-26"]);
        // A policy for passwords may stand behind another refusal than `mutability`.
        let by_policy = answer.status == 400 && answer.text("scimType") == Some("invalidValue");
        t.note(if by_policy { flaw.concern() } else { flaw });
    }
    Ok(())
}

check! {
    /// `id`, `externalId` and `meta` are what RFC 7643 §3.1 says on every resource, whatever a schema that lists them says of them.
    ///
    /// Why: clients know these three without a schema. A schema that calls `id` readWrite, or externalId readOnly, must not change
    /// what they are.
    ///
    /// Fix: leave them out of schemas, and handle them the same way for all resource types.
    COMMON = common,
    id: "attributes.common",
    title: "common attributes are the same whatever a schema says of them",
    level: Must,
    requirements: ["RFC7643-3.1-04", "RFC7643-3.1-01", "RFC7643-3-08"],
    needs: [],
    breaks: [Okta, Entra],
}

async fn common(t: &Trial) -> Verdict {
    for kind in creatable(t).await? {
        let mut body = t.body(&kind).await?;
        let is_listed = |name: &str| find(&kind.schema.core.attributes, name).is_some();
        let external = t.ground().fresh_name();
        body["externalId"] = json!(external);
        let answer = t.post(kind.endpoint(), &body).await?;
        if !answer.is_success() {
            let plain = t.body(&kind).await?;
            t.create_from(&kind, &plain).await?;
            let what = format!("a {} with an externalId is refused", kind.name());
            t.note(answer.flaw(what).expected("201").got(answer.said()).breaks(&["RFC7643-3.1-01"]));
            continue;
        }
        let created = t.created_by(&kind, &answer)?;
        let read = t.get(&created.path).await?;
        let resource = read.resource()?;
        for (name, is_there) in [
            ("id", resource["id"] == created.id),
            ("meta", resource["meta"].is_object()),
            ("externalId", resource["externalId"] == external),
        ] {
            if is_there {
                continue;
            }
            let what = format!("a {} has no `{name}`, or another one than it should", kind.name());
            let flaw =
                read.flaw(what).expected(format!("`{name}`")).got(shortened(&resource[name].to_string()));
            let requirements: &[&'static str] = match (is_listed(name), name) {
                (true, _) => &["RFC7643-3.1-04", "RFC7643-3-08"],
                (false, "externalId") => &["RFC7643-3.1-01"],
                (false, _) => &["RFC7643-3-08"],
            };
            t.note(flaw.breaks(requirements));
        }
        let part = t.get(&format!("{}?attributes=externalId", created.path)).await?;
        let has_id = part.json.as_ref().is_some_and(|json| json["id"] == created.id);
        if is_listed("id") && part.status == 200 && !has_id {
            let flaw =
                part.flaw("`id` can be left out because a schema lists it").expected("`id`").got("no `id`");
            t.note(flaw.breaks(&["RFC7643-3.1-04"]));
        }
    }
    Ok(())
}
