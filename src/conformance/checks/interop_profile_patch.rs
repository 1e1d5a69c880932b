//! The interoperability profile of draft-zollner-scim-interop-profile: PATCH.

use serde_json::{Value, json};

use super::interop::{
    active, changes_one_text, expect, expect_same, expect_unassigned, mapped_text, patched, seen, text_of,
};
use super::interop_profile::UNKNOWN;
use super::query::breaking;
use crate::conformance::check::{Check, check};
use crate::conformance::trial::{Slot, Trial};
use crate::conformance::verdict::{Stop, Verdict, skip};

pub(super) const CHECKS: &[Check] = &[
    SUPPORTED,
    PATH_REQUIRED,
    UNKNOWN_PATH,
    ADD_IS_REPLACE,
    REPLACE_COMPLEX,
    ADD_COMPLEX,
    LISTS,
    NEVER_DELETES,
    UNIQUENESS,
];

check! {
    /// PATCH with one operation for one attribute works, whatever ServiceProviderConfig says.
    ///
    /// Why: draft-zollner-scim-interop-profile has no other way to change a resource: PUT is not used.
    ///
    /// Fix: implement PATCH (RFC 7644 §3.5.2).
    SUPPORTED = supported,
    id: "interop-profile.patch",
    title: "PATCH changes a resource",
    level: Interop,
    requirements: ["IPROF-17"],
    needs: [Users],
    breaks: [InteropProfile],
}

async fn supported(t: &Trial) -> Verdict {
    changes_one_text(t).await
}

check! {
    /// An operation without `path` is refused with 400 invalidSyntax, and changes nothing.
    ///
    /// Conflict: RFC 7644 §3.5.2 allows it for add and replace, Okta deactivates so (check `interop.okta-activation`), and Microsoft Entra ID
    /// with the flag `aadOptscim062020` changes users so (check `interop.dotted-keys`).
    ///
    /// Why: draft-zollner-scim-interop-profile wants one form of PATCH instead of two.
    ///
    /// Fix: demand `path` in every operation, if the profile matters more than these identity providers.
    PATH_REQUIRED = path_required,
    id: "interop-profile.path-required",
    title: "an operation without path is refused with invalidSyntax",
    level: Interop,
    requirements: ["IPROF-18"],
    needs: [Users, Patch],
    breaks: [InteropProfile],
}

async fn path_required(t: &Trial) -> Verdict {
    let users = t.users()?;
    let slot = mapped_text(t, &users).await?;
    let user = t.create(&users).await?;
    let before = t.read(&user).await?;
    let mut value = json!({});
    slot.set(&mut value, json!(t.ground().fresh_name()));
    let answer = t.patch(&user.path, json!([{ "op": "replace", "value": value }])).await?;
    answer.expect_error(&[400], Some("invalidSyntax"))?;
    expect_same(&answer, &before, &t.read(&user).await?, &slot)
}

check! {
    /// An operation on an attribute that no schema defines is refused with 400 invalidSyntax.
    ///
    /// Conflict: RFC 7644 §3.5.2 has invalidPath for that; and a refusal of any kind holds up the other changes that Microsoft Entra ID sends
    /// with it (check `interop.unmapped-attribute`).
    ///
    /// Why: draft-zollner-scim-interop-profile has one keyword for everything that the schemas do not define.
    ///
    /// Fix: refuse unknown attributes with invalidSyntax, if the profile matters more than the RFC.
    UNKNOWN_PATH = unknown_path,
    id: "interop-profile.patch-unknown-attribute",
    title: "an unknown attribute in a PATCH is refused with invalidSyntax",
    level: Interop,
    requirements: ["IPROF-08"],
    needs: [Users, Patch],
    breaks: [InteropProfile],
}

async fn unknown_path(t: &Trial) -> Verdict {
    let users = t.users()?;
    let user = t.create(&users).await?;
    let answer = t.patch(&user.path, json!([{ "op": "add", "path": UNKNOWN, "value": "x" }])).await?;
    answer.expect_error(&[400], Some("invalidSyntax"))?;
    Ok(())
}

