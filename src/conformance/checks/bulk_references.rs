//! bulkId references between the operations of a request (RFC 7644 §3.7.1, §3.7.2).

use std::sync::Arc;

use serde_json::{Value, json};

use super::bulk::{created, is_success, new_id, post, read, result_of, results, send, status, told};
use super::query::breaking;
use super::team::membership;
use crate::conformance::check::{Check, check};
use crate::conformance::discovery::Kind;
use crate::conformance::trial::{Answer, Created, Trial, shortened};
use crate::conformance::verdict::{Stop, Verdict, skip};
use crate::protocol::message::PATCH_OP;
use crate::protocol::schema::ENTERPRISE_USER;

pub(super) const CHECKS: &[Check] = &[MEMBER, FORWARD, CIRCULAR, UNDEFINED, FAILED, EXTENSION, IN_PATH, BARE];

/// An operation that creates a group with these members.
async fn group(t: &Trial, groups: &Kind, bulk_id: &str, members: &[&str]) -> Result<Value, Stop> {
    let mut operation = post(t, groups, bulk_id).await?;
    let members: Vec<Value> = members.iter().map(|member| json!({ "value": member })).collect();
    operation["data"]["members"] = json!(members);
    Ok(operation)
}

/// The ids of the members; a single one may come without its array, which is judged elsewhere.
fn members(group: &Value) -> Vec<&str> {
    let members = &group["members"];
    let all = members.as_array().map_or_else(|| std::slice::from_ref(members), Vec::as_slice);
    all.iter().filter_map(|member| member["value"].as_str()).collect()
}

/// Whether a resource still has a reference as it was sent.
fn has_literal(resource: &Value) -> bool {
    resource.to_string().contains("bulkId:")
}

/// Asserts that a group has just this member.
async fn expect_member(t: &Trial, answer: &Answer, group: &Created, member: &str) -> Verdict {
    let stored = t.read(group).await?;
    if has_literal(&stored) {
        let flaw = answer.flaw("a reference is stored as it was sent").expected(member);
        return Err(flaw.got(shortened(&stored["members"].to_string())).into());
    }
    if members(&stored) != [member] {
        let flaw = answer.flaw("a reference does not become the id of what was created").expected(member);
        return Err(flaw.got(shortened(&stored["members"].to_string())).into());
    }
    Ok(())
}

check! {
    /// A group that is created with a member `bulkId:…` has the new user as its member.
    ///
    /// Why: this is how people and their groups arrive together. If the reference stays as text, the group has a member that does not
    /// exist.
    ///
    /// Fix: keep a table from bulkId to id while the request is processed, and replace `bulkId:` values before storing.
    MEMBER = member,
    id: "bulk.reference",
    title: "a bulkId reference becomes the id of the new resource",
    level: Must,
    requirements: ["RFC7644-3.7-23", "RFC7644-3.7.2-02", "RFC7644-3.7.2-01"],
    needs: [Bulk, Users, Groups],
    breaks: [],
}

async fn member(t: &Trial) -> Verdict {
    let (users, groups) = (t.users()?, t.groups()?);
    let operations =
        [post(t, &users, "qwerty").await?, group(t, &groups, "ytrewq", &["bulkId:qwerty"]).await?];
    linked(t, &users, &groups, &operations, 0, 1).await
}

/// Whether there is a group of the name that an operation gives, as far as a search tells.
async fn is_there(t: &Trial, groups: &Kind, operation: &Value) -> Result<bool, Stop> {
    let name = &operation["data"]["displayName"];
    let found = t.search(groups, &format!("displayName eq {name}")).await?;
    Ok(found.list().is_ok_and(|list| list.resources.iter().any(|group| group["displayName"] == *name)))
}

/// Sends operations of which one creates a user and another one the group that has it as member.
async fn linked(
    t: &Trial,
    users: &Arc<Kind>,
    groups: &Arc<Kind>,
    operations: &[Value],
    user: usize,
    group: usize,
) -> Verdict {
    let (answer, results) = results(t, operations).await?;
    let user = created(t, users, &answer, result_of(operations, &results, user))?;
    let of_group = result_of(operations, &results, group);
    let Some(result) = of_group.filter(|result| is_success(result)) else {
        let status = of_group.and_then(status).map_or("no status".to_owned(), |status| status.to_string());
        let so = match is_there(t, groups, &operations[group]).await? {
            true => ", although the group is there afterwards",
            false => "",
        };
        let what = format!("an operation that creates a group with a bulkId reference gets {status}{so}");
        let flaw = answer.flaw(what).expected("201, 201");
        return Err(flaw
            .got(format!("{} {}", told(&results), shortened(&json!(results).to_string())))
            .into());
    };
    let group = created(t, groups, &answer, Some(result))?;
    expect_member(t, &answer, &group, &user.id).await
}

