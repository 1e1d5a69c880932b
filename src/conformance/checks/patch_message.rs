//! The PATCH message and its paths (RFC 7644 §3.5.2).

use serde_json::{Value, json};

use super::query::breaking;
use super::subject::{Listing, Refusal, Subject, fresh, mistake, texts, with};
use crate::conformance::check::{Check, check};
use crate::conformance::trial::{Slot, Trial};
use crate::conformance::verdict::{Stop, Verdict};
use crate::protocol::message::{LIST_RESPONSE, PATCH_OP};

pub(super) const CHECKS: &[Check] = &[
    SCHEMAS,
    OPERATIONS,
    UNKNOWN_OP,
    MISSING_OP,
    CASE,
    QUALIFIED,
    MALFORMED_PATH,
    BROKEN_FILTER,
    ARRAY_INDEX,
    UNKNOWN_PATH,
];

/// A message of the wrong form.
const SYNTAX: Refusal =
    Refusal { keywords: &["invalidSyntax", "invalidValue"], is_demanded: false, answer: &[] };
/// A path that is no path.
const PATH: Refusal =
    Refusal { keywords: &["invalidPath", "invalidFilter"], is_demanded: false, answer: &[] };

/// A user and a harmless operation on it.
async fn user(t: &Trial) -> Result<(Subject, Slot), Stop> {
    let users = t.users()?;
    let slot = texts(t, &users, 1).await?.swap_remove(0);
    Ok((Subject::of(t, &users, &t.body(&users).await?).await?, slot))
}

check! {
    /// A PATCH message names the PatchOp schema in an array. Where `schemas` is no such thing, the message is refused
    /// with 400; where it is missing or names something else, it is refused, or carried out all the same, and never
    /// confirmed without effect.
    ///
    /// Why: a body of another kind that is sent to the wrong place would be taken for a list of operations. Clients
    /// that forget the URI work with this target and with no other.
    ///
    /// Fix: refuse a body whose `schemas` do not have urn:ietf:params:scim:api:messages:2.0:PatchOp, with 400
    /// invalidSyntax.
    SCHEMAS = schemas,
    id: "patch.message-schemas",
    title: "a PATCH message with `schemas` of the wrong form is refused",
    level: Should,
    requirements: ["RFC7644-3.5.2-03"],
    needs: [Patch, Users],
    breaks: [],
}

async fn schemas(t: &Trial) -> Verdict {
    let (mut subject, slot) = user(t).await?;
    let operations = |value: &Value| json!([{ "op": "replace", "path": slot.path(), "value": value }]);
    let wrong = (
        "a PATCH message whose `schemas` is a number".to_owned(),
        json!({ "schemas": 7, "Operations": operations(&fresh(t, &slot)) }),
    );
    subject.refuses(t, &SYNTAX, [wrong]).await?;
    subject.before = t.read(&subject.created).await?;
    // Many targets do without, and no client is hurt by that.
    for schemas in [Value::Null, json!([LIST_RESPONSE])] {
        let value = fresh(t, &slot);
        let mut message = json!({ "Operations": operations(&value) });
        let told = match schemas.is_null() {
            true => "a PATCH message without `schemas`",
            false => "a PATCH message with the schema of a ListResponse",
        };
        if !schemas.is_null() {
            message["schemas"] = schemas;
        }
        let answer = t.call("PATCH", &subject.created.path, Some(&message)).await?;
        let after = subject.now(t, &answer).await?;
        if answer.is_success() {
            let expected = with(&subject.before, &slot, value);
            t.soft(subject.judge(&answer, told, &expected, &after))?;
        } else {
            SYNTAX.judge(t, told, &answer);
            t.soft(subject.judge_unchanged(&answer, told, &after))?;
        }
        subject.before = after;
    }
    Ok(())
}

check! {
    /// A PATCH message has `Operations`, an array of at least one operation; anything else is refused with 400.
    ///
    /// Why: the Microsoft validator sends an empty array, and more than one server has answered with 500. A 2xx hides
    /// that the client wrote `operations` or sent an object, and that nothing was changed.
    ///
    /// Fix: check the member before the operations, and answer 400 invalidSyntax when it is missing, no array, or
    /// empty.
    OPERATIONS = operations,
    id: "patch.message-operations",
    title: "a PATCH message without operations is refused",
    level: Should,
    requirements: ["RFC7644-3.5.2-04"],
    needs: [Patch, Users],
    breaks: [Entra],
}

