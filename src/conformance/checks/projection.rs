//! Which attributes an answer holds: `attributes` and `excludedAttributes` (RFC 7644 §3.4.2.5, §3.9).

use std::collections::BTreeSet;

use serde_json::Value;

use super::list::blocked_by_count;
use super::query::{Field, Parameters, breaking, each, listed, target};
use crate::conformance::check::{Check, check};
use crate::conformance::discovery::Kind;
use crate::conformance::trial::cohort::place;
use crate::conformance::trial::{Answer, Slot, Trial, or_nothing, shortened};
use crate::conformance::verdict::{Stop, Verdict, skip};
use crate::protocol::schema::Returned;

pub(super) const CHECKS: &[Check] = &[
    ATTRIBUTES,
    ATTRIBUTES_LIST,
    SEVERAL,
    SUB_ATTRIBUTE,
    MULTI_VALUED_PART,
    CORE_URN,
    EXTENSION_URN,
    LETTER_CASE,
    UNKNOWN_NAMES,
    SCHEMAS,
    META,
    VALUE_PATH,
];

/// Names of the members that a resource has whatever is asked for: the ones that are always returned, and `schemas`. Whether
/// `meta` is among them is judged by a check of its own.
pub(super) fn minimum(kind: &Kind) -> BTreeSet<String> {
    let always = |attribute: &crate::protocol::schema::Attribute| {
        attribute.returned == Returned::Always
            || attribute.sub_attributes.iter().any(|sub| sub.returned == Returned::Always)
    };
    let core = kind.schema.core.attributes.iter().filter(|attribute| always(attribute));
    let extensions = kind.schema.extensions.iter().filter(|e| e.schema.attributes.iter().any(always));
    ["id", "schemas", "meta"]
        .map(str::to_owned)
        .into_iter()
        .chain(core.map(|attribute| attribute.name.to_lowercase()))
        .chain(extensions.map(|extension| extension.schema.id.to_lowercase()))
        .collect()
}

/// Names of the members that have a value, in lower case.
pub(super) fn names(resource: &Value) -> BTreeSet<String> {
    spelled(resource).into_iter().map(str::to_lowercase).collect()
}

/// Names of the members that have a value, as they came.
pub(super) fn spelled(resource: &Value) -> Vec<&str> {
    let members = resource.as_object().into_iter().flatten();
    members
        .filter(|(_, value)| !crate::conformance::trial::slot::is_unassigned(value))
        .map(|(name, _)| name.as_str())
        .collect()
}

/// Names of the members that have a value, as they came, for messages.
pub(super) fn listing(resource: &Value) -> String {
    let mut names = spelled(resource);
    names.sort_unstable();
    or_none(&names)
}

fn or_none(names: &[&str]) -> String {
    if names.is_empty() { "nothing".to_owned() } else { names.join(", ") }
}

/// Fails unless a resource holds these attributes, and nothing else but the minimum set.
pub(super) fn expect_only(answer: &Answer, kind: &Kind, resource: &Value, wanted: &[&str]) -> Verdict {
    let minimum = minimum(kind);
    let found = names(resource);
    let is_surplus =
        |name: &String| !minimum.contains(name) && !wanted.iter().any(|one| one.to_lowercase() == *name);
    let missing: Vec<&str> =
        wanted.iter().copied().chain(["id"]).filter(|name| !found.contains(&name.to_lowercase())).collect();
    let what = match (missing.is_empty(), !found.iter().any(is_surplus)) {
        (true, true) => return Ok(()),
        (false, _) => format!("the answer to {} lacks {}", answer.asked, missing.join(", ")),
        (true, false) => format!("the answer to {} holds attributes that were not asked for", answer.asked),
    };
    let expected: Vec<&str> = wanted.iter().copied().chain(["id"]).collect();
    Err(answer.flaw(what).expected(expected.join(", ")).got(listing(resource)).into())
}

/// Ends the check where `attributes` is not applied to one resource, whatever it names.
pub(super) async fn blocked_without_attributes(t: &Trial, kind: &Kind, path: &str) -> Verdict {
    let answer = t.get(&target(path, &[("attributes", "userName")])).await?;
    match expect_only(&answer, kind, resource(&answer), &["userName"]) {
        Err(_) if answer.status == 200 => {
            Err(Stop::Blocked("`attributes` is not applied (check `projection.attributes`)".to_owned()))
        }
        _ => Ok(()),
    }
}

