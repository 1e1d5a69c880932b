//! PATCH as a whole: whether it is there, what it answers, order and atomicity (RFC 7644 §3.5.2).

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::subject::{Listing, Subject, changes, differences, fresh, mistake, texts, told, with};
use crate::conformance::check::{Check, check};
use crate::conformance::discovery::{Kind, Role, Support};
use crate::conformance::trial::slot::{is_plain, slots};
use crate::conformance::trial::{Answer, Slot, Trial, shortened};
use crate::conformance::verdict::{Flaw, Stop, Verdict, skip};
use crate::protocol::message::member;
use crate::protocol::schema::Type;
use crate::protocol::value::{DateTime, parse_date_time};

pub(super) const CHECKS: &[Check] = &[
    OFFERED,
    UNSUPPORTED,
    SUPPORTED,
    STATUS,
    BODY,
    ATTRIBUTES,
    UNKNOWN_ID,
    KEEPS_REST,
    EVERY_ATTRIBUTE,
    SEVERAL,
    ORDER,
    ATOMIC,
    ERROR_BODY,
    LAST_MODIFIED,
];

/// How long a resource must have been there before a new modification time must differ from the time of creation, however
/// coarse the clock of the target is below its digits.
const CLOCK: Duration = Duration::from_millis(20);
/// How often a change is repeated until that much time is over.
const CHANGES: usize = 60;

check! {
    /// A service provider should offer PATCH, so that a change of one attribute does not need the whole resource.
    ///
    /// Why: Entra ID knows no other way to change anything, and Okta turns to it for groups, for deactivation and for passwords.
    /// Without PATCH, a change of one member means sending all members, and two clients at once overwrite each other.
    ///
    /// Fix: implement PATCH and say `"patch": {"supported": true}` in /ServiceProviderConfig.
    OFFERED = offered,
    id: "patch.offered",
    title: "PATCH is offered",
    level: Should,
    requirements: ["RFC7644-3.5-02"],
    needs: [],
    breaks: [Okta, Entra, OneLogin],
}

async fn offered(t: &Trial) -> Verdict {
    match t.discovery().supports("patch", "supported") {
        Support::Yes => Ok(()),
        Support::No(reason) => {
            Err(Flaw::new("PATCH is not offered").expected("patch.supported = true").got(reason).into())
        }
        Support::Unknown(reason) => skip(format!("{reason}; `patch.supported` tries it")),
    }
}

check! {
    /// A service provider that says that it has no PATCH answers PATCH with 501.
    ///
    /// Why: 501 tells the client to change the resource by PUT. With 404 it concludes that the resource is gone and may create it
    /// anew; with 200 it believes that the change was made.
    ///
    /// Fix: answer 501 with an Error body for every PATCH as long as `patch.supported` is false.
    UNSUPPORTED = unsupported,
    id: "patch.unsupported",
    title: "PATCH that is not offered is answered with 501",
    level: May,
    requirements: ["RFC7644-3.5.2-01", "RFC7644-3.12-18"],
    needs: [Users],
    breaks: [],
}

async fn unsupported(t: &Trial) -> Verdict {
    let Support::No(_) = t.discovery().supports("patch", "supported") else {
        return skip("the target does not say that it has no PATCH");
    };
    let users = t.users()?;
    let subject = Subject::of(t, &users, &t.body(&users).await?).await?;
    let operations = json!([{ "op": "replace", "path": "userName", "value": subject.before["userName"] }]);
    let answer = t.patch(&subject.created.path, operations).await?;
    // 405 says the same of a method.
    if matches!(answer.status, 501 | 405) {
        return Ok(());
    }
    Err(answer
        .flaw("PATCH is not offered, and yet it is not answered with 501")
        .expected("501")
        .got(answer.said())
        .into())
}

check! {
    /// What /ServiceProviderConfig says about PATCH is true: a simple change of a user, and of a group where there are groups,
    /// is made.
    ///
    /// Why: clients read the configuration once and then rely on it. Okta sees 501 on a PATCH as an error and does not try PUT
    /// instead.
    ///
    /// Fix: route PATCH for every resource endpoint, or say `"patch": {"supported": false}`.
    SUPPORTED = supported,
    id: "patch.supported",
    title: "PATCH works as /ServiceProviderConfig says",
    level: Must,
    requirements: ["RFC7644-3.5-03"],
    needs: [Patch],
    breaks: [Okta, Entra, OneLogin],
}

