//! Creating resources (RFC 7644 §3.3): what the server adds to them.

use serde_json::{Value, json};

use super::compare::{Place, creatable, get, get_in, look};
use super::create::leads_to;
use super::query::breaking;
use crate::conformance::check::{Check, check};
use crate::conformance::discovery::{Kind, Role};
use crate::conformance::trial::{Answer, Trial};
use crate::conformance::verdict::{Flaw, Stop, Verdict};
use crate::protocol::value::parse_date_time;

pub(super) const CHECKS: &[Check] = &[META_LOCATION, META, UNMODIFIED, SCHEMAS];

check! {
    /// `meta.location` is the URI of the resource, the same as in the Location header.
    ///
    /// Why: clients that read lists or bodies have no header to look at; they follow `meta.location`. Two addresses for one
    /// resource make them see two resources.
    ///
    /// Fix: fill `meta.location` in every representation from the same function that makes the Location header.
    META_LOCATION = meta_location,
    id: "create.meta-location",
    title: "meta.location leads to the resource and equals the Location header",
    level: Must,
    requirements: ["RFC7644-3.3-09", "RFC7643-3.1-28", "RFC7643-3.1-02"],
    needs: [],
    breaks: [Okta],
}

async fn meta_location(t: &Trial) -> Verdict {
    for kind in creatable(t).await? {
        let answer = t.post(kind.endpoint(), &t.body(&kind).await?).await?;
        let created = t.created_by(&kind, &answer)?;
        let read = look(t, &created).await?;
        let header = answer.headers.get("location").map(str::to_owned);
        for shown in [&answer, &read].into_iter().filter(|shown| !shown.body.is_empty()) {
            let Some(location) = get_in(shown.resource()?, "meta", "location").and_then(Value::as_str) else {
                t.note(
                    shown
                        .flaw(format!("the answer to {} has no meta.location", shown.asked))
                        .expected(header.clone().unwrap_or_else(|| "the URI of the resource".to_owned()))
                        .breaks(match shown.asked.starts_with("POST") {
                            true => &["RFC7644-3.3-09", "RFC7643-3.1-02"],
                            false => &["RFC7643-3.1-02"],
                        }),
                );
                continue;
            };
            let base = t.ground().target().base();
            let place = Place::of(base, kind.endpoint(), location);
            let leads = leads_to(t, shown, location, &place, &created.path, &created.id).await;
            if t.soft(breaking(leads, &["RFC7643-3.1-28"]))?.is_none() {
                continue;
            }
            if let Some(header) = &header
                && Place::of(base, kind.endpoint(), header) != place
            {
                t.note(
                    shown
                        .flaw("meta.location is another URI than the Location header")
                        .expected(header.clone())
                        .got(location)
                        .breaks(&["RFC7644-3.3-09"]),
                );
            }
        }
    }
    Ok(())
}

check! {
    /// Every resource has `meta` with the name of its resource type, the time of its creation and the time of its last change.
    ///
    /// Why: clients tell users from groups by `meta.resourceType`, and incremental imports go by `meta.lastModified`. A time
    /// that is no xsd:dateTime, or long ago, makes them fetch too much or miss changes.
    ///
    /// Fix: set `meta.resourceType` to the `name` in /ResourceTypes, letter by letter, and the times when the resource is
    /// stored, as UTC with a `Z`.
    META = meta,
    id: "create.meta",
    title: "a new resource has meta with resourceType, created and lastModified",
    level: Must,
    requirements: [
        "RFC7643-3-08", "RFC7643-3-10", "RFC7643-3.1-01", "RFC7643-3.1-02", "RFC7643-3.1-24", "RFC7643-3.1-25",
        "RFC7643-3.1-27", "RFC7644-3.3.1-01",
    ],
    needs: [],
    breaks: [Okta, Entra],
}

/// Seconds by which `meta.created` may differ from the Date header: clocks and time zones are not what is judged.
const A_DAY: i64 = 25 * 3600;