/// Ends the check where `excludedAttributes` is not applied to one resource, though it names an attribute as the schema does.
pub(super) async fn blocked_without_excluded(t: &Trial, path: &str, name: &str) -> Verdict {
    let answer = t.get(&target(path, &[("excludedAttributes", name)])).await?;
    match answer.status == 200 && names(resource(&answer)).contains(&name.to_lowercase()) {
        true => {
            Err(Stop::Blocked("`excludedAttributes` is not applied (check `projection.excluded`)".to_owned()))
        }
        false => Ok(()),
    }
}

/// Reads a member of the cohort with parameters.
pub(super) async fn shown(
    field: &Field<'_>,
    user: &str,
    parameters: Parameters<'_>,
) -> Result<Answer, crate::conformance::verdict::Stop> {
    let answer = field.t.get(&target(&field.member(user).created.path, parameters)).await?;
    answer.expect_status(&[200])?;
    answer.object()?;
    Ok(answer)
}

pub(super) fn resource(answer: &Answer) -> &Value {
    answer.json.as_ref().unwrap_or(&Value::Null)
}

/// Attributes of the base schema that the user has and that are returned by default, besides `userName`.
pub(super) fn others(field: &Field<'_>, user: &str) -> Vec<String> {
    let json = &field.member(user).json;
    let has = |name: &str| names(json).contains(&name.to_lowercase());
    let core = &field.kind().schema.core.attributes;
    core.iter()
        .filter(|attribute| attribute.returned == Returned::Default)
        .filter(|attribute| attribute.sub_attributes.iter().all(|sub| sub.returned != Returned::Always))
        .map(|attribute| attribute.name.clone())
        .filter(|name| {
            !name.eq_ignore_ascii_case("userName") && !name.eq_ignore_ascii_case("groups") && has(name)
        })
        .collect()
}

check! {
    /// With `attributes`, a resource holds these attributes and the ones that are always returned, and no others.
    ///
    /// Why: clients ask for `id` and `userName` to keep imports small, and JumpCloud to keep personal data out. A parameter that is
    /// ignored sends everything about everybody.
    ///
    /// Fix: read `attributes` at every place where resources are returned, and keep `id` whatever it says.
    ATTRIBUTES = attributes,
    id: "projection.attributes",
    title: "attributes returns what it names and the minimum set",
    level: Must,
    requirements: [
        "RFC7644-3.4.2.5-01",
        "RFC7644-3.4.2.5-03",
        "RFC7644-3.9-04",
        "RFC7644-3.9-05",
        "RFC7643-3.1-14",
        "RFC7643-7-30",
    ],
    needs: [Users],
    breaks: [Entra],
}

async fn attributes(t: &Trial) -> Verdict {
    let field = Field::of(t).await?;
    let answer = shown(&field, "delta", &[("attributes", "userName")]).await;
    let answer = breaking(answer, &["RFC7644-3.4.2.5-01"])?;
    let found = names(resource(&answer));
    let rules: &[&'static str] = match (found.contains("username"), found.contains("id")) {
        (true, true) => {
            &["RFC7644-3.4.2.5-01", "RFC7644-3.4.2.5-03", "RFC7644-3.9-04", "RFC7644-3.9-05", "RFC7643-7-30"]
        }
        (true, false) => &["RFC7644-3.9-04", "RFC7643-3.1-14"],
        (false, true) => &["RFC7644-3.9-04", "RFC7644-3.4.2.5-01"],
        (false, false) => &["RFC7644-3.9-04", "RFC7644-3.4.2.5-01", "RFC7643-3.1-14"],
    };
    breaking(expect_only(&answer, field.kind(), resource(&answer), &["userName"]), rules)
}

check! {
    /// `attributes` works for lists as for single resources.
    ///
    /// Why: it is in lists that size matters.
    ///
    /// Fix: apply the projection to every resource of a list.
    ATTRIBUTES_LIST = attributes_list,
    id: "projection.attributes-list",
    title: "attributes works in lists",
    level: Must,
    requirements: ["RFC7644-3.4.2.5-01", "RFC7644-3.9-04", "RFC7644-3.9-05"],
    needs: [Users],
    breaks: [Entra],
}