check! {
    /// A reference may lead forward: the group comes first, its member later in the same request.
    ///
    /// Why: clients do not sort by dependency, and with circles they cannot.
    ///
    /// Fix: process what others refer to first, or add the references in a second pass.
    FORWARD = forward,
    id: "bulk.forward-reference",
    title: "a reference to a later operation is resolved",
    level: Must,
    requirements: ["RFC7644-3.7.2-04", "RFC7644-3.7.2-02"],
    needs: [Bulk, Users, Groups],
    breaks: [],
}

async fn forward(t: &Trial) -> Verdict {
    let (users, groups) = (t.users()?, t.groups()?);
    let operations = [group(t, &groups, "g", &["bulkId:u"]).await?, post(t, &users, "u").await?];
    linked(t, &users, &groups, &operations, 1, 0).await
}

check! {
    /// Two groups that are members of each other are created and linked; a server that tried and failed answers 409.
    ///
    /// Why: circles exist in real directories. A server that does not expect them loops or fails the whole request.
    ///
    /// Fix: create first, link afterwards; answer 409 for the operations that cannot be linked.
    CIRCULAR = circular,
    id: "bulk.circular-reference",
    title: "circular references are resolved, or refused with 409",
    level: Must,
    requirements: ["RFC7644-3.7.1-01", "RFC7644-3.7.1-02"],
    needs: [Bulk, Groups],
    breaks: [],
}

async fn circular(t: &Trial) -> Verdict {
    const RULE: &[&str] = &["RFC7644-3.7.1-01"];
    let groups = t.groups()?;
    // Whether groups may be members of groups is another matter.
    let inner = t.create(&groups).await?;
    let mut outer = t.body(&groups).await?;
    outer["members"] = membership(t, &groups, &[&inner]);
    let nested = t.post(groups.endpoint(), &outer).await?;
    let is_nested = match nested.is_success() {
        true => members(&t.read(&t.created_by(&groups, &nested)?).await?).contains(&inner.id.as_str()),
        false => false,
    };
    if !is_nested {
        return skip("the target has no groups in groups");
    }
    let operations =
        [group(t, &groups, "a", &["bulkId:b"]).await?, group(t, &groups, "b", &["bulkId:a"]).await?];
    let answer = send(t, &operations).await?;
    if answer.status == 409 {
        return Ok(());
    }
    breaking(answer.expect_status(&[200]), RULE)?;
    let results = read(&answer)?;
    for (at, operation) in operations.iter().enumerate() {
        let Some(result) = result_of(&operations, &results, at).filter(|result| status(result) == Some(409))
        else {
            continue;
        };
        // A group that conflicts with itself was not refused for the circle.
        let is_own = result["response"]["scimType"].as_str() == Some("uniqueness");
        if !is_own && !is_there(t, &groups, operation).await? {
            return Ok(());
        }
        let what = match is_own {
            true => "an operation of a circle is answered 409 uniqueness, although nobody else has its name",
            false => "an operation of a circle is answered 409, and its group is there afterwards",
        };
        let flaw = answer.flaw(what).expected("201, 201, or 409 and no group");
        return Err(flaw
            .got(format!("{} {}", told(&results), shortened(&json!(results).to_string())))
            .breaks(RULE)
            .into());
    }
    let (Some(a), Some(b)) = (
        result_of(&operations, &results, 0).filter(|result| is_success(result)).and_then(new_id),
        result_of(&operations, &results, 1).filter(|result| is_success(result)).and_then(new_id),
    ) else {
        let flaw = answer.flaw("circular references are refused without a try").expected("201, 201 or 409");
        return Err(flaw.got(told(&results)).breaks(RULE).into());
    };
    for (one, other) in [(a, b), (b, a)] {
        let group = Created {
            kind: Arc::clone(&groups),
            id: one.to_owned(),
            path: format!("{}/{one}", groups.endpoint()),
        };
        breaking(expect_member(t, &answer, &group, other).await, RULE)?;
    }
    Ok(())
}