async fn operations(t: &Trial) -> Verdict {
    let (subject, _) = user(t).await?;
    let mistakes = [
        ("a PATCH message without `Operations`", json!({ "schemas": [PATCH_OP] })),
        (
            "a PATCH message with an empty array of operations",
            json!({ "schemas": [PATCH_OP], "Operations": [] }),
        ),
        (
            "a PATCH message whose `Operations` are text",
            json!({ "schemas": [PATCH_OP], "Operations": "replace" }),
        ),
        ("a PATCH message whose operation is a number", json!({ "schemas": [PATCH_OP], "Operations": [7] })),
    ];
    let mistakes = mistakes.map(|(told, message)| (told.to_owned(), message));
    subject.refuses(t, &SYNTAX, mistakes).await.map(drop)
}

check! {
    /// The operations are add, replace and remove. Others, such as the move, copy and test of JSON Patch, are refused
    /// with 400.
    ///
    /// Why: a target that skips what it does not know confirms changes that it did not make, and mistakes of clients
    /// stay hidden until somebody misses the change.
    ///
    /// Fix: answer 400 with invalidSyntax or invalidValue when `op` is none of the three.
    UNKNOWN_OP = unknown_op,
    id: "patch.unknown-op",
    title: "an operation other than add, replace and remove is refused",
    level: Should,
    requirements: ["RFC7644-3.5.2-06", "RFC7644-3.5.2-02"],
    needs: [Patch, Users],
    breaks: [],
}

async fn unknown_op(t: &Trial) -> Verdict {
    let (subject, slot) = user(t).await?;
    let mistakes = ["move", "test", "update", ""].map(|op| {
        mistake(json!([{ "op": op, "path": slot.path(), "from": "userName", "value": fresh(t, &slot) }]))
    });
    subject.refuses(t, &SYNTAX, mistakes).await.map(drop)
}

check! {
    /// Every operation says by `op` what it is; one without is refused with 400.
    ///
    /// Why: a target that guesses does something other than the client meant, and tells it that all is well.
    ///
    /// Fix: answer 400 invalidSyntax when `op` is missing or is no text.
    MISSING_OP = missing_op,
    id: "patch.missing-op",
    title: "an operation without `op` is refused",
    level: Should,
    requirements: ["RFC7644-3.5.2-05"],
    needs: [Patch, Users],
    breaks: [],
}

async fn missing_op(t: &Trial) -> Verdict {
    let (subject, slot) = user(t).await?;
    let message = |operation: Value| json!({ "schemas": [PATCH_OP], "Operations": [operation] });
    let mistakes = [
        (
            "an operation without `op`".to_owned(),
            message(json!({ "path": slot.path(), "value": fresh(t, &slot) })),
        ),
        (
            "an operation whose `op` is a number".to_owned(),
            message(json!({ "op": 1, "path": slot.path(), "value": fresh(t, &slot) })),
        ),
    ];
    subject.refuses(t, &SYNTAX, mistakes).await.map(drop)
}

check! {
    /// Names in a path are the same in any letter case: of attributes, of sub-attributes, of operators and within
    /// filters.
    ///
    /// Why: mappings are typed by hand, and the suite of Microsoft sends names in odd case. A target that compares
    /// exactly answers 400, or worse, stores a second attribute beside the first.
    ///
    /// Fix: compare attribute names, schema URIs and filter operators without regard to case.
    CASE = case,
    id: "patch.path-case",
    title: "paths are read in any letter case",
    level: Must,
    requirements: ["RFC7644-3.5.2-17", "RFC7644-3.10-05"],
    needs: [Patch, Users],
    breaks: [Entra],
}