async fn attributes_list(t: &Trial) -> Verdict {
    let field = Field::of(t).await?;
    let answer = field.ask(&[("attributes", "userName"), ("count", "3")]).await?;
    blocked_by_count(t, &answer).await?;
    breaking(answer.expect_status(&[200]), &["RFC7644-3.4.2.5-01"])?;
    let list = breaking(listed(&answer), &["RFC7644-3.4.2.5-01"])?;
    let judge = |user| {
        let found = names(user);
        let rules: &[&'static str] = match found.contains("username") && found.contains("id") {
            true => &["RFC7644-3.4.2.5-01", "RFC7644-3.9-04", "RFC7644-3.9-05"],
            false => &["RFC7644-3.9-04"],
        };
        breaking(expect_only(&answer, field.kind(), user, &["userName"]), rules)
    };
    each(t, list.resources.iter().take(3).map(judge))
}

check! {
    /// `attributes` is a list of names with commas between them.
    ///
    /// Why: a client that asks for three attributes and gets one takes the others for empty, and writes them anew.
    ///
    /// Fix: split the value at commas and drop spaces around the names.
    SEVERAL = several,
    id: "projection.several",
    title: "attributes takes several names",
    level: Must,
    requirements: ["RFC7644-3.9-06"],
    needs: [Users],
    breaks: [],
}

async fn several(t: &Trial) -> Verdict {
    let field = Field::of(t).await?;
    let other = others(&field, "delta");
    let Some(other) = other.first() else { return skip("users show nothing but `userName`") };
    field.blocked_without_attributes().await?;
    let list = format!("userName,{other}");
    let answer = shown(&field, "delta", &[("attributes", &list)]).await?;
    expect_only(&answer, field.kind(), resource(&answer), &["userName", other])
}

/// `name` with two of its parts, where the cohort has them.
pub(super) fn name_parts(field: &Field<'_>) -> Result<(Slot, Slot), crate::conformance::verdict::Stop> {
    let json = &field.member("delta").json;
    let [family, given] = ["name.familyName", "name.givenName"]
        .map(|path| place(field.kind(), path).filter(|slot| slot.get(json).is_some()));
    match (family, given) {
        (Some(family), Some(given)) => Ok((family, given)),
        _ => skip("the target does not keep `name.familyName` and `name.givenName`"),
    }
}

check! {
    /// A sub-attribute in `attributes` returns this part only; the name of the complex attribute returns all of it.
    ///
    /// Why: who asks for family names need not see the rest.
    ///
    /// Fix: resolve the part after the dot, and build the complex value from the parts that were asked for.
    SUB_ATTRIBUTE = sub_attribute,
    id: "projection.sub-attribute",
    title: "attributes takes sub-attributes",
    level: Must,
    requirements: ["RFC7644-3.4.2.5-04", "RFC7644-3.9-04"],
    needs: [Users],
    breaks: [],
}

async fn sub_attribute(t: &Trial) -> Verdict {
    let field = Field::of(t).await?;
    let (family, given) = name_parts(&field)?;
    field.blocked_without_attributes().await?;
    let answer = shown(&field, "delta", &[("attributes", "name.familyName")]).await?;
    t.soft(expect_only(&answer, field.kind(), resource(&answer), &["name"]))?;
    expect_part(t, &answer, &family, &given, &field.member("delta").json);
    let whole = shown(&field, "delta", &[("attributes", "name")]).await?;
    if family.get(resource(&whole)).is_none() || given.get(resource(&whole)).is_none() {
        let flaw = whole.flaw("`attributes=name` does not return the whole name");
        t.note(flaw.expected("every part of `name`").got(resource(&whole)["name"].to_string()));
    }
    Ok(())
}

/// Notes where an answer lacks one part of a complex attribute, or holds the other.
pub(super) fn expect_part(t: &Trial, answer: &Answer, wanted: &Slot, other: &Slot, stored: &Value) {
    let found = resource(answer);
    if wanted.get(found) != wanted.get(stored) {
        let flaw = answer.flaw(format!("the answer to {} lacks `{}`", answer.asked, wanted.path()));
        t.note(flaw.expected(wanted.path()).got(found.to_string()));
    }
    if other.leaf().returned == Returned::Default && other.get(found).is_some() {
        let flaw = answer.flaw(format!(
            "the answer to {} holds `{}`, which was not asked for",
            answer.asked,
            other.path()
        ));
        t.note(flaw.expected(format!("no `{}`", other.path())).got(found.to_string()));
    }
}

check! {
    /// A part of a multi-valued attribute is returned for every element.
    ///
    /// Why: a list that is cut to its first element looks as if the others were gone.
    ///
    /// Fix: apply the projection to each element.
    MULTI_VALUED_PART = multi_valued_part,
    id: "projection.multi-valued-part",
    title: "a part of a multi-valued attribute comes for every element",
    level: Must,
    requirements: ["RFC7644-3.9-08"],
    needs: [Users],
    breaks: [],
}

