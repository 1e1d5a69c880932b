//! What identity providers send: PATCH of users, the forms of operations and paths.

use serde_json::{Value, json};

use super::interop::{
    enterprise, enterprise_texts, expect, expect_no_crash, expect_no_flat_key, expect_same,
    expect_unassigned, known, mapped_text, patch_body, patched, seen,
};
use super::query::breaking;
use crate::conformance::check::{Check, check};
use crate::conformance::discovery::Kind;
use crate::conformance::trial::{Answer, Created, List, Slot, Trial};
use crate::conformance::verdict::{Stop, Verdict, skip};

pub(super) const CHECKS: &[Check] = &[
    OP_CASE,
    ADD_OR_REPLACE,
    DOTTED_KEYS,
    URN_KEYS,
    URN_PATH,
    CREATE_ON_ABSENT,
    ONLY_MATCHED,
    MANY_ADDS,
    ORDER,
    EMPTY_OPERATIONS,
    EXTRA_KEYS,
    UNKNOWN_PATH,
];

check! {
    /// `Add`, `Replace` and `Remove` are read like `add`, `replace` and `remove`.
    ///
    /// RFC 7644 §3.5.2 writes them in small letters, so that a refusal is right by the letter.
    ///
    /// Why: Microsoft Entra ID begins them with a capital. A server that compares exactly answers 400 to every change, or skips the
    /// operation and says 200.
    ///
    /// Fix: compare `op` without regard to case.
    OP_CASE = op_case,
    id: "interop.op-case",
    title: "Add, Replace and Remove are read in any letter case",
    level: Interop,
    requirements: ["Q-U01"],
    needs: [Users, Patch],
    breaks: [Entra],
}

async fn op_case(t: &Trial) -> Verdict {
    let users = t.users()?;
    let slot = mapped_text(t, &users).await?;
    let user = t.create(&users).await?;
    let mut is_judged = false;
    for op in ["Add", "Replace", "Remove"] {
        if op == "Remove" && slot.leaf().required {
            continue;
        }
        let value = json!(t.ground().fresh_name());
        let operation = |op: &str| match op {
            "Remove" | "remove" => json!([{ "op": op, "path": slot.path() }]),
            _ => json!([{ "op": op, "path": slot.path(), "value": value }]),
        };
        let answer = t.patch(&user.path, operation(op)).await?;
        if !answer.is_success() {
            // What is not known in small letters either says nothing of letter case.
            let small = t.patch(&user.path, operation(&op.to_lowercase())).await?;
            if small.is_success() {
                is_judged = true;
                t.soft(answer.expect_success())?;
            }
            continue;
        }
        is_judged = true;
        let after = t.read(&user).await?;
        if op != "Remove" {
            t.soft(expect(&answer, &after, &slot, &value))?;
            continue;
        }
        // Some put a name together when there is none, and some keep an empty text.
        let is_emptied = slot.get(&after).and_then(Value::as_str) == Some("");
        if slot.path() != "displayName" && !is_emptied {
            t.soft(expect_unassigned(&answer, &after, &slot))?;
        }
    }
    if !is_judged {
        return Err(Stop::Blocked("no operation on a text works (check `patch.supported`)".to_owned()));
    }
    Ok(())
}

check! {
    /// `Add` gives a new value to a single-valued attribute that has one, and `Replace` to one that has none.
    ///
    /// Why: Microsoft Entra ID chooses between the two by what it read last, which may be old. A server that answers «already exists»
    /// or noTarget stops the change, and it is tried again in every cycle.
    ///
    /// Fix: let both set the value (RFC 7644 §3.5.2.1 and §3.5.2.3 say so).
    ADD_OR_REPLACE = add_or_replace,
    id: "interop.add-or-replace",
    title: "Add on a value and Replace on none both set it",
    level: Interop,
    requirements: ["Q-U08", "Q-U09"],
    needs: [Users, Patch],
    breaks: [Entra],
}

