//! Creating resources (RFC 7644 §3.3).

use serde_json::Value;

use crate::conformance::check::{Check, check};
use crate::conformance::trial::{Answer, Trial};
use crate::conformance::verdict::Verdict;

pub(super) const CHECKS: &[Check] = &[MINIMAL, ID, DUPLICATE];

check! {
    /// A POST with nothing but what the schema demands creates a resource and is answered with 201.
    ///
    /// Why: identity providers send what their administrators map, which may be little. A target that demands more than its
    /// schema says refuses people for reasons that nobody can see beforehand.
    ///
    /// Fix: accept a body with the required attributes of /Schemas, or mark there what is required besides.
    MINIMAL = minimal,
    id: "create.minimal",
    title: "a resource can be created from its required attributes",
    level: Must,
    requirements: ["RFC7644-3.3-01", "RFC7644-3.3-10"],
    needs: [],
    breaks: [Okta, Entra, OneLogin, JumpCloud, Ping],
}

async fn minimal(t: &Trial) -> Verdict {
    for kind in t.kinds() {
        let answer = t.post(kind.endpoint(), &t.minimal(kind)).await?;
        t.soft(answer.expect_status(&[201]))?;
    }
    Ok(())
}

check! {
    /// The server gives every new resource an id: text that is not empty, the same in every answer.
    ///
    /// Why: the id is the only link that an identity provider keeps. Without it, or when it changes, the next change of a
    /// person goes nowhere or creates a second account.
    ///
    /// Fix: return `id` as a non-empty JSON string in the answer to POST, and return the same one from then on.
    ID = id,
    id: "create.id",
    title: "a new resource has an id that stays",
    level: Must,
    requirements: ["RFC7643-3.1-05", "RFC7643-3.1-06", "RFC7643-3.1-08"],
    needs: [Users],
    breaks: [Okta, Entra, OneLogin, JumpCloud, Ping],
}

async fn id(t: &Trial) -> Verdict {
    let users = t.users()?;
    let answer = t.post(users.endpoint(), &t.body(&users).await?).await?;
    let created = t.created_by(&users, &answer)?;
    // A body is a SHOULD; where there is one, it has the id.
    if !answer.body.is_empty() {
        expect_id(&answer, answer.resource()?, &created.id)?;
    }
    let read = t.get(&created.path).await?;
    read.expect_status(&[200])?;
    expect_id(&read, read.resource()?, &created.id)
}

fn expect_id(answer: &Answer, resource: &Value, id: &str) -> Verdict {
    match &resource["id"] {
        Value::String(given) if given == id => Ok(()),
        other => Err(answer
            .flaw(format!("the answer to {} has another `id` than the resource", answer.asked))
            .expected(format!("\"id\": \"{id}\""))
            .got(format!("\"id\": {other}"))
            .into()),
    }
}

check! {
    /// A POST with a userName that somebody has already is refused with 409 and the scimType `uniqueness`.
    ///
    /// Why: identity providers retry, and two of them may know the same person. Without the conflict there are two
    /// accounts for one person, and only one of them is ever deactivated.
    ///
    /// Fix: keep a unique index on the case-folded userName, and answer 409 with `"scimType": "uniqueness"` when it is hit.
    DUPLICATE = duplicate,
    id: "create.duplicate",
    title: "a userName that is taken is refused with 409 uniqueness",
    level: Must,
    requirements: ["RFC7644-3.3-04", "RFC7643-4.1.1-03"],
    needs: [Users],
    breaks: [Okta, Entra, OneLogin],
}

async fn duplicate(t: &Trial) -> Verdict {
    let users = t.users()?;
    let first = t.body(&users).await?;
    t.create_from(&users, &first).await?;
    let mut second = t.body(&users).await?;
    second["userName"] = first["userName"].clone();
    let answer = t.post(users.endpoint(), &second).await?;
    if answer.is_success() {
        return Err(answer
            .flaw("a second user with the same userName was created")
            .expected("409 uniqueness")
            .got(answer.said())
            .into());
    }
    answer.expect_status(&[409])?;
    answer.expect_error(&[409], Some("uniqueness"))?;
    Ok(())
}