async fn case(t: &Trial) -> Verdict {
    let users = t.users()?;
    let slot = texts(t, &users, 1).await?.swap_remove(0);
    let mut subject = Subject::of(t, &users, &t.body(&users).await?).await?;
    for path in [slot.path().to_uppercase(), slot.path().to_lowercase()] {
        let value = fresh(t, &slot);
        let expected = with(&subject.before, &slot, value.clone());
        let operations = json!([{ "op": "replace", "path": path, "value": value }]);
        let after = subject.becomes(t, operations, &expected).await;
        if let Some(after) = t.soft(after)? {
            subject.before = after;
        } else {
            subject.before = t.read(&subject.created).await?;
        }
    }
    let Ok(listing) = Listing::of(t, &users, &[0, 1], false).await else { return Ok(()) };
    let name = listing.list.value.leaf().name.to_uppercase();
    let path = listing.list.slot.path().to_uppercase();
    let operations = json!([{ "op": "remove", "path": format!("{path}[{name} EQ {}]", listing.value(0)) }]);
    let expected = listing.with(listing.only(&[1]));
    let Err(stop) = listing.subject.becomes(t, operations, &expected).await else { return Ok(()) };
    // A target that cannot do it in the usual case either has another problem, which other checks tell.
    let usual = json!([{ "op": "remove", "path": listing.with_value(0) }]);
    match listing.subject.becomes(t, usual, &expected).await {
        Ok(_) => Err(stop),
        Err(_) => Ok(()),
    }
}

check! {
    /// A path may name an attribute of the core schema with its URI before it, or without; both mean the same, and no
    /// other hint is needed.
    ///
    /// Why: clients that qualify every attribute do so for core attributes as well. The URI has dots and colons of its
    /// own, and targets that split at the first of them miss the attribute, or store the value under a piece of the
    /// URI.
    ///
    /// Fix: take the longest known schema URI off the beginning of the path, then read the rest as the attribute.
    QUALIFIED = qualified,
    id: "patch.path-qualified",
    title: "a path may name a core attribute with its schema URI",
    level: Must,
    requirements: ["RFC7644-3.5.2-17", "RFC7644-3.5.2-18"],
    needs: [Patch, Users],
    breaks: [Entra],
}

async fn qualified(t: &Trial) -> Verdict {
    let users = t.users()?;
    let urn = &users.schema.core.id;
    let found = texts(t, &users, 1).await?;
    let core = |sub: bool| found.iter().find(|slot| slot.extension.is_none() && slot.sub.is_some() == sub);
    let mut subject = Subject::full(t, &users).await?;
    for slot in [core(false), core(true)].into_iter().flatten() {
        for path in [slot.path(), format!("{urn}:{}", slot.path())] {
            let value = fresh(t, slot);
            let expected = with(&subject.before, slot, value.clone());
            let operations = json!([{ "op": "replace", "path": path.as_str(), "value": value }]);
            let rule = if path.starts_with(urn.as_str()) { "RFC7644-3.5.2-17" } else { "RFC7644-3.5.2-18" };
            let after = breaking(subject.becomes(t, operations, &expected).await, &[rule]);
            if let Some(after) = t.soft(after)? {
                subject.before = after;
            } else {
                subject.before = t.read(&subject.created).await?;
            }
        }
    }
    Ok(())
}

check! {
    /// A path that does not follow the grammar is refused with 400 invalidPath.
    ///
    /// Why: a path that cannot be read is a mistake of the client, which nobody finds when the target skips it. Where
    /// it is taken for no path at all, the value is written over the resource.
    ///
    /// Fix: parse paths by the grammar of the RFC, and answer 400 invalidPath when something is left over or missing.
    MALFORMED_PATH = malformed_path,
    id: "patch.malformed-path",
    title: "a malformed path is refused with invalidPath",
    level: Should,
    requirements: ["RFC7644-3.5.2-09", "RFC7644-3.12-24"],
    needs: [Patch, Users],
    breaks: [],
}

async fn malformed_path(t: &Trial) -> Verdict {
    let (subject, slot) = user(t).await?;
    let name = slot.path();
    let mistakes = ["..".to_owned(), format!("{name}."), format!("{name}]"), format!("{name} {name}")]
        .map(|path| mistake(json!([{ "op": "replace", "path": path, "value": fresh(t, &slot) }])));
    subject.refuses(t, &PATH, mistakes).await.map(drop)
}

check! {
    /// A filter in a path that cannot be read is refused with 400, invalidPath or invalidFilter.
    ///
    /// Why: a target that drops a broken filter applies the operation to all values of the attribute, or to the
    /// resource: a removal of one member becomes a removal of all.
    ///
    /// Fix: parse the filter in brackets like the one of a query, and refuse the request when that fails.
    BROKEN_FILTER = broken_filter,
    id: "patch.broken-filter",
    title: "a path with a broken filter is refused",
    level: Should,
    requirements: ["RFC7644-3.5.2-09", "RFC7644-3.12-19"],
    needs: [Patch, Users],
    breaks: [Okta, Entra],
}