async fn add_or_replace(t: &Trial) -> Verdict {
    let users = t.users()?;
    let slot = mapped_text(t, &users).await?;
    let mut body = t.body(&users).await?;
    slot.set(&mut body, json!(t.ground().fresh_name()));
    let user = t.create_from(&users, &body).await?;
    let value = json!(t.ground().fresh_name());
    let add = json!([{ "op": "add", "path": slot.path(), "value": value }]);
    if let Some((answer, after)) = t.soft(breaking(patched(t, &user, add).await, &["Q-U08"]))? {
        t.soft(breaking(expect(&answer, &after, &slot, &value), &["Q-U08"]))?;
    }
    let before = t.read(&user).await?;
    let texts = t.survey(&users).await?.texts(&users.schema);
    let Some(absent) = texts.into_iter().find(|text| text.get(&before).is_none()) else { return Ok(()) };
    let value = absent.sample(&t.ground().fresh_name());
    let replace = json!([{ "op": "replace", "path": absent.path(), "value": value }]);
    let (answer, after) = breaking(patched(t, &user, replace).await, &["Q-U09"])?;
    breaking(expect(&answer, &after, &absent, &value), &["Q-U09"])
}

check! {
    /// In an operation without a path, the key `name.givenName` means the sub-attribute.
    ///
    /// The RFCs do not define such keys. Conflict: the interoperability profile (draft-zollner-scim-interop-profile) demands that operations
    /// without `path` are refused.
    ///
    /// Why: with the flag `aadOptscim062020` Microsoft Entra ID puts all simple changes into one object with dotted keys. A server that
    /// stores the key as it is answers 200, and the name stays what it was.
    ///
    /// Fix: take a key with a dot for a path, and set what it names; leave the other sub-attributes alone.
    DOTTED_KEYS = dotted_keys,
    id: "interop.dotted-keys",
    title: "a dotted key in a path-less value sets the sub-attribute",
    level: Interop,
    requirements: ["Q-U04"],
    needs: [Users, Patch],
    breaks: [Entra],
}

async fn dotted_keys(t: &Trial) -> Verdict {
    let users = t.users()?;
    let (complex, subs) = t.complex(&users).await?;
    if complex.extension.is_some() {
        return skip("the only complex attribute is in an extension");
    }
    // What is put together from the other parts is changed with them.
    let mut parts = subs.iter().filter(|sub| !sub.leaf().name.eq_ignore_ascii_case("formatted"));
    let (Some(target), Some(other)) = (parts.next(), parts.next()) else {
        return skip(format!("`{}` has not two parts that are kept", complex.path()));
    };
    let mut body = t.body(&users).await?;
    for sub in [target, other] {
        sub.set(&mut body, sub.sample(&t.ground().fresh_name()));
    }
    let user = t.create_from(&users, &body).await?;
    let before = t.read(&user).await?;
    let value = json!(t.ground().fresh_name());
    let key = target.path();
    let operation = json!([{ "op": "replace", "value": { (key.clone()): value } }]);
    let (answer, after) = patched(t, &user, operation).await?;
    t.soft(expect_no_flat_key(&answer, &after, &key))?;
    expect(&answer, &after, target, &value)?;
    expect_same(&answer, &before, &after, other)
}

check! {
    /// In an operation without a path, the key `urn:…:User:department` means the attribute of the extension.
    ///
    /// The RFCs have the URN as key and an object behind it. Conflict: the interoperability profile (draft-zollner-scim-interop-profile) demands
    /// that operations without `path` are refused.
    ///
    /// Why: with the flag `aadOptscim062020` Microsoft Entra ID writes the attributes of the enterprise extension so. A server that
    /// stores the key as it is, or splits it at the dot of `2.0`, answers 200 and has lost the value.
    ///
    /// Fix: compare keys with the URNs of the extensions first; what stands behind the URN and a colon is the attribute.
    URN_KEYS = urn_keys,
    id: "interop.urn-keys",
    title: "a URN key in a path-less value sets the extension attribute",
    level: Interop,
    requirements: ["Q-U05"],
    needs: [Users, Patch, Enterprise],
    breaks: [Entra],
}

