//! Bugs of HTTP: media types, methods, paths.

use http::HeaderValue;
use http::header::{ACCEPT, CONTENT_TYPE};
use serde_json::Value;

use super::Defect;
use super::message::{Answer, Asked};
use super::seams::Switch;
use super::tools::each_text;
use crate::protocol::error::ScimError;

/// Labels a response that has a body.
fn label(answer: &mut Answer, media_type: &'static str) {
    if answer.headers.contains_key(CONTENT_TYPE) {
        answer.headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    }
}

/// The media type of the body of a request.
fn media_type(asked: &Asked) -> &str {
    asked.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

/// 415 for requests with a body of a type that is not taken.
fn refuse_type(asked: &Asked, is_refused: fn(&str) -> bool) -> Result<(), ScimError> {
    match is_refused(media_type(asked)) {
        true => Err(ScimError::status(415, "Unsupported Media Type")),
        false => Ok(()),
    }
}

/// The table.
pub(super) const DEFECTS: &[Defect] = &[
    Defect {
        id: "media-plain-json",
        title: "responses are labelled `application/json`",
        seen: &["jelhub/scimgateway#89", "pond/scimitar#59", "AzureAD/SCIMReferenceCode#108"],
        breaks: &["RFC7644-3.1-01", "RFC7644-3.8-06", "RFC7644-3.8-08", "Q-H04"],
        about: "The label is not the one of SCIM, even where the client asks for that. Strict clients refuse the answer \
                unread.",
        profile: "rfc",
        install: |seams| seams.on_answer(|_, answer| label(answer, "application/json")),
    },
    Defect {
        id: "media-html",
        title: "responses are labelled `text/html`",
        seen: &["MicrosoftDocs/azure-docs#104859"],
        breaks: &["RFC7644-3.1-01", "RFC7644-3.8-08", "Q-E02"],
        about: "Nobody sets the content type, so that the server sets its own. Clients refuse to read JSON from a web page.",
        profile: "rfc",
        install: |seams| seams.on_answer(|_, answer| label(answer, "text/html; charset=utf-8")),
    },
    Defect {
        id: "media-error-plain-json",
        title: "only errors are labelled `application/json`",
        seen: &["AzureAD/SCIMReferenceCode#108"],
        breaks: &["RFC7644-3.12-07", "RFC7644-3.1-01"],
        about: "Errors are made by another part of the program. Strict clients cannot read what went wrong.",
        profile: "rfc",
        install: |seams| {
            seams.on_answer(|_, answer| {
                if answer.is_error() {
                    label(answer, "application/json");
                }
            });
        },
    },
    Defect {
        id: "media-charset-refused",
        title: "`application/scim+json; charset=utf-8` is answered 415",
        seen: &["MicrosoftDocs/azure-docs#12728", "medplum/medplum#4143", "iam#1285"],
        breaks: &["RFC7644-3.8-09", "RFC9110-15.5.16-01", "Q-H01"],
        about: "The header is compared as a whole, parameters included. Entra ID always sends the parameter, so that it \
                can create nobody.",
        profile: "rfc",
        install: |seams| seams.on_request(|asked| refuse_type(asked, |media_type| media_type.contains(';'))),
    },
    Defect {
        id: "media-scim-refused",
        title: "`application/scim+json` is answered 415",
        seen: &["better-auth/better-auth#6365", "MicrosoftDocs/azure-docs#116775"],
        breaks: &["RFC7644-3.8-09", "RFC7644-3.1-01", "Q-H04"],
        about: "Only plain JSON is parsed. The media type of the protocol itself is unknown.",
        profile: "rfc",
        install: |seams| {
            seams.on_request(|asked| {
                refuse_type(asked, |media_type| media_type.starts_with("application/scim+json"))
            });
        },
    },
    Defect {
        id: "media-json-refused",
        title: "`application/json` is answered 415",
        seen: &[],
        breaks: &["RFC7644-3.8-10", "Q-H02"],
        about: "Only the media type of SCIM is parsed. OneLogin and the certification suite of Okta send plain JSON.",
        profile: "rfc",
        install: |seams| {
            seams.on_request(|asked| {
                refuse_type(asked, |media_type| media_type.starts_with("application/json"))
            });
        },
    },
    Defect {
        id: "media-json-not-acceptable",
        title: "`Accept: application/json` is answered 406",
        seen: &["MicrosoftDocs/azure-docs#94189"],
        breaks: &["RFC7644-3.8-07"],
        about: "Only those who ask for SCIM get an answer. Older clients that ask for JSON cannot even read.",
        profile: "rfc",
        install: |seams| {
            seams.on_request(|asked| {
                match asked.headers.get(ACCEPT).is_some_and(|value| value == "application/json") {
                    true => Err(ScimError::status(406, "Not Acceptable")),
                    false => Ok(()),
                }
            });
        },
    },
    Defect {
        id: "media-needs-accept",
        title: "a request that does not accept `application/scim+json` by name is answered 406",
        seen: &["MicrosoftDocs/azure-docs#94189"],
        breaks: &["RFC7644-3.8-08", "Q-H03"],
        about: "A header is demanded that HTTP does not demand. Entra ID reads without it and never connects.",
        profile: "rfc",
        install: |seams| {
            seams.on_request(|asked| {
                let accept =
                    asked.headers.get(ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
                match accept.contains("application/scim+json") {
                    false => Err(ScimError::status(406, "Not Acceptable")),
                    true => Ok(()),
                }
            });
        },
    },
    Defect {
        id: "media-ascii",
        title: "letters beyond ASCII become question marks in responses",
        seen: &[],
        breaks: &["RFC7644-3.8-01", "RFC7644-3.8-02", "RFC7643-2.3.1-01"],
        about: "The response is written in the wrong encoding. Names with an umlaut come back broken, and the client \
                updates them for ever.",
        profile: "rfc",
        install: |seams| {
            seams.on_answer(|_, answer| {
                each_text(&mut answer.json, |text| {
                    *text = text.chars().map(|c| if c.is_ascii() { c } else { '?' }).collect();
                });
            });
        },
    },
    Defect {
        id: "http-head-refused",
        title: "HEAD is answered 405",
        seen: &[],
        breaks: &["RFC9110-9.1-01", "RFC9110-9.3.2-01"],
        about: "Only GET reads. Monitors and proxies that ask by HEAD report that the service is down.",
        profile: "rfc",
        install: |seams| {
            seams.on_request(|asked| match asked.method == "HEAD" {
                true => Err(ScimError::status(405, "HEAD is not allowed")),
                false => Ok(()),
            });
        },
    },
    Defect {
        id: "http-without-allow",
        title: "405 has no Allow header",
        seen: &[],
        breaks: &["RFC9110-15.5.6-01"],
        about: "The answer does not say what would be allowed. Clients cannot find out whether PATCH is supported.",
        profile: "rfc",
        install: |seams| {
            seams.on_answer(|_, answer| {
                if answer.status == 405 {
                    answer.headers.remove("allow");
                }
            });
        },
    },
    Defect {
        id: "http-unknown-method-as-500",
        title: "an unknown method ends in an internal error",
        seen: &[],
        breaks: &["RFC9110-9.1-02", "RFC7644-3.12-17"],
        about: "The method is looked up in a table that does not have it. Scanners fill the log with alarms.",
        profile: "rfc",
        install: |seams| {
            seams.on_answer(|asked, answer| {
                let known = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
                if answer.status == 501 && !known.contains(&asked.method.as_str()) {
                    answer.refuse(&ScimError::status(500, "KeyError"));
                }
            });
        },
    },
    Defect {
        id: "http-unknown-endpoint-as-html",
        title: "an unknown endpoint is answered with an HTML page",
        seen: &["grokability/snipe-it#14138"],
        breaks: &["RFC7644-3.2-11", "RFC7644-3.12-13", "Q-T12", "Q-E02"],
        about: "The router of the web framework answers before SCIM does. Clients fail to read the page and report a \
                broken connection.",
        profile: "rfc",
        install: |seams| {
            seams.on_answer(|asked, answer| {
                if answer.status == 404 && asked.id().is_none() && !asked.is_discovery() {
                    answer
                        .say("text/html; charset=utf-8", "<html><body><h1>404 Not Found</h1></body></html>");
                }
            });
        },
    },
    Defect {
        id: "http-unknown-endpoint-as-200",
        title: "an unknown endpoint is answered 200 with an empty list",
        seen: &[],
        breaks: &["RFC7644-3.2-11", "RFC7644-3.12-13", "Q-T11"],
        about: "Whatever is asked for exists and is empty. A mistake in the base URL looks like an application without \
                people.",
        profile: "rfc",
        install: |seams| {
            seams.on_answer(|asked, answer| {
                if answer.status == 404 && asked.id().is_none() && !asked.is_discovery() {
                    answer.status = 200;
                    answer.json = crate::protocol::message::complete_list(Vec::new());
                }
            });
        },
    },
    Defect {
        id: "http-trailing-slash-missing",
        title: "a path with a slash at its end is answered 404",
        seen: &[],
        breaks: &["Q-H08"],
        about: "`/Users/` is another path than `/Users`. Microsoft's test suite sends the slash.",
        profile: "interop",
        install: |seams| {
            seams.on_request(|asked| match asked.path.len() > 1 && asked.path.ends_with('/') {
                true => Err(ScimError::status(404, "not found")),
                false => Ok(()),
            });
        },
    },
    Defect {
        id: "http-any-version",
        title: "any protocol version in the path is served",
        seen: &[],
        breaks: &["RFC7644-3.13-03", "RFC7644-3.12-27"],
        about: "`/v9/Users` is answered as if it were version 2. A client of another version gets messages that it cannot \
                understand, and no error.",
        profile: "rfc",
        install: |seams| {
            seams.on_request(|asked| {
                asked.drop_version();
                Ok(())
            })
        },
    },
    Defect {
        id: "http-any-endpoint-serves-any-id",
        title: "an id is served at every endpoint",
        seen: &[],
        breaks: &["RFC7644-3.4.1-04"],
        about: "/Groups/{id} returns a user. A client with mixed up ids deletes people where it means a team.",
        profile: "rfc",
        install: |seams| seams.switch(Switch::AnyEndpoint),
    },
    Defect {
        id: "http-me-shows-anybody",
        title: "/Me is the user who came last",
        seen: &[],
        breaks: &["RFC7644-3.11-01"],
        about: "The alias does not depend on who asks. Whoever reads or deletes its own account hits somebody else's.",
        profile: "rfc",
        install: |seams| {
            seams.on_request(|asked| {
                if asked.endpoint() == "Me" && asked.method == "GET" {
                    asked.path = "/Users".to_owned();
                    asked.set_parameter("count", "1");
                    asked.set_parameter("sortBy", "meta.created");
                    asked.set_parameter("sortOrder", "descending");
                }
                Ok(())
            });
            seams.on_answer(|asked, answer| {
                let first = answer.json.pointer("/Resources/0").cloned();
                if let ("Me", "GET", Some(first)) = (asked.endpoint(), asked.method.as_str(), first) {
                    for (name, pointer) in [("location", "/meta/location"), ("etag", "/meta/version")] {
                        let value = first.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
                        if let Ok(value) = HeaderValue::from_str(value) {
                            answer.headers.insert(name, value);
                        }
                    }
                    answer.json = first;
                }
            });
        },
    },
    Defect {
        id: "http-me-without-location",
        title: "/Me has no Location header",
        seen: &[],
        breaks: &["RFC7644-3.11-04"],
        about: "The answer does not say which resource the alias stands for in its header. Clients keep the alias and lose the account \
                when the token changes.",
        profile: "rfc",
        install: |seams| {
            seams.on_answer(|asked, answer| {
                if asked.endpoint() == "Me" {
                    answer.headers.remove("location");
                    if let Some(Value::Object(meta)) = answer.json.get_mut("meta") {
                        meta.insert("location".to_owned(), "/Me".into());
                    }
                }
            });
        },
    },
];