async fn multi_valued_part(t: &Trial) -> Verdict {
    let field = Field::of(t).await?;
    let json = &field.member("delta").json;
    let Some(list) = field.cohort.places.list.clone().filter(|list| list.elements(json).len() == 2) else {
        return skip("the target keeps no two values of a multi-valued attribute");
    };
    field.blocked_without_attributes().await?;
    let path = list.value.path();
    let answer = shown(&field, "delta", &[("attributes", &path)]).await?;
    t.soft(expect_only(&answer, field.kind(), resource(&answer), &[&list.slot.attribute.name]))?;
    if list.values(resource(&answer)) != list.values(json) {
        let flaw = answer.flaw(format!("`attributes={path}` does not return the values of all elements"));
        return Err(flaw
            .expected(list.values(json).join(", "))
            .got(list.values(resource(&answer)).join(", "))
            .into());
    }
    let Some(kind) = list.kind.filter(|kind| kind.leaf().returned == Returned::Default) else {
        return Ok(());
    };
    let has_type = |element: &Value| element.get(&kind.leaf().name).is_some_and(|word| !word.is_null());
    let found = list.slot.get(resource(&answer));
    if found.and_then(Value::as_array).is_some_and(|elements| elements.iter().any(has_type)) {
        let flaw = answer.flaw(format!("`attributes={path}` returns other parts of the elements"));
        return Err(flaw
            .breaks(&["RFC7644-3.9-08"])
            .expected("`value` only")
            .got(shortened(&or_nothing(found)))
            .into());
    }
    Ok(())
}

check! {
    /// An attribute of the base schema may be named with its URN in `attributes`.
    ///
    /// Why: the dot in `2.0` is taken for the one before a sub-attribute by parsers that split too early.
    ///
    /// Fix: match the known schema URNs first, and split the rest at the dot.
    CORE_URN = core_urn,
    id: "projection.core-urn",
    title: "attributes takes names with the URN of the base schema",
    level: Must,
    requirements: ["RFC7644-3.4.2.5-04", "RFC7644-3.9-07", "RFC7644-3.10-01"],
    needs: [Users],
    breaks: [],
}

async fn core_urn(t: &Trial) -> Verdict {
    let field = Field::of(t).await?;
    field.blocked_without_attributes().await?;
    let urn = field.kind().schema.core.id.clone();
    let name = format!("{urn}:userName");
    let answer = shown(&field, "delta", &[("attributes", &name)]).await?;
    t.soft(expect_only(&answer, field.kind(), resource(&answer), &["userName"]))?;
    let Ok((family, given)) = name_parts(&field) else { return Ok(()) };
    let part = format!("{urn}:{}", family.path());
    let answer = shown(&field, "delta", &[("attributes", &part)]).await?;
    t.soft(expect_only(&answer, field.kind(), resource(&answer), &["name"]))?;
    expect_part(t, &answer, &family, &given, &field.member("delta").json);
    Ok(())
}

check! {
    /// An attribute of an extension is named with its URN, and comes back within the extension, alone.
    ///
    /// Why: Entra's attribute mappings name the enterprise attributes this way.
    ///
    /// Fix: match the known schema URNs first; return the container with the attribute in it.
    EXTENSION_URN = extension_urn,
    id: "projection.extension-urn",
    title: "attributes takes attributes of extensions by their URN",
    level: Must,
    requirements: ["RFC7644-3.9-07", "RFC7644-3.10-01"],
    needs: [Users],
    breaks: [],
}

async fn extension_urn(t: &Trial) -> Verdict {
    let field = Field::of(t).await?;
    let json = &field.member("delta").json;
    let slots: Vec<&Slot> =
        field.cohort.places.extended.iter().filter(|slot| slot.get(json).is_some()).collect();
    if slots.is_empty() {
        return skip("the target keeps no text of an extension of users");
    }
    field.blocked_without_attributes().await?;
    for slot in slots {
        let (path, urn) = (slot.path(), slot.extension.clone().unwrap_or_default());
        let answer = shown(&field, "delta", &[("attributes", &path)]).await?;
        t.soft(expect_only(&answer, field.kind(), resource(&answer), &[&urn]))?;
        if slot.get(resource(&answer)) != slot.get(json) {
            let flaw = answer.flaw(format!("`attributes={path}` does not return the attribute"));
            t.note(flaw.expected(or_nothing(slot.get(json))).got(resource(&answer).to_string()));
        }
        let beside = field.cohort.places.beside.iter().find(|beside| beside.extension == slot.extension);
        let surplus =
            beside.filter(|beside| beside.get(json).is_some() && beside.get(resource(&answer)).is_some());
        if let Some(surplus) = surplus.filter(|surplus| surplus.leaf().returned == Returned::Default) {
            let flaw = answer.flaw(format!("`attributes={path}` returns `{}` too", surplus.path()));
            t.note(flaw.expected(path).got(resource(&answer).to_string()));
        }
    }
    Ok(())
}