async fn urn_keys(t: &Trial) -> Verdict {
    let users = t.users()?;
    let slots = enterprise_texts(t, &users).await?;
    let (user, before) = employee(t, &users, &slots).await?;
    let value = json!(t.ground().fresh_name());
    let key = slots[0].path();
    let operation = json!([{ "op": "replace", "value": { (key.clone()): value } }]);
    let (answer, after) = patched(t, &user, operation).await?;
    t.soft(expect_no_flat_key(&answer, &after, &key))?;
    expect(&answer, &after, &slots[0], &value)?;
    slots[1..].iter().try_for_each(|other| expect_same(&answer, &before, &after, other))
}

check! {
    /// The path `urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department` names the attribute of the extension.
    ///
    /// Why: Microsoft Entra ID writes every attribute of the enterprise extension by this path. A parser that splits at the first dot
    /// sees an attribute `urn:…:2` with the sub-attribute `0:User:department`.
    ///
    /// Fix: match the URNs of the known schemas, without regard to case, before looking for dots (RFC 7644 §3.10).
    URN_PATH = urn_path,
    id: "interop.urn-path",
    title: "Add by the full URN path sets the extension attribute",
    level: Interop,
    requirements: ["Q-U06"],
    needs: [Users, Patch, Enterprise],
    breaks: [Entra],
}

async fn urn_path(t: &Trial) -> Verdict {
    let users = t.users()?;
    let slots = enterprise_texts(t, &users).await?;
    let (user, before) = employee(t, &users, &slots).await?;
    let value = json!(t.ground().fresh_name());
    let operation = json!([{ "op": "add", "path": slots[0].path(), "value": value }]);
    let (answer, after) = patched(t, &user, operation).await?;
    expect(&answer, &after, &slots[0], &value)?;
    slots[1..].iter().try_for_each(|other| expect_same(&answer, &before, &after, other))
}

/// A user with values at these places.
async fn employee(t: &Trial, users: &Kind, slots: &[Slot]) -> Result<(Created, Value), Stop> {
    let mut body = t.body(users).await?;
    for slot in slots {
        slot.set(&mut body, slot.sample(&t.ground().fresh_name()));
    }
    let user = t.create_from(users, &body).await?;
    let before = t.read(&user).await?;
    Ok((user, before))
}

check! {
    /// `emails[type eq "work"].value` makes the element where there is none: `{"type": "work", "value": …}`; once, not once more.
    ///
    /// Conflict: for `replace` RFC 7644 §3.5.2.3 wants 400 noTarget; for `add` it says nothing (erratum 8097).
    ///
    /// Why: Microsoft Entra ID writes every typed value by such a path, whether or not there is one. With noTarget nobody gets a
    /// first phone number; a server that forgets the `type`, or appends each time, fills the list with duplicates.
    ///
    /// Fix: when the filter consists of `eq` terms and nothing matches, append an element made of these terms and the value.
    CREATE_ON_ABSENT = create_on_absent,
    id: "interop.create-on-absent",
    title: "a filtered path without a match makes the element, once",
    level: Interop,
    requirements: ["Q-U07"],
    needs: [Users, Patch],
    breaks: [Entra],
}

async fn create_on_absent(t: &Trial) -> Verdict {
    let users = t.users()?;
    let list = typed_list(t, &users).await?;
    for op in ["replace", "add"] {
        t.soft(make_element(t, &users, &list, op).await)?;
    }
    Ok(())
}