async fn supported(t: &Trial) -> Verdict {
    for kind in t.kinds() {
        let created = t.create(kind).await?;
        let name = if kind.role == Role::User { "userName" } else { "displayName" };
        let slot = match t.survey(kind).await?.texts(&kind.schema).into_iter().next() {
            Some(slot) => slot.path(),
            None => name.to_owned(),
        };
        let tag = t.ground().fresh_name();
        let value = if slot == "userName" { format!("{tag}@example.com") } else { tag };
        let operations = json!([{ "op": "replace", "path": slot, "value": value }]);
        let answer = t.patch(&created.path, operations).await?;
        if !answer.is_success() {
            t.note(
                answer
                    .flaw(format!("a simple PATCH of a {} is answered {}", kind.name(), answer.said()))
                    .expected("200 or 204")
                    .got(answer.said()),
            );
        }
    }
    Ok(())
}

check! {
    /// A PATCH that worked is answered with 200 and the whole resource, or with 204 and no body.
    ///
    /// Why: clients decide by these two what to do with the body. Entra ID and Okta take a 200 without a resource, or another 2xx, for an
    /// error, and repeat the change in every cycle.
    ///
    /// Fix: answer 200 with the complete resource, or 204 with nothing after the header. An ETag in either is that of the new state.
    STATUS = status,
    id: "patch.status",
    title: "PATCH answers 200 with the resource, or 204 without a body",
    level: Must,
    requirements: ["RFC7644-3.5.2-26", "RFC9110-15.3.5-01"],
    needs: [Patch, Users],
    breaks: [Okta, Entra],
}

async fn status(t: &Trial) -> Verdict {
    let users = t.users()?;
    let slot = texts(t, &users, 1).await?.swap_remove(0);
    let subject = Subject::of(t, &users, &t.body(&users).await?).await?;
    let operations = json!([{ "op": "replace", "path": slot.path(), "value": fresh(t, &slot) }]);
    let answer = subject.patch(t, operations).await?;
    match answer.status {
        200 => {
            let resource = answer.resource()?;
            if resource.get("id").and_then(Value::as_str) != Some(subject.created.id.as_str()) {
                t.note(
                    answer
                        .flaw("the body of the answer to PATCH is not the resource")
                        .expected(format!("the resource {}", subject.created.id))
                        .got(shortened(&resource.to_string()))
                        .breaks(&["RFC7644-3.5.2-26"]),
                );
            }
        }
        204 if answer.body.is_empty() => {}
        204 => t.note(answer.flaw("204 comes with a body").expected("no body").got("a body")),
        _ => t.note(
            answer
                .flaw(format!("PATCH succeeds with {}", answer.said()))
                .expected("200 with the resource, or 204")
                .got(answer.said())
                .breaks(&["RFC7644-3.5.2-26"]),
        ),
    }
    let Some(tag) = answer.headers.get("etag").map(str::to_owned) else { return Ok(()) };
    let read = t.get(&subject.view).await?;
    match read.headers.get("etag") {
        Some(now) if now != tag => Err(answer
            .flaw("the ETag of the answer to PATCH is not that of the new state")
            .expected(now)
            .got(tag)
            .breaks(&["RFC9110-15.3.5-01"])
            .into()),
        _ => Ok(()),
    }
}

check! {
    /// The resource in the answer to PATCH is the resource as it is afterwards: the next GET shows the same.
    ///
    /// Why: identity providers take the answer for the truth and do not read again. When it shows the old state, they repeat the change
    /// for ever; when it only echoes the request, they believe in values that were never stored.
    ///
    /// Fix: build the answer from what was stored, after it was stored, and not from the request or from the copy that was
    /// loaded before.
    BODY = body,
    id: "patch.body",
    title: "the body of the answer to PATCH is the resource as it is stored",
    level: Must,
    requirements: ["RFC7644-3.5.2-26", "RFC7644-3.1-06"],
    needs: [Patch, Users],
    breaks: [Okta, Entra, JumpCloud],
}