async fn meta(t: &Trial) -> Verdict {
    for kind in creatable(t).await? {
        let created = t.create(&kind).await?;
        let read = look(t, &created).await?;
        let resource = read.resource()?;
        expect_type(t, &read, &kind)?;
        for name in ["created", "lastModified"] {
            let value = get_in(resource, "meta", name);
            let moment = value.and_then(Value::as_str).and_then(parse_date_time);
            if moment.is_none() {
                t.note(
                    read.flaw(format!("meta.{name} of a new {} is no dateTime", kind.name()))
                        .expected("an xsd:dateTime such as 2008-01-23T04:56:22Z")
                        .got(value.map_or_else(|| "nothing".to_owned(), Value::to_string))
                        .breaks(match name {
                            "created" => &["RFC7643-3.1-02", "RFC7643-3.1-25"],
                            _ => &["RFC7643-3.1-02"],
                        }),
                );
                continue;
            }
            let date = read.headers.get("date").and_then(|date| jiff::fmt::rfc2822::parse(date).ok());
            let moment = value.and_then(Value::as_str).and_then(seconds);
            let distance =
                date.zip(moment).map(|(date, moment)| (date.timestamp().as_second() - moment).abs());
            if distance.is_some_and(|seconds| seconds > A_DAY) {
                t.note(
                    read.flaw(format!("meta.{name} of a new {} is not now", kind.name()))
                        .expected(format!("about {}", read.headers.get("date").unwrap_or_default()))
                        .got(value.map(Value::to_string).unwrap_or_default())
                        .breaks(match name {
                            "created" => &["RFC7643-3.1-25"],
                            _ => &["RFC7643-3.1-27"],
                        }),
                );
            }
        }
    }
    Ok(())
}

/// A dateTime with an offset, in seconds.
fn seconds(text: &str) -> Option<i64> {
    text.parse::<jiff::Timestamp>().ok().map(jiff::Timestamp::as_second)
}

fn expect_type(t: &Trial, read: &Answer, kind: &Kind) -> Verdict {
    let given = get_in(read.resource()?, "meta", "resourceType");
    if given.and_then(Value::as_str) == Some(kind.name()) {
        return Ok(());
    }
    t.note(
        read.flaw(format!("meta.resourceType is not that of {}", kind.endpoint()))
            .expected(format!("\"{}\"", kind.name()))
            .got(given.map_or_else(|| "nothing".to_owned(), Value::to_string))
            .breaks(&["RFC7643-3-10", "RFC7643-3.1-24", "RFC7644-3.3.1-01"]),
    );
    Ok(())
}

check! {
    /// A resource that was never changed has `meta.lastModified` equal to `meta.created`. Two readings of the clock within one
    /// second are passed over.
    ///
    /// Why: a client that compares the two takes a new resource for a changed one and reads it again in every cycle.
    ///
    /// Fix: take one reading of the clock when a resource is created and store it in both places.
    UNMODIFIED = unmodified,
    id: "create.last-modified",
    title: "lastModified of a new resource equals created",
    level: Must,
    requirements: ["RFC7643-3.1-26"],
    needs: [],
    breaks: [],
}

async fn unmodified(t: &Trial) -> Verdict {
    for kind in creatable(t).await? {
        let created = t.create(&kind).await?;
        let read = look(t, &created).await?;
        let resource = read.resource()?;
        let text = |name| get_in(resource, "meta", name).and_then(Value::as_str);
        let moment = |name| text(name).and_then(parse_date_time);
        let (Some(first), Some(last)) = (moment("created"), moment("lastModified")) else {
            return Err(Stop::Blocked("meta has no times (check `create.meta`)".to_owned()));
        };
        // Some read the clock twice.
        let exact = |name| text(name)?.parse::<jiff::Timestamp>().ok();
        let distance = exact("created").zip(exact("lastModified"));
        let is_same = distance.is_some_and(|(first, last)| {
            (last.as_nanosecond() - first.as_nanosecond()).abs() < 1_000_000_000
        });
        if first != last && !is_same {
            let flaw = read
                .flaw(format!("a {} that was never changed has a lastModified of its own", kind.name()))
                .expected("lastModified equal to created")
                .got(resource["meta"].to_string());
            // Whole seconds may have turned between the two readings.
            let is_close =
                distance.is_some_and(|(first, last)| (last.as_second() - first.as_second()).abs() <= 1);
            t.note(if is_close { flaw.concern() } else { flaw });
        }
    }
    Ok(())
}