async fn make_element(t: &Trial, users: &Kind, list: &List, op: &str) -> Verdict {
    let word = list.type_word(1);
    let mut body = t.body(users).await?;
    list.slot.set(&mut body, json!([list.element(&t.ground().fresh_name(), 0)]));
    let user = t.create_from(users, &body).await?;
    let before = t.read(&user).await?;
    let path = format!("{}[type eq \"{word}\"].value", list.slot.path());
    // The second time there is an element, and only its value changes.
    for _ in 0..2 {
        let value = list.value.sample(&t.ground().fresh_name());
        let operation = json!([{ "op": op, "path": path, "value": value }]);
        let (answer, after) = patched(t, &user, operation).await?;
        let made: Vec<&Value> =
            list.elements(&after).iter().filter(|element| element["type"] == word.as_str()).collect();
        if made.len() != 1 || made[0]["value"] != value {
            return Err(answer
                .flaw(format!("{} does not leave one element of type {word} with the value", answer.asked))
                .expected(json!({ "type": word, "value": value }).to_string())
                .got(seen(list.slot.get(&after)))
                .into());
        }
        expect_kept_elements(&answer, list, &before, &after, &word)?;
    }
    Ok(())
}

/// A list whose elements have a type.
async fn typed_list(t: &Trial, users: &Kind) -> Result<List, Stop> {
    let list = t.list(users).await?;
    match list.kind {
        Some(_) if list.slot.extension.is_none() && list.type_word(0) != list.type_word(1) => Ok(list),
        _ => skip("the target keeps no multi-valued attribute with `type`"),
    }
}

/// Fails where elements of other types are not what they were.
fn expect_kept_elements(answer: &Answer, list: &List, before: &Value, after: &Value, word: &str) -> Verdict {
    let others = |resource: &Value| -> Vec<String> {
        let elements = list.elements(resource).iter().filter(|element| element["type"] != word);
        let mut values: Vec<String> =
            elements.filter_map(|element| element["value"].as_str().map(str::to_owned)).collect();
        values.sort();
        values
    };
    if others(before) == others(after) {
        return Ok(());
    }
    Err(answer
        .flaw(format!("{} changes elements of `{}` that it does not name", answer.asked, list.slot.path()))
        .expected(seen(list.slot.get(before)))
        .got(seen(list.slot.get(after)))
        .into())
}

check! {
    /// `Replace` of `emails[type eq "work"].value` changes that element and no other.
    ///
    /// Why: Microsoft Entra ID changes one address so. A server that replaces the whole list loses the others, and nobody notices
    /// until mail goes astray.
    ///
    /// Fix: change the matching elements in place.
    ONLY_MATCHED = only_matched,
    id: "interop.only-matched-element",
    title: "replacing the value of one typed element leaves the others alone",
    level: Interop,
    requirements: ["Q-U28"],
    needs: [Users, Patch],
    breaks: [Entra],
}

async fn only_matched(t: &Trial) -> Verdict {
    let users = t.users()?;
    let list = typed_list(t, &users).await?;
    let mut body = t.body(&users).await?;
    let both: Vec<Value> = (0..2).map(|index| list.element(&t.ground().fresh_name(), index)).collect();
    list.slot.set(&mut body, json!(both));
    let user = t.create_from(&users, &body).await?;
    let before = t.read(&user).await?;
    if list.elements(&before).len() < 2 {
        return skip(format!("the target keeps one element of `{}` only", list.slot.path()));
    }
    let word = list.type_word(0);
    let value = list.value.sample(&t.ground().fresh_name());
    let path = format!("{}[type eq \"{word}\"].value", list.slot.path());
    let operation = json!([{ "op": "replace", "path": path, "value": value }]);
    let (answer, after) = patched(t, &user, operation).await?;
    expect_kept_elements(&answer, &list, &before, &after, &word)?;
    let matched = list.elements(&after).iter().filter(|element| element["type"] == word.as_str());
    if matched.clone().count() == 1 && matched.clone().all(|element| element["value"] == value) {
        return Ok(());
    }
    Err(answer
        .flaw(format!("the element of type {word} does not have the new value"))
        .expected(json!({ "type": word, "value": value }).to_string())
        .got(seen(list.slot.get(&after)))
        .into())
}