async fn body(t: &Trial) -> Verdict {
    let users = t.users()?;
    let slots = texts(t, &users, 2).await?;
    let subject = Subject::full(t, &users).await?;
    let removable = slots.iter().find(|slot| !slot.leaf().required && slot.get(&subject.before).is_some());
    let mut steps = vec![
        json!([{ "op": "replace", "path": slots[0].path(), "value": fresh(t, &slots[0]) }]),
        json!([{ "op": "add", "path": slots[1].path(), "value": fresh(t, &slots[1]) }]),
    ];
    if let Some(list) = t.survey(&users).await?.lists(&users.schema).first() {
        let element = list.element(&t.ground().fresh_name(), 0);
        steps.push(json!([{ "op": "add", "path": list.slot.path(), "value": [element] }]));
    }
    if let Some(slot) = removable {
        steps.push(json!([{ "op": "remove", "path": slot.path() }]));
    }
    let mut seen = false;
    for operations in steps {
        let told = told(&operations);
        let answer = t.patch(&subject.created.path, operations).await?;
        if answer.status != 200 || answer.body.is_empty() {
            continue;
        }
        seen = true;
        let shown = answer.resource()?;
        let stored = t.read(&subject.created).await?;
        for difference in differences(&users, &stored, &stored, shown) {
            t.note(
                answer
                    .flaw(format!(
                        "the answer to {told} is not what is stored: {} in the answer",
                        difference.text
                    ))
                    .expected("the resource as the next GET shows it"),
            );
        }
        if member_of_meta(shown, "version") != member_of_meta(&stored, "version") {
            t.note(
                answer
                    .flaw(format!("the answer to {told} has another `meta.version` than the next GET"))
                    .expected(words(member_of_meta(&stored, "version")))
                    .got(words(member_of_meta(shown, "version"))),
            );
        }
    }
    if seen { Ok(()) } else { skip("PATCH is answered without a body") }
}

check! {
    /// A PATCH with the query parameter `attributes` is answered with 200 and these attributes, never with 204.
    ///
    /// Why: a client that names attributes wants to see them, for example a value that the target has to make. With 204 it would have to ask
    /// again, and between the two requests somebody else may change the resource.
    ///
    /// Fix: when the request has `attributes`, answer 200 with the resource cut down to them, as a GET would be.
    ATTRIBUTES = attributes,
    id: "patch.attributes-parameter",
    title: "PATCH with `attributes` answers 200 with these attributes",
    level: Must,
    requirements: ["RFC7644-3.5.2-27"],
    needs: [Patch, Users],
    breaks: [],
}

async fn attributes(t: &Trial) -> Verdict {
    let users = t.users()?;
    let slot = texts(t, &users, 1).await?.swap_remove(0);
    let subject = Subject::of(t, &users, &t.body(&users).await?).await?;
    let value = fresh(t, &slot);
    let operations = json!([{ "op": "replace", "path": slot.path(), "value": value }]);
    let target = format!("{}?attributes={}", subject.created.path, slot.path());
    let answer = t.patch(&target, operations.clone()).await?;
    if !answer.is_success() {
        // Whether it would work without.
        subject.patch(t, operations).await?;
    }
    answer.expect_status(&[200])?;
    let shown = answer.resource()?;
    if slot.get(shown) != Some(&value) {
        return Err(answer
            .flaw(format!("the answer does not have `{}`, which was asked for", slot.path()))
            .expected(format!("{}: {value}", slot.path()))
            .got(shortened(&shown.to_string()))
            .into());
    }
    if slot.path() != "userName" && shown.get("userName").is_some() && !is_always(&users, "userName") {
        t.note(
            answer
                .flaw("the answer has `userName`, which was not asked for")
                .expected(format!("`{}` and what is always returned", slot.path()))
                .got(shortened(&shown.to_string()))
                .concern(),
        );
    }
    Ok(())
}