/// An operation whose reference leads nowhere must fail, and nothing is stored with the text of the reference.
async fn expect_failed(t: &Trial, operations: &[Value], at: usize, what: &str) -> Verdict {
    let answer = send(t, operations).await?;
    if answer.status >= 500 {
        return Err(answer
            .flaw(format!("{what} breaks the server"))
            .expected("status 400 or 409")
            .got(answer.said())
            .into());
    }
    let Ok(results) = read(&answer) else { return Ok(()) };
    let Some(result) = result_of(operations, &results, at).filter(|result| is_success(result)) else {
        return match result_of(operations, &results, at).and_then(status) {
            Some(code @ 500..) => Err(answer
                .flaw(format!("{what} breaks the server"))
                .expected("status 400 or 409")
                .got(code.to_string())
                .into()),
            _ => Ok(()),
        };
    };
    let stored = match new_id(result) {
        Some(id) => {
            t.get(&format!("{}/{id}", operations[at]["path"].as_str().unwrap_or_default())).await?.json
        }
        None => None,
    };
    let stored = stored.unwrap_or_default();
    let flaw = answer
        .flaw(format!("an operation with {what} succeeds"))
        .expected("status 400 or 409, and nothing is created");
    let flaw = flaw.got(shortened(&stored["members"].to_string()));
    // Dropping the member is better than storing what it cannot be.
    Err(if has_literal(&stored) { flaw } else { flaw.concern() }.into())
}

check! {
    /// An operation that refers to a bulkId which no operation has fails; the text of the reference is not stored.
    ///
    /// Why: a group with the member `bulkId:none` breaks every client that reads it.
    ///
    /// Fix: give the operation status 400 with scimType `invalidValue`, or 409.
    UNDEFINED = undefined,
    id: "bulk.undefined-reference",
    title: "a reference to no operation fails",
    level: Must,
    requirements: ["RFC7644-3.7.2-05"],
    needs: [Bulk, Groups],
    breaks: [],
}

async fn undefined(t: &Trial) -> Verdict {
    let groups = t.groups()?;
    let operations = [group(t, &groups, "g", &["bulkId:nothing-of-this-name"]).await?];
    expect_failed(t, &operations, 0, "a reference to no operation").await
}

check! {
    /// An operation that refers to one which failed fails as well.
    ///
    /// Why: the resource that it wants to refer to does not exist.
    ///
    /// Fix: give the operation status 409 or 400, with a detail that names the operation that failed.
    FAILED = failed,
    id: "bulk.reference-to-failed",
    title: "a reference to a failed operation fails",
    level: Must,
    requirements: ["RFC7644-3.7.2-05"],
    needs: [Bulk, Users, Groups],
    breaks: [],
}

async fn failed(t: &Trial) -> Verdict {
    let (users, groups) = (t.users()?, t.groups()?);
    let taken = t.body(&users).await?;
    t.create_from(&users, &taken).await?;
    let mut bad = post(t, &users, "bad").await?;
    bad["data"]["userName"] = taken["userName"].clone();
    let operations = [bad, group(t, &groups, "g", &["bulkId:bad"]).await?];
    expect_failed(t, &operations, 1, "a reference to a failed operation").await
}

check! {
    /// References work in extensions as well: a new employee may have a new manager.
    ///
    /// Why: org charts are delivered in one request, and the manager is in the enterprise extension.
    ///
    /// Fix: look for `bulkId:` in all values of the data, not in `members` only.
    EXTENSION = extension,
    id: "bulk.reference-in-extension",
    title: "a bulkId reference in an extension is resolved",
    level: Must,
    requirements: ["RFC7644-3.7.2-02", "RFC7644-3.7.2-03"],
    needs: [Bulk, Users, Enterprise],
    breaks: [],
}