check! {
    /// Names in `attributes` and `excludedAttributes` are read in any letter case.
    ///
    /// Why: a name that is not recognised leaves out what was asked for.
    ///
    /// Fix: compare names without regard to letter case; return them as the schema spells them.
    LETTER_CASE = letter_case,
    id: "projection.letter-case",
    title: "attributes and excludedAttributes are read in any letter case",
    level: Must,
    requirements: ["RFC7644-3.10-05"],
    needs: [Users],
    breaks: [],
}

async fn letter_case(t: &Trial) -> Verdict {
    let field = Field::of(t).await?;
    field.blocked_without_attributes().await?;
    let answer = shown(&field, "delta", &[("attributes", "USERNAME")]).await?;
    t.soft(expect_only(&answer, field.kind(), resource(&answer), &["userName"]))?;
    let list = field.ask(&[("attributes", "USERNAME"), ("count", "1")]).await?;
    blocked_by_count(t, &list).await?;
    list.expect_status(&[200])?;
    for user in listed(&list)?.resources.iter().take(1) {
        t.soft(expect_only(&list, field.kind(), user, &["userName"]))?;
    }
    let Some(other) = others(&field, "delta").into_iter().next() else { return Ok(()) };
    blocked_without_excluded(t, &field.member("delta").created.path, &other).await?;
    let answer = shown(&field, "delta", &[("excludedAttributes", &other.to_uppercase())]).await?;
    expect_without(&answer, &field.member("delta").json, &[&other])
}

check! {
    /// Names that the resource does not have are ignored in `attributes` and `excludedAttributes`.
    ///
    /// Why: clients ask all targets for the same attributes; one that is not there must not cost the answer.
    ///
    /// Fix: drop what is not in the schema.
    UNKNOWN_NAMES = unknown_names,
    id: "projection.unknown-names",
    title: "unknown names in attributes are ignored",
    level: Should,
    requirements: ["RFC7644-3.9-09"],
    needs: [Users],
    breaks: [],
}

async fn unknown_names(t: &Trial) -> Verdict {
    let field = Field::of(t).await?;
    // Where `attributes` does nothing at all, unknown names are not what is wrong.
    field.blocked_without_attributes().await?;
    for parameters in [
        [("attributes", "scimulatorBogus")],
        [("attributes", "userName,scimulatorBogus,name.scimulatorBogus,urn:example:scimulator:bogus")],
        [("excludedAttributes", "scimulatorBogus")],
    ] {
        let answer = field.t.get(&target(&field.member("delta").created.path, &parameters)).await?;
        let Some(_) = t.soft(answer.expect_status(&[200]))? else { continue };
        let resource = resource(&answer);
        let verdict = match parameters[0] {
            ("attributes", "scimulatorBogus") => expect_only(&answer, field.kind(), resource, &[]),
            ("attributes", _) => expect_only(&answer, field.kind(), resource, &["userName"]),
            _ => expect_without(&answer, &field.member("delta").json, &[]),
        };
        t.soft(verdict)?;
    }
    let list = field.ask(&[("attributes", "userName,scimulatorBogus"), ("count", "1")]).await?;
    blocked_by_count(t, &list).await?;
    list.expect_status(&[200])?;
    let first = listed(&list)?.resources.first();
    first.map_or(Ok(()), |user| expect_only(&list, field.kind(), user, &["userName"]))
}

check! {
    /// `schemas` is there also when `attributes` does not name it.
    ///
    /// Why: without it a client does not know what kind of resource it has, and typed clients cannot read it.
    ///
    /// Fix: treat `schemas` like an attribute that is always returned.
    SCHEMAS = schemas,
    id: "projection.schemas",
    title: "schemas stays when attributes does not name it",
    level: Should,
    requirements: ["RFC7644-3.9-13"],
    needs: [Users],
    breaks: [],
}