fn is_always(kind: &Kind, name: &str) -> bool {
    use crate::protocol::schema::{Returned, find};
    find(&kind.schema.core.attributes, name).is_some_and(|attribute| attribute.returned == Returned::Always)
}

check! {
    /// PATCH of a resource that does not exist is answered with 404.
    ///
    /// Why: 404 is how identity providers learn that a person was deleted behind their back, and create the account again. After a 2xx they
    /// believe that a user is active who is not there; after a 400 or 500 they retry for days.
    ///
    /// Fix: look the resource up before anything else, and answer 404 with an Error body.
    UNKNOWN_ID = unknown_id,
    id: "patch.unknown-id",
    title: "PATCH of a resource that does not exist is answered with 404",
    level: Must,
    requirements: ["RFC7644-3.5.2-28"],
    needs: [Patch, Users],
    breaks: [Okta, Entra],
}

async fn unknown_id(t: &Trial) -> Verdict {
    let users = t.users()?;
    let path = t.absent(&users).await?;
    let operations = json!([{ "op": "replace", "path": "userName", "value": format!("{}@example.com", t.ground().fresh_name()) }]);
    let answer = t.patch(&path, operations).await?;
    if answer.status == 404 {
        return Ok(());
    }
    Err(answer
        .flaw(format!("PATCH of a resource that is not there is answered {}", answer.said()))
        .expected("404")
        .got(answer.said())
        .into())
}

check! {
    /// A PATCH of one attribute leaves every other attribute as it was: other values, other extensions, the primary value of a list,
    /// the time of creation and the id.
    ///
    /// Why: targets that load a resource into an internal model and write it back lose whatever the model does not have. Nobody
    /// notices until a phone number, a cost centre or the role of somebody is gone.
    ///
    /// Fix: apply the operations to the stored resource itself, and write only what they name.
    KEEPS_REST = keeps_rest,
    id: "patch.keeps-rest",
    title: "PATCH of one attribute leaves everything else as it was",
    level: Must,
    requirements: ["RFC7644-3.5.2.3-02", "RFC7644-3.5.2.1-03", "RFC7643-3.1-25", "RFC7643-3.1-08"],
    needs: [Patch, Users],
    breaks: [Okta, Entra, OneLogin, JumpCloud, Ping],
}

async fn keeps_rest(t: &Trial) -> Verdict {
    let users = t.users()?;
    let slot = texts(t, &users, 1).await?.swap_remove(0);
    let mut subject = Subject::full(t, &users).await?;
    let pathless = |value: &Value| {
        let mut object = json!({});
        slot.set(&mut object, value.clone());
        if let Some(object) = object.as_object_mut() {
            object.shift_remove("schemas");
        }
        object
    };
    for op in ["replace", "add"] {
        let value = fresh(t, &slot);
        let operations = match op {
            "replace" => json!([{ "op": op, "path": slot.path(), "value": value }]),
            _ => json!([{ "op": op, "value": pathless(&value) }]),
        };
        let told = told(&operations);
        let answer = subject.patch(t, operations).await?;
        let after = subject.now(t, &answer).await?;
        let expected = with(&subject.before, &slot, value);
        t.soft(subject.judge(&answer, &told, &expected, &after))?;
        let (was, is) = (member_of_meta(&subject.before, "created"), member_of_meta(&after, "created"));
        if instant(was) != instant(is) {
            t.note(
                answer
                    .flaw("PATCH has changed `meta.created`")
                    .expected(words(was))
                    .got(words(is))
                    .breaks(&["RFC7643-3.1-25"]),
            );
        }
        subject.before = after;
    }
    Ok(())
}

check! {
    /// Every attribute that the schema calls readWrite can be changed by PATCH, and the new value is stored.
    ///
    /// Why: administrators map what /Schemas offers. An attribute that is accepted and not stored is sent again in every cycle, and the
    /// people whose job title changes keep the old one.
    ///
    /// Fix: store what the schema calls readWrite, or publish it as readOnly.
    EVERY_ATTRIBUTE = every_attribute,
    id: "patch.every-attribute",
    title: "every simple readWrite attribute can be changed by PATCH",
    level: May,
    requirements: ["RFC7643-7-22"],
    needs: [Patch, Users],
    breaks: [Entra],
}

