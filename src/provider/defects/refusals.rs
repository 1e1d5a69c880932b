//! Bugs of what is refused although it must work: endpoints, attributes, sizes, and what breaks the program.

use serde_json::Value;

use super::Defect;
use super::patch::whole;
use super::seams::Switch;
use super::tools::{crash, each_own_text};
use crate::protocol::error::ScimError;
use crate::protocol::filter::{Filter, Literal};

/// How deep JSON may nest before the program breaks.
const DEPTH: usize = 100;
/// How long a text may be before the program breaks.
const LENGTH: usize = 1000;

/// How deep the brackets of a text nest.
fn depth(text: &[u8]) -> usize {
    let mut deepest = 0;
    let mut open: usize = 0;
    for byte in text {
        match byte {
            b'{' | b'[' => open += 1,
            b'}' | b']' => open = open.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(open);
    }
    deepest
}

/// Whether any text in a value fits.
fn any_text(value: &Value, fits: fn(&str) -> bool) -> bool {
    match value {
        Value::String(text) => fits(text),
        Value::Array(items) => items.iter().any(|item| any_text(item, fits)),
        Value::Object(members) => members.values().any(|value| any_text(value, fits)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// Whether a PATCH changes that attribute.
fn changes(operations: &[crate::protocol::patch::Operation], name: &str) -> bool {
    operations.iter().any(|operation| {
        let value = operation.value.as_ref().filter(|_| operation.path.is_none());
        whole(operation) == Some(name) || value.is_some_and(|value| value.get(name).is_some())
    })
}

/// The table.
pub(super) const DEFECTS: &[Defect] = &[
    Defect {
        id: "groups-missing",
        title: "/Groups is answered 404 although it is announced",
        seen: &[],
        breaks: &["RFC7644-4-12", "RFC7644-3.2-01", "RFC7644-3.2-07", "Q-T03", "Q-T05"],
        about: "Only users are served. The connection tests of Entra ID and Okta read groups as well, and fail.",
        profile: "rfc",
        install: |seams| {
            seams.on_request(|asked| match asked.endpoint() == "Groups" {
                true => Err(ScimError::status(404, "there is no endpoint /Groups")),
                false => Ok(()),
            });
        },
    },
    Defect {
        id: "group-delete-refused",
        title: "DELETE of a group is answered 501",
        seen: &[],
        breaks: &["RFC7644-3.2-07", "RFC7644-3.6-06", "Q-T08", "Q-G24"],
        about: "Groups come and never go. JumpCloud deletes a test group when it connects, and refuses to connect.",
        profile: "rfc",
        install: |seams| {
            seams.on_request(|asked| match asked.method == "DELETE" && asked.endpoint() == "Groups" {
                true => Err(ScimError::status(501, "groups cannot be deleted")),
                false => Ok(()),
            });
        },
    },
    Defect {
        id: "create-needs-id",
        title: "POST without `id` is refused",
        seen: &["pranems/SCIMServer"],
        breaks: &["RFC7643-3.1-10", "RFC7643-3.1-02", "RFC7644-3.3-01"],
        about: "The schema marks `id` as required, and nobody thought of POST. Clients cannot know an id that the provider \
                gives out.",
        profile: "rfc",
        install: |seams| {
            seams.on_body(|writing, body| match writing.method == "POST" && !body.contains_key("id") {
                true => Err(ScimError::invalid_value("id: is required")),
                false => Ok(()),
            });
        },
    },
    Defect {
        id: "user-name-fixed",
        title: "the userName cannot be changed",
        seen: &[],
        breaks: &["RFC7643-7-22", "RFC7643-8.7.1-02", "RFC7644-3.5.2.3-03", "Q-U26"],
        about: "A readWrite attribute is treated as immutable. People who marry keep their old name, or get a second \
                account.",
        profile: "rfc",
        install: |seams| {
            seams.on_written(|writing, resource| match writing.old("userName") {
                Some(old) if resource.get("userName") != Some(old) => {
                    Err(ScimError::mutability("`userName` cannot be changed"))
                }
                _ => Ok(()),
            });
        },
    },
    Defect {
        id: "external-id-fixed",
        title: "the externalId cannot be changed",
        seen: &[],
        breaks: &["RFC7643-3.1-20", "RFC7643-7-22", "Q-U25", "Q-G25"],
        about: "A readWrite attribute is treated as immutable. After a move to another directory no account can be matched \
                again.",
        profile: "rfc",
        install: |seams| {
            seams.on_written(|writing, resource| match writing.old("externalId") {
                Some(old) if resource.get("externalId") != Some(old) => {
                    Err(ScimError::mutability("`externalId` cannot be changed"))
                }
                _ => Ok(()),
            });
        },
    },
    Defect {
        id: "password-not-patched",
        title: "PATCH of the password is refused",
        seen: &["pond/scimitar CHANGELOG (#105)"],
        breaks: &["RFC7643-4.1.1-26", "RFC7643-5-20", "Q-U23"],
        about: "A password can be set once and never changed, although changePassword is announced. Okta's password sync \
                fails.",
        profile: "rfc",
        install: |seams| {
            seams.on_patch(|_, request| match changes(&request.operations, "password") {
                true => Err(ScimError::mutability("`password` cannot be changed")),
                false => Ok(()),
            });
        },
    },
    Defect {
        id: "group-needs-active-members",
        title: "an inactive member fails the whole group",
        seen: &["pulumi/docs PR#13236"],
        breaks: &["RFC7643-4.2-04", "RFC7644-3.5.2.1-08"],
        about: "Members must be active, or the request is refused. One person on leave keeps a whole team from being \
                updated.",
        profile: "rfc",
        install: |seams| seams.switch(Switch::ActiveMembersOnly),
    },
    Defect {
        id: "deep-json-crashes",
        title: "JSON that nests more than 100 levels ends in an internal error",
        seen: &[],
        breaks: &["RFC7644-3.12-10", "RFC7644-3.12-17", "RFC7644-3.3-11", "RFC7644-7.7-01"],
        about: "The parser runs out of stack. A single request of a few hundred bytes takes a worker down.",
        profile: "rfc",
        install: |seams| {
            seams.on_request(|asked| match depth(asked.bytes()) > DEPTH {
                true => Err(crash("RangeError: Maximum call stack size exceeded")),
                false => Ok(()),
            });
        },
    },
    Defect {
        id: "long-text-crashes",
        title: "a text of more than 1,000 characters ends in an internal error",
        seen: &["fleetdm/fleet#52593"],
        breaks: &["RFC7644-3.12-17", "RFC7643-2.3.1-01", "RFC7644-7.7-01"],
        about: "What does not fit into the column is an exception of the database, with the statement in it. The client \
                does not learn which value was too long.",
        profile: "rfc",
        install: |seams| {
            seams.on_body(|_, body| {
                let body = Value::Object(body.clone());
                match any_text(&body, |text| text.chars().count() > LENGTH) {
                    true => Err(crash("INSERT INTO users: value too long for type character varying(1000)")),
                    false => Ok(()),
                }
            });
        },
    },
    Defect {
        id: "large-number-crashes",
        title: "a `startIndex` beyond 32 bits ends in an internal error",
        seen: &[],
        breaks: &["RFC7644-3.4.2.4-15", "RFC7644-3.12-17"],
        about: "The number does not fit, and nobody catches it. Scanners fill the log with alarms.",
        profile: "rfc",
        install: |seams| {
            seams.on_request(|asked| {
                let number = asked.parameter("startIndex").filter(|_| asked.is_list()).unwrap_or_default();
                let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
                match is_number && number.parse::<i32>().is_err() {
                    true => Err(crash("NumberFormatException: For input string")),
                    false => Ok(()),
                }
            });
        },
    },
    Defect {
        id: "apostrophe-crashes",
        title: "an apostrophe in a filter ends in an internal error",
        seen: &[],
        breaks: &["RFC7644-3.4.2.2-15", "RFC7644-7.7-01", "RFC7644-3.12-17", "Q-L16"],
        about: "The value is pasted into a statement for the database. O'Brien cannot be found, and an attacker can do more \
                than that.",
        profile: "rfc",
        install: |seams| {
            fn has_apostrophe(filter: &Filter) -> bool {
                match filter {
                    Filter::Compare { value: Literal::String(text), .. } => text.contains('\''),
                    Filter::And(all) | Filter::Or(all) => all.iter().any(has_apostrophe),
                    Filter::Not(inner) | Filter::Element { filter: inner, .. } => has_apostrophe(inner),
                    Filter::Compare { .. } | Filter::Present(_) => false,
                }
            }
            seams.on_query(|_, query| match query.filter.as_ref().is_some_and(has_apostrophe) {
                true => Err(crash("SQLSTATE[42601]: syntax error at or near \"Brien\"")),
                false => Ok(()),
            });
        },
    },
    Defect {
        id: "nul-crashes",
        title: "the character U+0000 in a text ends in an internal error",
        seen: &[],
        breaks: &["RFC7644-3.12-17", "RFC7643-2.3.1-01"],
        about: "The database refuses it and nobody catches that. Clients take a broken value for a passing trouble and repeat \
                it.",
        profile: "rfc",
        install: |seams| {
            seams.on_body(|_, body| {
                match any_text(&Value::Object(body.clone()), |text| text.contains('\0')) {
                    true => Err(crash("invalid byte sequence for encoding \"UTF8\": 0x00")),
                    false => Ok(()),
                }
            });
        },
    },
    Defect {
        id: "text-trimmed",
        title: "spaces at the ends of texts are cut off",
        seen: &["grokability/snipe-it#19005"],
        breaks: &["RFC7643-2.3.1-01", "RFC7643-7-22", "Q-U24"],
        about: "What is stored is not what was sent. Clients that compare the two send the same update in every cycle.",
        profile: "rfc",
        install: |seams| {
            seams.on_written(|_, resource| {
                each_own_text(resource, |text| *text = text.trim().to_owned());
                Ok(())
            });
        },
    },
];