check! {
    /// `schemas` of a resource names its base schema and each extension whose data it has, each once and nothing else.
    ///
    /// Why: clients look in `schemas` to know what they have read. An extension that is not listed is not looked at; one
    /// that no resource type declares makes strict clients refuse the whole resource.
    ///
    /// Fix: fill `schemas` from the resource type and from the extensions that have values, not from the request.
    SCHEMAS = schemas,
    id: "create.schemas",
    title: "schemas of a resource names its base schema and its extensions",
    level: Must,
    requirements: [
        "RFC7643-3-01", "RFC7643-3-03", "RFC7643-3-04", "RFC7643-3.3-01", "RFC7643-3.3-03", "RFC7643-4.1-01",
        "RFC7643-3.1-03",
    ],
    needs: [],
    breaks: [Okta, Entra],
}

async fn schemas(t: &Trial) -> Verdict {
    for kind in creatable(t).await? {
        let mut body = t.body(&kind).await?;
        if let Some(slot) = t.survey(&kind).await?.texts(&kind.schema).iter().rfind(|s| s.extension.is_some())
        {
            slot.set(&mut body, slot.sample(&t.ground().fresh_name()));
        }
        let created = t.create_from(&kind, &body).await?;
        let read = look(t, &created).await?;
        for flaw in schemas_flaws(&read, &kind)? {
            t.note(flaw);
        }
    }
    Ok(())
}

/// What is wrong with `schemas` of a resource.
pub(super) fn schemas_flaws(read: &Answer, kind: &Kind) -> Result<Vec<Flaw>, Stop> {
    let resource = read.resource()?;
    let listed = get(resource, "schemas").and_then(Value::as_array);
    let Some(listed) = listed else {
        let flaw = read.flaw(format!("a {} has no `schemas`", kind.name())).breaks(&["RFC7643-3-01"]);
        return Ok(vec![flaw.expected(format!("an array with {}", kind.schema.core.id))]);
    };
    let listed: Vec<&str> = listed.iter().filter_map(Value::as_str).collect();
    let lists = |urn: &str| listed.iter().filter(|known| known.eq_ignore_ascii_case(urn)).count();
    let mut flaws = Vec::new();
    let mut tell = |what: String, broken: &[&'static str]| {
        flaws.push(read.flaw(what).got(format!("schemas {}", json!(listed))).breaks(broken));
    };
    if lists(&kind.schema.core.id) == 0 {
        let what = format!("`schemas` does not name the base schema {}", kind.schema.core.id);
        match kind.role == Role::User {
            true => tell(what, &["RFC7643-3.3-01", "RFC7643-4.1-01"]),
            false => tell(what, &["RFC7643-3.3-01"]),
        }
    }
    for urn in &listed {
        let is_declared = kind.schema.core.id.eq_ignore_ascii_case(urn)
            || kind.schema.resource_type.extensions.iter().any(|(known, _)| known.eq_ignore_ascii_case(urn));
        // Where the resource types are our own, nothing was declared.
        if !is_declared && kind.is_published {
            tell(format!("`schemas` names {urn}, which {} does not declare", kind.name()), &["RFC7643-3-04"]);
        }
    }
    if listed.iter().any(|urn| lists(urn) > 1) {
        tell("`schemas` names a URI twice".to_owned(), &["RFC7643-3-03"]);
    }
    for (name, value) in resource.as_object().into_iter().flatten() {
        let is_data = name.to_ascii_lowercase().starts_with("urn:")
            && value.as_object().is_some_and(|members| !members.is_empty());
        if is_data && lists(name) == 0 {
            tell(format!("there is data of {name}, which `schemas` does not name"), &["RFC7643-3.3-03"]);
        }
    }
    Ok(flaws)
}