async fn every_attribute(t: &Trial) -> Verdict {
    for kind in t.kinds() {
        let survey = t.survey(kind).await?;
        let subject = Subject::full(t, kind).await?;
        let mut places: Vec<(Slot, Value)> = Vec::new();
        for slot in
            slots(&kind.schema).filter(|slot| is_plain(&slot.attribute) && !slot.attribute.multi_valued)
        {
            let subs = slot.attribute.sub_attributes.iter().filter(|sub| is_plain(sub) && !sub.multi_valued);
            let leaves: Vec<Slot> = match slot.attribute.is_complex() {
                true => subs.map(|sub| slot.with_sub(sub)).collect(),
                false => vec![slot],
            };
            // What the target makes of parts, and of people who are switched off, is judged elsewhere.
            let leaves = leaves.into_iter().filter(|leaf| {
                survey.keeps(leaf) && !["formatted", "active"].contains(&leaf.leaf().name.as_str())
            });
            for leaf in leaves {
                let value = match leaf.get(&subject.before) {
                    Some(Value::Bool(flag)) => json!(!flag),
                    _ => fresh(t, &leaf),
                };
                places.push((leaf, value));
            }
        }
        if places.is_empty() {
            continue;
        }
        let operation =
            |(slot, value): &(Slot, Value)| json!({ "op": "replace", "path": slot.path(), "value": value });
        let all: Vec<Value> = places.iter().map(operation).collect();
        let answer = t.patch(&subject.created.path, json!(all)).await?;
        let mut last = answer.clone();
        if !answer.is_success() {
            // One after the other, to tell which it is.
            for place in &places {
                let answer = subject.patch(t, json!([operation(place)])).await;
                if let Some(answer) = t.soft(answer)? {
                    last = answer;
                }
            }
            if t.is_clean() {
                t.note(
                    answer
                        .flaw(format!(
                            "{} changes at once are refused, although each is made alone",
                            places.len()
                        ))
                        .expected("200 or 204")
                        .got(answer.said()),
                );
            }
            if !last.is_success() {
                continue;
            }
        }
        let after = subject.now(t, &last).await?;
        for (slot, value) in &places {
            let stored = slot.get(&after);
            if !stored.is_some_and(|stored| crate::protocol::value::equal(slot.leaf(), value, stored))
                && t.is_clean()
            {
                t.note(
                    last.flaw(format!(
                        "`{}` can be created, but a change of it by PATCH is not stored",
                        slot.path()
                    ))
                    .expected(value.to_string())
                    .got(words(stored)),
                );
            }
        }
    }
    Ok(())
}

check! {
    /// Operations on different attributes in one request are all carried out.
    ///
    /// Why: identity providers collect all changes of a person in one request. A target that takes the first, or one for each kind of
    /// operation, stores half of what it confirms.
    ///
    /// Fix: go through the whole array, and apply each operation to the result of the one before.
    SEVERAL = several,
    id: "patch.several-operations",
    title: "all operations of a PATCH are carried out",
    level: Must,
    requirements: ["RFC7644-3.5.2-21"],
    needs: [Patch, Users],
    breaks: [Entra],
}

async fn several(t: &Trial) -> Verdict {
    let users = t.users()?;
    let listing = Listing::of(t, &users, &[0, 1], false).await?;
    let slots = texts(t, &users, 2).await?;
    let (one, two) = (fresh(t, &slots[0]), fresh(t, &slots[1]));
    let element = listing.another(t, 1);
    let operations = json!([
        { "op": "replace", "path": slots[0].path(), "value": one },
        { "op": "add", "path": listing.list.slot.path(), "value": [element] },
        { "op": "remove", "path": listing.with_value(0) },
        { "op": "add", "path": slots[1].path(), "value": two },
    ]);
    let expected = listing.with(vec![listing.sent[1].clone(), element]);
    let expected = with(&with(&expected, &slots[0], one), &slots[1], two);
    listing.subject.becomes(t, operations, &expected).await.map(drop)
}