check! {
    /// One PATCH fills a bare user: an `add` for each attribute, up to three dozen.
    ///
    /// Why: Microsoft's SCIM Validator does this with a user that has a userName and nothing else, and Microsoft Entra ID with
    /// everybody whose mapping was extended. One operation that is lost in the crowd is a value that is missing for good.
    ///
    /// Fix: run all operations in order on one copy of the resource, and store it once.
    MANY_ADDS = many_adds,
    id: "interop.many-adds",
    title: "one PATCH with many add operations sets every attribute",
    level: Interop,
    requirements: ["Q-U16"],
    needs: [Users, Patch],
    breaks: [Entra],
}

async fn many_adds(t: &Trial) -> Verdict {
    let users = t.users()?;
    let survey = t.survey(&users).await?;
    // A name that is put together from its parts is not what was sent.
    let texts: Vec<Slot> = survey
        .texts(&users.schema)
        .into_iter()
        .filter(|slot| slot.path() != "name.formatted")
        .take(30)
        .collect();
    if texts.len() < 3 {
        return skip("the target keeps hardly any text");
    }
    let user = t.create(&users).await?;
    let sent: Vec<(&Slot, Value)> =
        texts.iter().map(|slot| (slot, slot.sample(&t.ground().fresh_name()))).collect();
    let operations: Vec<Value> = sent
        .iter()
        .map(|(slot, value)| json!({ "op": "add", "path": slot.path(), "value": value }))
        .collect();
    let (answer, after) = patched(t, &user, json!(operations)).await?;
    for (slot, value) in &sent {
        t.soft(expect(&answer, &after, slot, value))?;
    }
    Ok(())
}

check! {
    /// The operations of one PATCH are applied in their order: remove, add, replace of one attribute leaves the last value.
    ///
    /// Why: Microsoft Entra ID puts several changes of one attribute into one request. A server that sorts them, or keeps one for
    /// each attribute, ends with an old value.
    ///
    /// Fix: apply the operations one after the other, each to what the one before left.
    ORDER = order,
    id: "interop.operation-order",
    title: "operations are applied in their order",
    level: Interop,
    requirements: ["Q-U32"],
    needs: [Users, Patch],
    breaks: [Entra],
}

async fn order(t: &Trial) -> Verdict {
    let users = t.users()?;
    let slot = mapped_text(t, &users).await?;
    let user = t.create(&users).await?;
    let values: Vec<Value> = (0..3).map(|_| json!(t.ground().fresh_name())).collect();
    let path = slot.path();
    let mut operations = vec![
        json!({ "op": "add", "path": path, "value": values[0] }),
        json!({ "op": "replace", "path": path, "value": values[1] }),
        json!({ "op": "replace", "path": path, "value": values[2] }),
    ];
    if !slot.leaf().required {
        operations.insert(0, json!({ "op": "remove", "path": path }));
    }
    let (answer, after) = patched(t, &user, json!(operations)).await?;
    expect(&answer, &after, &slot, &values[2])
}

check! {
    /// A PATCH without any operation is refused with 400 or changes nothing; it does not make the server fail.
    ///
    /// Why: Microsoft's SCIM Validator sends one. RFC 7644 §3.5.2 wants one operation at least, so that 400 is right; a 500 fails the
    /// validator and, once, a review for the gallery.
    ///
    /// Fix: answer 400 invalidSyntax when `Operations` is empty.
    EMPTY_OPERATIONS = empty_operations,
    id: "interop.empty-operations",
    title: "a PATCH without operations is refused or changes nothing",
    level: Interop,
    requirements: ["Q-U17"],
    needs: [Users, Patch],
    breaks: [Entra],
}

async fn empty_operations(t: &Trial) -> Verdict {
    let users = t.users()?;
    let slot = mapped_text(t, &users).await?;
    let user = t.create(&users).await?;
    let before = t.read(&user).await?;
    let answer = t.patch(&user.path, json!([])).await?;
    expect_no_crash(&answer)?;
    expect_same(&answer, &before, &t.read(&user).await?, &slot)
}