async fn broken_filter(t: &Trial) -> Verdict {
    let users = t.users()?;
    let listing = Listing::of(t, &users, &[0, 1], false).await?;
    let (path, value) = (listing.list.slot.path(), &listing.list.value.leaf().name);
    let one = listing.another(t, 0);
    let object = json!({ listing.list.slot.attribute.name.as_str(): [one] });
    let operations = [
        json!([{ "op": "remove", "path": format!("{path}[{value} eq {}", listing.value(0)) }]),
        json!([{ "op": "remove", "path": format!("{path}[{value} eq]") }]),
        json!([{ "op": "remove", "path": format!("{path}[]") }]),
        json!([{ "op": "replace", "path": format!("{path}[{value} is {}].{value}", listing.value(0)), "value": one[value] }]),
        json!([{ "op": "replace", "path": format!("{path}[broken"), "value": object }]),
    ];
    listing.subject.refuses(t, &PATH, operations.map(mistake)).await.map(drop)
}

check! {
    /// Paths of JSON Patch, by array index or with slashes, are no paths of SCIM, and are refused with 400.
    ///
    /// Why: values of an attribute have no order, and so an index hits whatever happens to stand there. Tools that were
    /// made for JSON Patch would change somebody's first address instead of the one that was meant.
    ///
    /// Fix: refuse brackets that hold no filter, and slashes, with 400 invalidPath.
    ARRAY_INDEX = array_index,
    id: "patch.array-index",
    title: "a path with an array index or slashes is refused",
    level: Should,
    requirements: ["RFC7644-3.5.2-02"],
    needs: [Patch, Users],
    breaks: [],
}

async fn array_index(t: &Trial) -> Verdict {
    let users = t.users()?;
    let listing = Listing::of(t, &users, &[0, 1], false).await?;
    let (path, value) = (listing.list.slot.path(), &listing.list.value.leaf().name);
    let one = listing.another(t, 0)[value].clone();
    let paths = [format!("{path}[0].{value}"), format!("/{path}/0/{value}"), format!("{path}/0")];
    let mistakes = paths.map(|path| mistake(json!([{ "op": "replace", "path": path, "value": one }])));
    listing.subject.refuses(t, &PATH, mistakes).await.map(drop)
}

check! {
    /// A path that names no attribute of the schemas is refused or ignored. It is never stored, nor does it change
    /// anything else.
    ///
    /// Why: administrators map attributes that a target does not have. Where such a name is stored as it stands, it
    /// comes back in every answer and breaks clients that check against the schema.
    ///
    /// Fix: look the attribute up in the schemas of the resource type; where it is not there, answer 400 invalidPath,
    /// or skip the operation.
    UNKNOWN_PATH = unknown_path,
    id: "patch.unknown-path",
    title: "a path to an unknown attribute changes nothing",
    level: Should,
    requirements: ["RFC7644-3.5.2-10"],
    needs: [Patch, Users],
    breaks: [Entra],
}

async fn unknown_path(t: &Trial) -> Verdict {
    let users = t.users()?;
    let subject = Subject::full(t, &users).await?;
    let name = format!("x{}", t.ground().fresh_name());
    let extension = format!("urn:example:params:scim:schemas:2.0:{name}:{name}");
    for path in [name, extension] {
        let (told, message) = mistake(json!([{ "op": "replace", "path": path, "value": "x" }]));
        let answer = t.call("PATCH", &subject.created.path, Some(&message)).await?;
        if !answer.is_success() {
            subject.blocked_without_patch(t, &answer).await?;
            let refusal = Refusal {
                keywords: &["invalidPath", "noTarget", "invalidValue", "invalidSyntax"],
                is_demanded: false,
                answer: &[],
            };
            refusal.judge(t, &told, &answer);
        }
        let after = subject.now(t, &answer).await?;
        if let Err(Stop::Problem(flaw)) = subject.judge_unchanged(&answer, &told, &after) {
            t.note(flaw.violation());
        }
    }
    Ok(())
}