check! {
    /// Operations are carried out in the order of the array, each on the result of the one before.
    ///
    /// Why: Entra ID sends remove, add and replace of one attribute in one request, and the last one counts. In any other order, people end
    /// up with the value that was meant to go.
    ///
    /// Fix: do not sort or group operations by kind or by path.
    ORDER = order,
    id: "patch.order",
    title: "operations are carried out in order",
    level: Must,
    requirements: ["RFC7644-3.5.2-21"],
    needs: [Patch, Users],
    breaks: [Okta, Entra],
}

async fn order(t: &Trial) -> Verdict {
    let users = t.users()?;
    let mut listing = Listing::of(t, &users, &[0, 1], false).await?;
    let slot = texts(t, &users, 1).await?.swap_remove(0);
    let (first, last) = (fresh(t, &slot), fresh(t, &slot));
    let operations = json!([
        { "op": "replace", "path": slot.path(), "value": first },
        { "op": "replace", "path": slot.path(), "value": last },
    ]);
    let expected = with(&listing.subject.before, &slot, last);
    let after = listing.subject.becomes(t, operations, &expected).await;
    if let Some(after) = t.soft(after)? {
        listing.subject.before = after;
    } else {
        listing.subject.before = t.read(&listing.subject.created).await?;
    }
    let path = listing.list.slot.path();
    let (gone, stays) = (listing.another(t, 0), listing.another(t, 1));
    let operations = json!([
        { "op": "add", "path": path, "value": [gone] },
        { "op": "remove", "path": path },
        { "op": "add", "path": path, "value": [stays] },
    ]);
    let expected = listing.with(vec![stays]);
    t.soft(listing.subject.becomes(t, operations, &expected).await)?;
    Ok(())
}

check! {
    /// A PATCH is done as a whole or not at all: when one operation fails, wherever it stands, the resource is as it was before,
    /// and the answer is an error.
    ///
    /// Why: after an error the client believes that nothing has happened, and repeats the whole request or gives up. Changes that stayed
    /// are applied twice, or are in the target and nowhere else.
    ///
    /// Fix: apply all operations to a copy, check it, and store it in one transaction; on an error drop it.
    ATOMIC = atomic,
    id: "patch.atomic",
    title: "a PATCH that fails anywhere changes nothing",
    level: Must,
    requirements: ["RFC7644-3.5.2-23", "RFC7644-3.5.2-24"],
    needs: [Patch, Users],
    breaks: [Okta, Entra],
}

async fn atomic(t: &Trial) -> Verdict {
    let users = t.users()?;
    let listing = Listing::of(t, &users, &[0, 1, 2], false).await?;
    let mut subject = listing.subject;
    let slot = texts(t, &users, 1).await?.swap_remove(0);
    let path = listing.list.slot.path();
    let value = listing.list.value.leaf().name.as_str();
    let nobody = json!(t.ground().fresh_name());
    // The first fails when it is carried out, the others can be seen to fail beforehand.
    let failures = [
        json!({ "op": "replace", "path": format!("{path}[{value} eq {nobody}].{value}"), "value": nobody }),
        json!({ "op": "replace", "path": "id", "value": nobody }),
        json!({ "op": "remove" }),
    ];
    let mut judged = false;
    for position in 0..3 {
        for failure in &failures {
            let mut operations = vec![
                json!({ "op": "replace", "path": slot.path(), "value": fresh(t, &slot) }),
                json!({ "op": "remove", "path": path }),
            ];
            let at = position.min(operations.len());
            // Where the list is gone, nothing in it can be replaced, which some take for an addition.
            if at == 2 {
                operations.swap_remove(1);
                operations.push(json!({ "op": "add", "path": path, "value": [listing.list.element(&t.ground().fresh_name(), 0)] }));
            }
            operations.insert(at, failure.clone());
            let operations = json!(operations);
            let told = told(&operations);
            let answer = t.patch(&subject.created.path, operations).await?;
            if answer.is_success() {
                subject.before = t.read(&subject.created).await?;
                continue;
            }
            subject.blocked_without_patch(t, &answer).await?;
            judged = true;
            let after = subject.now(t, &answer).await?;
            expect_untouched(t, &subject, &answer, &told, &after);
            subject.before = after;
            break;
        }
    }
    match judged {
        true => Ok(()),
        false => Err(Stop::Blocked(
            "no operation is refused that must be (checks `patch.remove-without-path` and `patch.read-only`)"
                .to_owned(),
        )),
    }
}