check! {
    /// Members that nobody knows are ignored in a PATCH body: an `id` beside `Operations`, a `name` in an operation.
    ///
    /// No identity provider is known to send them; Microsoft's published collection of test requests does. A violation stands in nobody's
    /// way, and the check runs when it is named.
    ///
    /// Why: clients grow, and a server that refuses what it does not know breaks with their next version.
    ///
    /// Fix: read `schemas`, `Operations`, `op`, `path` and `value`, and pass over the rest.
    EXTRA_KEYS = extra_keys,
    id: "interop.patch-extra-members",
    title: "unknown members of a PATCH body are ignored",
    level: Interop,
    requirements: ["Q-U18"],
    needs: [Users, Patch],
    breaks: [],
}

async fn extra_keys(t: &Trial) -> Verdict {
    let users = t.users()?;
    let slot = mapped_text(t, &users).await?;
    let user = t.create(&users).await?;
    let value = json!(t.ground().fresh_name());
    let operation = json!({ "op": "replace", "name": "addMember", "path": slot.path(), "value": value });
    let mut body = patch_body(json!([operation]));
    body["id"] = json!(user.id);
    let answer = t.call("PATCH", &user.path, Some(&body)).await?;
    answer.expect_success()?;
    expect(&answer, &t.read(&user).await?, &slot, &value)
}

check! {
    /// An operation on an attribute that the target does not have does not hold up the other changes.
    ///
    /// RFC 7644 §3.5.2 would have the whole request refused with invalidPath.
    ///
    /// Why: Microsoft Entra ID sends all changes of a person in one request, and its default mapping has attributes that many
    /// applications lack, custom mappings more so. One of them refused costs all the others, the one that locks somebody out
    /// included, until an administrator finds out and removes the mapping.
    ///
    /// Fix: pass over operations whose path names no attribute of the resource type, and apply the rest.
    UNKNOWN_PATH = unknown_path,
    id: "interop.unmapped-attribute",
    title: "an operation on an unknown attribute does not hold up the others",
    level: Interop,
    requirements: ["Q-U27", "Q-E03"],
    needs: [Users, Patch],
    breaks: [Entra],
}

async fn unknown_path(t: &Trial) -> Verdict {
    let users = t.users()?;
    let slot = mapped_text(t, &users).await?;
    let department = enterprise("department");
    let number = enterprise("employeeNumber");
    // What is mapped by default comes first, and something of a custom mapping only where all of that is known.
    let mapped = [
        ("title", "title"),
        ("preferredLanguage", "preferredLanguage"),
        ("name.formatted", "name.formatted"),
        ("phoneNumbers", "phoneNumbers[type eq \"mobile\"].value"),
        ("addresses", "addresses[type eq \"work\"].formatted"),
        (department.as_str(), department.as_str()),
        (number.as_str(), number.as_str()),
    ];
    let lacking = mapped.iter().find(|(name, _)| known(&users, name).is_none()).map(|(_, path)| *path);
    let path = lacking.unwrap_or("urn:ietf:params:scim:schemas:extension:custom:2.0:User:costUnit");
    let user = t.create(&users).await?;
    let value = json!(t.ground().fresh_name());
    let operations = json!([
        { "op": "replace", "path": slot.path(), "value": value },
        { "op": "add", "path": path, "value": "en-US" },
    ]);
    let answer = t.patch(&user.path, operations).await?;
    if !answer.is_success() {
        let add = json!([{ "op": "add", "path": slot.path(), "value": value }]);
        if t.patch(&user.path, add).await?.status == answer.status {
            return Err(Stop::Blocked(format!(
                "`add` answers {} for a known attribute as well (check `patch.supported`)",
                answer.status
            )));
        }
        answer.expect_success()?;
    }
    let after = t.read(&user).await?;
    expect(&answer, &after, &slot, &value)
}