check! {
    /// `add` and `replace` do the same to a simple attribute that holds one value.
    ///
    /// Why: clients of draft-zollner-scim-interop-profile may use either, without looking whether there is a value.
    ///
    /// Fix: let both set the value.
    ADD_IS_REPLACE = add_is_replace,
    id: "interop-profile.add-equals-replace",
    title: "add and replace do the same to a simple attribute",
    level: Interop,
    requirements: ["IPROF-19"],
    needs: [Users, Patch],
    breaks: [InteropProfile],
}

async fn add_is_replace(t: &Trial) -> Verdict {
    let users = t.users()?;
    let slot = mapped_text(t, &users).await?;
    let user = t.create(&users).await?;
    for op in ["add", "replace", "add"] {
        let value = json!(t.ground().fresh_name());
        let operation = json!([{ "op": op, "path": slot.path(), "value": value }]);
        let (answer, after) = patched(t, &user, operation).await?;
        expect(&answer, &after, &slot, &value)?;
    }
    Ok(())
}

/// Two parts of a complex attribute, such as the given name and the family name.
async fn parts(t: &Trial) -> Result<(Slot, Slot, Slot), Stop> {
    let users = t.users()?;
    let (complex, subs) = t.complex(&users).await?;
    let mut subs = subs.into_iter().filter(|sub| !sub.leaf().name.eq_ignore_ascii_case("formatted"));
    match (subs.next(), subs.next()) {
        (Some(one), Some(two)) => Ok((complex, one, two)),
        _ => skip("the target keeps no complex attribute with two parts"),
    }
}

check! {
    /// `replace` of a whole complex attribute leaves only what the value names.
    ///
    /// Conflict: RFC 7644 §3.5.2.3 leaves the sub-attributes in place that the value does not name. A server that follows the RFC does
    /// not satisfy the draft.
    ///
    /// Why: draft-zollner-scim-interop-profile makes `replace` of a complex attribute what it is for a list.
    ///
    /// Fix: none is advised while the RFC says the contrary.
    REPLACE_COMPLEX = replace_complex,
    id: "interop-profile.replace-complex",
    title: "replace of a complex attribute replaces all of it",
    level: Interop,
    requirements: ["IPROF-20"],
    needs: [Users, Patch],
    breaks: [InteropProfile],
}

async fn replace_complex(t: &Trial) -> Verdict {
    let users = t.users()?;
    let (complex, one, two) = parts(t).await?;
    let mut body = t.body(&users).await?;
    for part in [&one, &two] {
        part.set(&mut body, part.sample(&t.ground().fresh_name()));
    }
    let user = t.create_from(&users, &body).await?;
    let value = one.sample(&t.ground().fresh_name());
    let operation =
        json!([{ "op": "replace", "path": complex.path(), "value": { (one.leaf().name.clone()): value } }]);
    let (answer, after) = patched(t, &user, operation).await?;
    expect(&answer, &after, &one, &value)?;
    expect_unassigned(&answer, &after, &two)
}

check! {
    /// `add` to a whole complex attribute sets what the value names and keeps the rest.
    ///
    /// Why: with draft-zollner-scim-interop-profile this is the way to change some parts of a name with one operation.
    ///
    /// Fix: merge the value into the attribute (RFC 7644 §3.5.2.1).
    ADD_COMPLEX = add_complex,
    id: "interop-profile.add-complex",
    title: "add to a complex attribute keeps what it does not name",
    level: Interop,
    requirements: ["IPROF-21"],
    needs: [Users, Patch],
    breaks: [InteropProfile],
}

async fn add_complex(t: &Trial) -> Verdict {
    let users = t.users()?;
    let (complex, one, two) = parts(t).await?;
    let mut body = t.body(&users).await?;
    for part in [&one, &two] {
        part.set(&mut body, part.sample(&t.ground().fresh_name()));
    }
    let user = t.create_from(&users, &body).await?;
    let before = t.read(&user).await?;
    let value = one.sample(&t.ground().fresh_name());
    let operation =
        json!([{ "op": "add", "path": complex.path(), "value": { (one.leaf().name.clone()): value } }]);
    let (answer, after) = patched(t, &user, operation).await?;
    expect(&answer, &after, &one, &value)?;
    expect_same(&answer, &before, &after, &two)
}