fn expect_untouched(t: &Trial, subject: &Subject, answer: &Answer, told: &str, after: &Value) {
    let changed = changes(&subject.kind, &subject.before, after);
    if let Some(first) = changed.first() {
        let place =
            |resource: &Value| first.slot.as_ref().map(|slot| words(slot.get(resource))).unwrap_or_default();
        t.note(
            answer
                .flaw(format!(
                    "{told} fails with {}, and yet it has changed something: {}",
                    answer.status, first.text
                ))
                .expected(shortened(&place(&subject.before)))
                .got(shortened(&place(after))),
        );
        return;
    }
    for name in ["version", "lastModified"] {
        let (was, is) = (member_of_meta(&subject.before, name), member_of_meta(after, name));
        let same = if name == "version" { was == is } else { instant(was) == instant(is) };
        if !same {
            t.note(
                answer
                    .flaw(format!("{told} fails with {}, and yet `meta.{name}` is another", answer.status))
                    .expected(words(was))
                    .got(words(is))
                    .breaks(&["RFC7644-3.5.2-24"]),
            );
        }
    }
}

check! {
    /// A PATCH that fails is answered with an HTTP status and an Error message of SCIM in JSON.
    ///
    /// Why: Okta and Entra ID read the body of errors and show `detail` to the administrator. Without it all that
    /// people see is that something failed.
    ///
    /// Fix: answer with `schemas` that name the Error message, `status` as text, and `scimType` and `detail` that say what is wrong.
    ERROR_BODY = error_body,
    id: "patch.error-body",
    title: "a PATCH that fails is answered with a SCIM Error",
    level: Must,
    requirements: ["RFC7644-3.5.2-25", "RFC7644-3.5.2-16"],
    needs: [Patch, Users],
    breaks: [Okta, Entra],
}

async fn error_body(t: &Trial) -> Verdict {
    let users = t.users()?;
    let subject = Subject::of(t, &users, &t.body(&users).await?).await?;
    let nobody = t.ground().fresh_name();
    let mut judged = false;
    for operations in [
        json!([{ "op": "replace", "path": "id", "value": nobody }]),
        json!([{ "op": "replace", "path": "userName", "value": { "not": "text" } }]),
        json!([{ "op": "remove" }]),
    ] {
        let (told, message) = mistake(operations);
        let answer = t.call("PATCH", &subject.created.path, Some(&message)).await?;
        if answer.is_success() {
            continue;
        }
        subject.blocked_without_patch(t, &answer).await?;
        judged = true;
        if !answer.is_scim_error() {
            t.note(
                answer
                    .flaw(format!("{told} is refused without an Error message"))
                    .expected("a JSON object whose `schemas` name the Error message")
                    .got(match answer.body.is_empty() {
                        true => "no body".to_owned(),
                        false => format!("`{}`", shortened(&String::from_utf8_lossy(&answer.body))),
                    }),
            );
        }
    }
    match judged {
        true => Ok(()),
        false => Err(Stop::Blocked("no mistake is refused (check `patch.read-only`)".to_owned())),
    }
}

check! {
    /// A PATCH that changes something advances `meta.lastModified`, and `meta.version` where there is one.
    ///
    /// Why: imports that go by the time of the last change never see a change that leaves it as it was. Clients that guard against lost
    /// updates by version overwrite each other.
    ///
    /// Fix: set `lastModified` and a new version in the transaction that stores the change.
    LAST_MODIFIED = last_modified,
    id: "patch.last-modified",
    title: "a PATCH that changes something advances meta.lastModified",
    level: Must,
    requirements: ["RFC7644-3.5.2-29", "RFC7643-3.1-27"],
    needs: [Patch, Users],
    breaks: [],
}