async fn schemas(t: &Trial) -> Verdict {
    let field = Field::of(t).await?;
    let answer = shown(&field, "delta", &[("attributes", "userName")]).await?;
    match names(resource(&answer)).contains("schemas") {
        true => Ok(()),
        false => Err(answer
            .flaw("a resource with `attributes` has no `schemas`")
            .expected("schemas")
            .got(resource(&answer).to_string())
            .into()),
    }
}

check! {
    /// `meta` is returned by default, and follows `attributes` and `excludedAttributes` like any other attribute, its parts included.
    ///
    /// Why: a client that asks for `meta.lastModified` alone polls for changes with it.
    ///
    /// Fix: do not add `meta` after the projection.
    META = meta,
    id: "projection.meta",
    title: "meta follows attributes and excludedAttributes",
    level: Must,
    requirements: ["RFC7643-3.1-23", "RFC7644-3.9-05"],
    needs: [Users],
    breaks: [],
}

async fn meta(t: &Trial) -> Verdict {
    let field = Field::of(t).await?;
    let json = &field.member("delta").json;
    let slots = ["meta.created", "meta.resourceType"].map(|path| place(field.kind(), path));
    let [Some(created), Some(kind)] = slots else { return skip("the target shows no `meta`") };
    if created.get(json).is_none() || kind.get(json).is_none() {
        return skip("the target shows no `meta` with `created` and `resourceType`");
    }
    field.blocked_without_attributes().await?;
    for parameters in [[("attributes", "userName")], [("excludedAttributes", "meta")]] {
        let answer = shown(&field, "delta", &parameters).await?;
        if names(resource(&answer)).contains("meta") {
            let flaw = answer.flaw(format!("the answer to {} holds `meta`", answer.asked));
            let rules: &[&'static str] = match parameters[0].0 {
                "attributes" => &["RFC7643-3.1-23", "RFC7644-3.9-05"],
                _ => &["RFC7643-3.1-23"],
            };
            let flaw = flaw.expected("no `meta`").got(resource(&answer)["meta"].to_string());
            t.note(flaw.breaks(rules));
        }
    }
    let answer = shown(&field, "delta", &[("attributes", "meta.created")]).await?;
    expect_part(t, &answer, &created, &kind, json);
    Ok(())
}

/// Fails unless a resource holds what it holds by default, without these.
pub(super) fn expect_without(answer: &Answer, stored: &Value, gone: &[&str]) -> Verdict {
    let found = names(resource(answer));
    if let Some(name) = gone.iter().find(|name| found.contains(&name.to_lowercase())) {
        return Err(answer
            .flaw(format!("the answer to {} holds `{name}`, which was excluded", answer.asked))
            .expected(format!("no `{name}`"))
            .got(listing(resource(answer)))
            .into());
    }
    // Memberships may change while other checks run; extensions are judged by a check of their own.
    let is_gone = |name: &str| gone.iter().any(|gone| gone.eq_ignore_ascii_case(name));
    let lost: Vec<&str> = spelled(stored)
        .into_iter()
        .filter(|name| {
            !is_gone(name)
                && !found.contains(&name.to_lowercase())
                && !name.eq_ignore_ascii_case("groups")
                && !name.contains(':')
        })
        .collect();
    match lost.is_empty() {
        true => Ok(()),
        false => Err(answer
            .flaw(format!("the answer to {} lacks attributes that were not excluded", answer.asked))
            .expected(lost.join(", "))
            .got(listing(resource(answer)))
            .breaks(&["RFC7644-3.9-11"])
            .into()),
    }
}

check! {
    /// A filter in `attributes` is no attribute name: it is ignored, or refused with 400.
    ///
    /// Why: Microsoft's test suite sends `attributes=emails[type eq "work"]`.
    ///
    /// Fix: treat it like any other unknown name.
    VALUE_PATH = value_path,
    id: "projection.value-path",
    title: "a filter in attributes is ignored or refused",
    level: Should,
    requirements: ["RFC7644-3.9-09", "Q-L09"],
    needs: [Users],
    breaks: [],
}

async fn value_path(t: &Trial) -> Verdict {
    let field = Field::of(t).await?;
    let parameters = [("attributes", "emails[type eq \"work\"]")];
    let answer = t.get(&target(&field.member("delta").created.path, &parameters)).await?;
    answer.expect_status(&[200, 400]).map(drop)
}