check! {
    /// `add` to a list appends, `replace` of a list replaces all of it.
    ///
    /// Why: clients of draft-zollner-scim-interop-profile change lists as a whole, or by a filter that ends in a sub-attribute.
    ///
    /// Fix: follow RFC 7644 §3.5.2.1 and §3.5.2.3.
    LISTS = lists,
    id: "interop-profile.lists",
    title: "add appends to a list and replace replaces it",
    level: Interop,
    requirements: ["IPROF-22", "IPROF-23"],
    needs: [Users, Patch],
    breaks: [InteropProfile],
}

async fn lists(t: &Trial) -> Verdict {
    let users = t.users()?;
    let list = t.list(&users).await?;
    let mut body = t.body(&users).await?;
    let [first, second, third] = [0, 1, 0].map(|index| list.element(&t.ground().fresh_name(), index));
    list.slot.set(&mut body, json!([first]));
    let user = t.create_from(&users, &body).await?;
    let path = list.slot.path();
    let steps =
        [("add", &second, vec![&first, &second], "IPROF-23"), ("replace", &third, vec![&third], "IPROF-22")];
    for (op, element, wanted, rule) in steps {
        let operation = json!([{ "op": op, "path": path, "value": [element] }]);
        let (answer, after) = breaking(patched(t, &user, operation).await, &[rule])?;
        let mut values: Vec<&str> = wanted.iter().filter_map(|element| element["value"].as_str()).collect();
        values.sort_unstable();
        if list.values(&after) != values {
            return Err(answer
                .flaw(format!("after `{op}` the list `{path}` does not hold what it should"))
                .expected(values.join(", "))
                .got(seen(list.slot.get(&after)))
                .breaks(&[rule])
                .into());
        }
    }
    Ok(())
}

check! {
    /// A PATCH never deletes: a user that was deactivated can be read.
    ///
    /// Why: with draft-zollner-scim-interop-profile only DELETE deletes.
    ///
    /// Fix: keep the resource, with `active` false.
    NEVER_DELETES = never_deletes,
    id: "interop-profile.patch-never-deletes",
    title: "a user that PATCH deactivated can be read",
    level: Interop,
    requirements: ["IPROF-17", "IPROF-24"],
    needs: [Users, Patch],
    breaks: [InteropProfile],
}

async fn never_deletes(t: &Trial) -> Verdict {
    let users = t.users()?;
    let active = active(&users)?;
    let user = t.create(&users).await?;
    let answer = t.patch(&user.path, json!([{ "op": "replace", "path": "active", "value": false }])).await?;
    breaking(answer.expect_success(), &["IPROF-17"])?;
    let read = t.get(&user.path).await?;
    breaking(read.expect_status(&[200]), &["IPROF-24"])?;
    breaking(expect(&answer, read.resource()?, &active, &Value::Bool(false)), &["IPROF-17"])
}

check! {
    /// A userName that is taken is refused with 409 uniqueness, by POST and by PATCH.
    ///
    /// For PATCH RFC 7644 would take 400 as well.
    ///
    /// Why: draft-zollner-scim-interop-profile has one answer to conflicts, so that clients can tell them from mistakes.
    ///
    /// Fix: answer 409 with scimType uniqueness wherever a unique value is taken.
    UNIQUENESS = uniqueness,
    id: "interop-profile.uniqueness",
    title: "a taken userName is refused with 409 by POST and by PATCH",
    level: Interop,
    requirements: ["IPROF-28"],
    needs: [Users, Patch],
    breaks: [InteropProfile],
}

async fn uniqueness(t: &Trial) -> Verdict {
    let users = t.users()?;
    let body = t.body(&users).await?;
    t.create_from(&users, &body).await?;
    let answer = t.post(users.endpoint(), &body).await?;
    t.soft(answer.expect_error(&[409], Some("uniqueness")))?;
    let other = t.create(&users).await?;
    let name = text_of(&body, "userName")?;
    let answer =
        t.patch(&other.path, json!([{ "op": "replace", "path": "userName", "value": name }])).await?;
    answer.expect_error(&[409], Some("uniqueness"))?;
    Ok(())
}