async fn last_modified(t: &Trial) -> Verdict {
    let users = t.users()?;
    let slot = texts(t, &users, 1).await?.swap_remove(0);
    let subject = Subject::of(t, &users, &t.body(&users).await?).await?;
    let clock = Instant::now();
    let Some((before, precision)) =
        member_of_meta(&subject.before, "lastModified").and_then(Value::as_str).and_then(moment)
    else {
        return skip("the target does not tell `meta.lastModified`, which other checks judge");
    };
    let mut elapsed = Duration::ZERO;
    let mut last: Option<Answer> = None;
    for _ in 0..CHANGES {
        elapsed = clock.elapsed();
        let operations = json!([{ "op": "replace", "path": slot.path(), "value": fresh(t, &slot) }]);
        last = Some(subject.patch(t, operations).await?);
        if elapsed >= CLOCK {
            break;
        }
    }
    let Some(answer) = last else { return Ok(()) };
    let after = subject.now(t, &answer).await?;
    if slot.get(&after) == slot.get(&subject.before) {
        return Err(Stop::Blocked("the change is not made (check `patch.replace`)".to_owned()));
    }
    let shown = member_of_meta(&after, "lastModified");
    let now = shown.and_then(Value::as_str).and_then(moment);
    let told = words(member_of_meta(&subject.before, "lastModified"));
    let stands = now.is_some_and(|(now, _)| now == before);
    let coarse = now.map_or(precision, |(_, other)| other.min(precision));
    if now.is_none_or(|(now, _)| now < before) || (stands && elapsed >= CLOCK.max(2 * coarse)) {
        t.note(
            answer
                .flaw("a change by PATCH does not advance `meta.lastModified`")
                .expected(format!("later than {told}"))
                .got(words(shown)),
        );
    }
    let version = member_of_meta(&subject.before, "version");
    if version.is_some() && version == member_of_meta(&after, "version") {
        t.note(
            answer
                .flaw("a change by PATCH leaves `meta.version` as it was")
                .expected("another version")
                .got(words(version))
                .breaks(&["RFC7644-3.5.2-29"]),
        );
    }
    Ok(())
}

/// A sub-attribute of `meta`.
pub(super) fn member_of_meta<'v>(resource: &'v Value, name: &str) -> Option<&'v Value> {
    member(member(resource.as_object()?, "meta")?.as_object()?, name).filter(|value| !value.is_null())
}

/// The instant that a value names, or the value itself.
pub(super) fn instant(value: Option<&Value>) -> Result<DateTime, Option<&Value>> {
    value.and_then(Value::as_str).and_then(parse_date_time).ok_or(value)
}

/// A value in a message.
pub(super) fn words(value: Option<&Value>) -> String {
    value.map_or("no value".to_owned(), |value| shortened(&value.to_string()))
}

/// A dateTime, and how fine it is: zeros at the end may mean that nothing finer is known.
fn moment(text: &str) -> Option<(DateTime, Duration)> {
    let time = parse_date_time(text)?;
    let fraction = text.split_once('.').map_or("", |(_, rest)| rest);
    let digits: String = fraction.chars().take_while(char::is_ascii_digit).take(9).collect();
    let digits = digits.trim_end_matches('0').len();
    Some((time, Duration::from_secs_f64(0.1_f64.powi(i32::try_from(digits).ok()?))))
}

/// Simple places of a type that hold true or false.
pub(super) async fn booleans(t: &Trial, kind: &Kind) -> Result<Vec<Slot>, Stop> {
    Ok(t.survey(kind).await?.of_type(&kind.schema, Type::Boolean))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digits_of_a_time_tell_how_fine_it_is() {
        let fine = |text: &str| moment(text).unwrap().1;
        assert_eq!(fine("2024-02-01T00:00:00Z"), Duration::from_secs(1));
        assert_eq!(fine("2024-02-01T00:00:00.000Z"), Duration::from_secs(1));
        assert!(fine("2024-02-01T00:00:00.120+01:00") >= Duration::from_millis(9));
        assert!(fine("2024-02-01T00:00:00.123456Z") < Duration::from_micros(2));
    }
}
