//! Bugs of error messages.

use serde_json::{Value, json};

use super::Defect;
use super::message::{Answer, Asked};
use super::tools::crash;
use crate::protocol::message::ERROR;

/// A page for people, as a web framework makes it.
const PAGE: &str = "<!DOCTYPE html><html><head><title>Error</title></head><body><h1>Error</h1></body></html>";

/// The members of an Error message.
fn error(answer: &mut Answer) -> Option<&mut serde_json::Map<String, Value>> {
    let is_error = answer.is_error();
    answer.json.as_object_mut().filter(|_| is_error)
}

/// Exchanges a keyword.
fn rename(answer: &mut Answer, keyword: &str, other: &str) {
    if answer.scim_type() == Some(keyword) {
        answer.json["scimType"] = other.into();
    }
}

/// Whether one resource was asked for that is not there.
fn is_missing(asked: &Asked, answer: &Answer) -> bool {
    answer.status == 404 && asked.id().is_some()
}

/// The table.
pub(super) const DEFECTS: &[Defect] = &[
    Defect {
        id: "error-status-as-number",
        title: "`status` of an error is a number",
        seen: &["scim-kit#46"],
        breaks: &["RFC7644-3.12-03"],
        about: "The RFC says text. Clients that read strictly cannot read the error and report something else.",
        profile: "rfc",
        install: |seams| {
            seams.on_answer(|_, answer| {
                let status = answer.status;
                if let Some(error) = error(answer) {
                    error.insert("status".to_owned(), status.into());
                }
            });
        },
    },
    Defect {
        id: "error-without-schemas",
        title: "an error has no `schemas`",
        seen: &[],
        breaks: &["RFC7644-3.12-02", "RFC7643-3-01", "RFC7644-8.2-01"],
        about: "The message does not say that it is an error. Clients that tell messages by their URN show their users \
                nothing of it.",
        profile: "rfc",
        install: |seams| {
            seams.on_answer(|_, answer| {
                if let Some(error) = error(answer) {
                    error.shift_remove("schemas");
                }
            });
        },
    },
    Defect {
        id: "error-of-version-one",
        title: "an error has the form of SCIM 1.1, with `Errors`",
        seen: &["simpleidserver/SimpleIdServer#227"],
        breaks: &["RFC7644-3.12-02", "RFC7644-3.12-01", "RFC7644-3.12-03"],
        about: "The message is that of another version of the protocol. Clients find neither status nor detail where they \
                look for them.",
        profile: "rfc",
        install: |seams| {
            seams.on_answer(|_, answer| {
                if answer.is_error() {
                    let description = answer.json.get("detail").cloned().unwrap_or_default();
                    answer.json = json!({ "Errors": [{ "description": description, "code": answer.status.to_string() }] });
                }
            });
        },
    },
    Defect {
        id: "error-schemas-as-text",
        title: "`schemas` of an error is a text instead of an array",
        seen: &["wso2/product-is#3572"],
        breaks: &["RFC7643-3-01", "RFC7644-3.12-02"],
        about: "A list with one element is shown as that element. Clients that expect an array cannot read the error.",
        profile: "rfc",
        install: |seams| {
            seams.on_answer(|_, answer| {
                if let Some(error) = error(answer) {
                    error.insert("schemas".to_owned(), ERROR.into());
                }
            });
        },
    },
    Defect {
        id: "error-status-differs",
        title: "`status` in the body of an error is always 400",
        seen: &[],
        breaks: &["RFC7644-3.12-04", "RFC7644-3.2-12"],
        about: "Header and body say different things. Logs that keep the body send people after the wrong mistake.",
        profile: "rfc",
        install: |seams| {
            seams.on_answer(|_, answer| {
                if let Some(error) = error(answer) {
                    error.insert("status".to_owned(), "400".into());
                }
            });
        },
    },
    Defect {
        id: "error-as-text",
        title: "an error is plain text",
        seen: &[
            "vouch-sh/vouch#1412",
            "Metatavu/keycloak-scim-server#101",
            "Metatavu/keycloak-scim-server#114",
        ],
        breaks: &["RFC7644-3.12-01", "RFC7644-3.12-07", "Q-E01"],
        about: "The body is a sentence and no JSON. Okta fails to parse it and shows its own confusion instead of the \
                mistake.",
        profile: "rfc",
        install: |seams| {
            seams.on_answer(|_, answer| {
                if answer.is_error() {
                    let detail =
                        answer.json.get("detail").and_then(Value::as_str).unwrap_or("error").to_owned();
                    answer.say("text/plain; charset=utf-8", &detail);
                }
            });
        },
    },
    Defect {
        id: "error-as-html",
        title: "an error is an HTML page",
        seen: &["grokability/snipe-it#11094", "MicrosoftDocs/azure-docs#94189"],
        breaks: &["RFC7644-3.12-01", "RFC7644-3.12-07", "Q-E02", "Q-T12"],
        about: "A web framework answers in place of the application. Entra ID reports that it cannot deserialize the \
                answer.",
        profile: "rfc",
        install: |seams| {
            seams.on_answer(|_, answer| {
                if answer.is_error() {
                    answer.say("text/html; charset=utf-8", PAGE);
                }
            });
        },
    },
    Defect {
        id: "error-without-body",
        title: "an error has no body",
        seen: &["vouch-sh/vouch#1412"],
        breaks: &["RFC7644-3.12-01", "RFC7644-3.12-02", "Q-E01"],
        about: "There is a status and nothing else. Nobody can find out what was wrong with the request.",
        profile: "rfc",
        install: |seams| {
            seams.on_answer(|_, answer| {
                if answer.is_error() {
                    answer.empty(answer.status);
                }
            });
        },
    },
    Defect {
        id: "error-keyword-null",
        title: "`scimType` of an error without a keyword is the text \"null\"",
        seen: &["wso2/product-is#7697"],
        breaks: &["RFC7644-3.12-05"],
        about: "A missing value is printed as a word. Clients that decide by the keyword meet one that does not exist.",
        profile: "rfc",
        install: |seams| {
            seams.on_answer(|_, answer| {
                if let Some(error) = error(answer) {
                    error.entry("scimType").or_insert("null".into());
                }
            });
        },
    },
    Defect {
        id: "error-keyword-unknown",
        title: "`scimType` is `invalidParam` for whatever is wrong",
        seen: &["simpleidserver/SimpleIdServer#275"],
        breaks: &["RFC7644-3.12-05", "RFC7644-3.12-19", "RFC7644-3.12-26"],
        about: "The keyword is none of those that the RFC defines. Clients cannot tell one mistake from another.",
        profile: "rfc",
        install: |seams| {
            seams.on_answer(|_, answer| {
                if answer.scim_type().is_some() && answer.status == 400 {
                    answer.json["scimType"] = "invalidParam".into();
                }
            });
        },
    },
    Defect {
        id: "error-filter-as-syntax",
        title: "a wrong filter is `invalidSyntax` instead of `invalidFilter`",
        seen: &[],
        breaks: &["RFC7644-3.12-19"],
        about: "The keyword points at the body of a request that has none. Clients that fall back to a simpler filter on \
                `invalidFilter` do not.",
        profile: "rfc",
        install: |seams| seams.on_answer(|_, answer| rename(answer, "invalidFilter", "invalidSyntax")),
    },
    Defect {
        id: "error-path-as-value",
        title: "a wrong PATCH path is `invalidValue` instead of `invalidPath`",
        seen: &[],
        breaks: &["RFC7644-3.12-24", "RFC7644-3.5.2-09"],
        about: "The keyword points at the value, which is right. People search the mapping of the wrong attribute.",
        profile: "rfc",
        install: |seams| seams.on_answer(|_, answer| rename(answer, "invalidPath", "invalidValue")),
    },
    Defect {
        id: "error-mutability-as-value",
        title: "a change of a readOnly attribute is `invalidValue` instead of `mutability`",
        seen: &[],
        breaks: &["RFC7644-3.12-22", "RFC7644-3.5.2.2-11"],
        about: "The keyword says that another value would do. Clients try others instead of leaving the attribute alone.",
        profile: "rfc",
        install: |seams| seams.on_answer(|_, answer| rename(answer, "mutability", "invalidValue")),
    },
    Defect {
        id: "error-shows-stack",
        title: "the detail of an error is a stack trace",
        seen: &["fleetdm/fleet#52593"],
        breaks: &["RFC7644-7.7-01", "RFC7644-3.12-06", "RFC7644-3.12-17"],
        about: "Names of classes, files and tables go out to whoever sends a wrong request. It helps attackers and nobody \
                else.",
        profile: "rfc",
        install: |seams| {
            seams.on_answer(|_, answer| {
                if let Some(Value::String(detail)) = error(answer).and_then(|error| error.get_mut("detail")) {
                    *detail = format!(
                        "org.postgresql.util.PSQLException: {detail}\n\tat com.example.scim.UserDao.find(UserDao.java:214)\
                         \n\tat com.example.scim.UserResource.get(UserResource.java:87)"
                    );
                }
            });
        },
    },
    Defect {
        id: "error-invalid-as-500",
        title: "a body that does not fit the schema ends in an internal error",
        seen: &["wso2/product-is#11976"],
        breaks: &["RFC7644-3.3-12", "RFC7644-3.12-10", "RFC7644-3.12-17", "Q-E10"],
        about: "Nothing is validated before it is used. Clients take their mistake for a passing trouble and repeat it for \
                weeks.",
        profile: "rfc",
        install: |seams| {
            seams.on_answer(|asked, answer| {
                if answer.scim_type() == Some("invalidValue") && asked.endpoint() != "Bulk" {
                    answer.refuse(&crash("TypeError: Cannot read properties of undefined (reading 'trim')"));
                }
            });
        },
    },
    Defect {
        id: "error-broken-json-as-500",
        title: "a body that is no JSON ends in an internal error",
        seen: &[],
        breaks: &["RFC7644-3.3-11", "RFC7644-3.12-23", "RFC7644-3.12-17", "RFC7644-3.5.1-17"],
        about: "The parser throws and nobody catches it. A client with a bug in its JSON does not learn of it.",
        profile: "rfc",
        install: |seams| {
            seams.on_answer(|_, answer| {
                if answer.scim_type() == Some("invalidSyntax") {
                    answer.refuse(&crash("SyntaxError: Unexpected token in JSON at position 0"));
                }
            });
        },
    },
    Defect {
        id: "error-missing-as-400",
        title: "an unknown id is answered 400",
        seen: &[],
        breaks: &["RFC7644-3.4.1-03", "RFC7644-3.12-13", "Q-E09", "Q-G15"],
        about: "The status says that the request is wrong. Entra ID and Okta create an account again after 404 and give up \
                after 400.",
        profile: "rfc",
        install: |seams| {
            seams.on_answer(|asked, answer| {
                if is_missing(asked, answer) {
                    answer.set_status(400);
                }
            });
        },
    },
    Defect {
        id: "error-missing-as-500",
        title: "an unknown id ends in an internal error",
        seen: &["keycloak/keycloak#49973", "keycloak/keycloak#49847", "wso2/product-is#11976"],
        breaks: &["RFC7644-3.4.1-03", "RFC7644-3.12-13", "RFC7644-3.12-17", "Q-E09"],
        about: "The resource is used without asking whether it was found. Clients repeat a request that can never succeed.",
        profile: "rfc",
        install: |seams| {
            seams.on_answer(|asked, answer| {
                if is_missing(asked, answer) {
                    answer.refuse(&crash("NullPointerException"));
                }
            });
        },
    },
    Defect {
        id: "error-missing-as-200",
        title: "GET of an unknown id is answered 200 with an error in the body",
        seen: &[],
        breaks: &["RFC7644-3.4.1-03", "RFC7644-3.12-13", "RFC7644-3.12-04", "Q-G15", "Q-D05"],
        about: "The status says that all is well. Clients believe that a deleted account is still there.",
        profile: "rfc",
        install: |seams| {
            seams.on_answer(|asked, answer| {
                if is_missing(asked, answer) && asked.method == "GET" {
                    answer.status = 200;
                }
            });
        },
    },
];