async fn extension(t: &Trial) -> Verdict {
    let users = t.users()?;
    // Whether a manager is kept at all is another matter.
    let boss = t.create(&users).await?;
    let managed = |mut body: Value, id: &str| {
        if let Some(object) = body.as_object_mut() {
            crate::conformance::trial::slot::add_schema(object, ENTERPRISE_USER);
        }
        body[ENTERPRISE_USER]["manager"] = json!({ "value": id });
        body
    };
    let plain = t.post(users.endpoint(), &managed(t.body(&users).await?, &boss.id)).await?;
    let stored = match plain.is_success() {
        true => t.read(&t.created_by(&users, &plain)?).await?,
        false => Value::Null,
    };
    if stored[ENTERPRISE_USER]["manager"]["value"] != boss.id {
        return skip("the target does not keep managers");
    }
    let mut bob = post(t, &users, "bob").await?;
    bob["data"] = managed(bob["data"].take(), "bulkId:alice");
    let operations = [post(t, &users, "alice").await?, bob];
    let (answer, results) = results(t, &operations).await?;
    let alice = created(t, &users, &answer, result_of(&operations, &results, 0))?;
    let bob = result_of(&operations, &results, 1).filter(|result| is_success(result)).and_then(new_id);
    let Some(bob) = bob else {
        let flaw =
            answer.flaw("a user with a bulkId reference in an extension is not created").expected("201, 201");
        return Err(flaw.got(told(&results)).into());
    };
    let stored = t.get(&format!("{}/{bob}", users.endpoint())).await?;
    let manager = stored
        .json
        .as_ref()
        .map(|json| &json[ENTERPRISE_USER]["manager"]["value"])
        .cloned()
        .unwrap_or_default();
    if manager != alice.id {
        let flaw = answer.flaw("a bulkId reference in an extension is not resolved").expected(alice.id);
        return Err(flaw.got(manager.to_string()).into());
    }
    Ok(())
}

check! {
    /// References in the path of an operation and in the data of a PATCH are resolved when what they name was created before.
    ///
    /// Why: a client that creates a group and fills it in the same request has no other way to name it.
    ///
    /// Fix: replace `bulkId:` in `path` and in PATCH values like in resources.
    IN_PATH = in_path,
    id: "bulk.reference-in-path",
    title: "bulkId references in paths and PATCH data are resolved",
    level: May,
    requirements: ["RFC7644-3.7.2-06"],
    needs: [Bulk, Users, Groups, Patch],
    breaks: [],
}

async fn in_path(t: &Trial) -> Verdict {
    let (users, groups) = (t.users()?, t.groups()?);
    let add = json!({ "op": "add", "path": "members", "value": [{ "value": "bulkId:u" }] });
    let operations = [
        post(t, &groups, "g").await?,
        post(t, &users, "u").await?,
        json!({ "method": "PATCH", "path": format!("{}/bulkId:g", groups.endpoint()),
                "data": { "schemas": [PATCH_OP], "Operations": [add] } }),
    ];
    let (answer, results) = results(t, &operations).await?;
    let group = created(t, &groups, &answer, result_of(&operations, &results, 0))?;
    let user = created(t, &users, &answer, result_of(&operations, &results, 1))?;
    let stored = t.read(&group).await?;
    if has_literal(&stored) {
        let flaw = answer.flaw("a reference is stored as it was sent").expected(user.id);
        return Err(flaw.got(shortened(&stored["members"].to_string())).violation().into());
    }
    if members(&stored) != [user.id.as_str()] {
        let flaw =
            answer.flaw("a PATCH of what the same request creates is not done").expected("201, 201, 200");
        return Err(flaw.got(told(&results)).into());
    }
    Ok(())
}

check! {
    /// Only `bulkId:…` is a reference: a bare bulkId in a member is the id of nothing.
    ///
    /// Why: an id that happens to equal a bulkId of the request would be replaced by somebody else's.
    ///
    /// Fix: replace values that begin with `bulkId:`, and no others.
    BARE = bare,
    id: "bulk.bare-bulk-id",
    title: "a bulkId without its prefix is no reference",
    level: Should,
    requirements: ["RFC7644-3.7.2-01"],
    needs: [Bulk, Users, Groups],
    breaks: [],
}

async fn bare(t: &Trial) -> Verdict {
    let (users, groups) = (t.users()?, t.groups()?);
    let bulk_id = t.ground().fresh_name();
    let operations = [post(t, &users, &bulk_id).await?, group(t, &groups, "g", &[&bulk_id]).await?];
    let (answer, results) = results(t, &operations).await?;
    let user = created(t, &users, &answer, result_of(&operations, &results, 0))?;
    let Some(group) =
        result_of(&operations, &results, 1).filter(|result| is_success(result)).and_then(new_id)
    else {
        return Ok(());
    };
    let stored = t.get(&format!("{}/{group}", groups.endpoint())).await?;
    if stored.json.as_ref().is_some_and(|json| members(json).contains(&user.id.as_str())) {
        let flaw =
            answer.flaw("a bulkId without `bulkId:` is replaced").expected("status 400, or no such member");
        return Err(flaw.got(user.id).into());
    }
    Ok(())
}
