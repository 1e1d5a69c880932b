//! How answers look.

use http::HeaderValue;
use http::header::{CONTENT_TYPE, ETAG, IF_MATCH, IF_NONE_MATCH, LOCATION};
use serde_json::{Value, json};

use super::super::message::Answer;
use super::super::tools::{each_text, succeeded};
use super::{Choice, against_advice, doing};
use crate::protocol::error::ScimType;

pub(super) const CHOICES: &[Choice] = &[
    doing("patch-204", "PATCH answers 204 without a body", "RFC 7644 §3.5.2", |seams| {
        seams.on_answer(|asked, answer| {
            if succeeded(asked, answer, "PATCH") && asked.parameter("attributes").is_none() {
                answer.empty(204);
            }
        });
    }),
    against_advice(
        &["create.body"],
        doing(
            "create-without-body",
            "POST answers 201 with a Location and no body",
            "RFC 7644 §3.3: a body is a SHOULD",
            |seams| {
                seams.on_answer(|asked, answer| {
                    if asked.is_create() && answer.status == 201 && asked.parameter("attributes").is_none() {
                        answer.empty(201);
                    }
                });
            },
        ),
    ),
    doing("plain-json", "answers are application/json where that is accepted", "RFC 7644 §3.8", |seams| {
        seams.on_answer(|asked, answer| {
            let accepts =
                |value: &HeaderValue| value.to_str().is_ok_and(|text| text.contains("application/json"));
            if asked.headers.get_all("accept").iter().any(accepts)
                && answer.headers.contains_key(CONTENT_TYPE)
            {
                answer.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            }
        });
    }),
    doing("charset", "the media type has a charset", "RFC 7644 §3.8, RFC 9110 §8.3", |seams| {
        seams.on_answer(|_, answer| {
            if answer.headers.get(CONTENT_TYPE).is_some_and(|value| value == "application/scim+json") {
                answer
                    .headers
                    .insert(CONTENT_TYPE, HeaderValue::from_static("application/scim+json; charset=utf-8"));
            }
        });
    }),
    doing("nothing-found-is-null", "`Resources` is null where nothing was found", "RFC 7643 §2.5", |seams| {
        seams.on_answer(|asked, answer| {
            if asked.is_list()
                && answer.json.get("Resources").and_then(Value::as_array).is_some_and(Vec::is_empty)
            {
                answer.json["Resources"] = Value::Null;
            }
        });
    }),
    doing(
        "nothing-found-is-absent",
        "`Resources` is absent where nothing was found",
        "RFC 7644 §3.4.2",
        |seams| {
            seams.on_answer(|asked, answer| {
                let is_empty =
                    answer.json.get("Resources").and_then(Value::as_array).is_some_and(Vec::is_empty);
                if let Some(list) = answer.json.as_object_mut().filter(|_| asked.is_list() && is_empty) {
                    list.shift_remove("Resources");
                }
            });
        },
    ),
    doing(
        "unassigned-is-null",
        "attributes without a value are shown as null or []",
        "RFC 7643 §2.5",
        |seams| {
            seams.on_resource(|asked, resource| {
                if asked.parameter("attributes").is_none() && resource.contains_key("userName") {
                    for (name, value) in
                        [("nickName", Value::Null), ("title", Value::Null), ("photos", json!([]))]
                    {
                        resource.entry(name).or_insert(value);
                    }
                }
            });
        },
    ),
    against_advice(
        &["bulk.status-form"],
        doing(
            "bulk-status-object",
            "the status of a bulk operation is an object",
            "RFC 7644 §3.7.2 shows it so in an example, the text does not",
            |seams| {
                seams.on_answer(|asked, answer| {
                    if asked.endpoint() == "Bulk"
                        && let Some(operations) =
                            answer.json.get_mut("Operations").and_then(Value::as_array_mut)
                    {
                        for operation in operations {
                            operation["status"] = json!({ "code": operation["status"] });
                        }
                    }
                });
            },
        ),
    ),
    doing("no-references", "references have no `$ref`", "RFC 7643 §2.4: a convention", |seams| {
        seams.on_resource(|_, resource| {
            for name in ["members", "groups"] {
                let elements = resource.get_mut(name).and_then(Value::as_array_mut);
                for element in elements.into_iter().flatten().filter_map(Value::as_object_mut) {
                    element.shift_remove("$ref");
                    element.shift_remove("type");
                }
            }
        });
    }),
    doing("silent-412", "a stale version is answered 412 without details", "RFC 7644 §3.14", |seams| {
        seams.on_answer(|_, answer| {
            if answer.status == 412
                && let Some(error) = answer.json.as_object_mut()
            {
                error.shift_remove("detail");
            }
        });
    }),
    against_advice(
        &[
            "cursor.changed-count",
            "cursor.forged",
            "cursor.invalid",
            "errors.detail",
            "errors.invalid-filter",
        ],
        doing(
            "terse-errors",
            "errors have a keyword only where one is demanded, and no detail",
            "RFC 7644 §3.12: optional; §3.7.4 demands one for 413",
            |seams| {
                seams.on_answer(|_, answer| {
                    if !answer.is_error() {
                        return;
                    }
                    let demanded = ["uniqueness", "noTarget", "mutability", "invalidFilter", "tooMany"];
                    let keep = answer.scim_type().is_some_and(|keyword| demanded.contains(&keyword));
                    let is_limit = answer.status == 413;
                    if let Some(error) = answer.json.as_object_mut() {
                        if !is_limit {
                            error.shift_remove("detail");
                        }
                        if !keep {
                            error.shift_remove("scimType");
                        }
                    }
                });
            },
        ),
    ),
    doing("talkative-errors", "errors have members of their own", "RFC 7644 §3.12", |seams| {
        seams.on_answer(|_, answer| {
            if let Some(error) = answer.json.as_object_mut().filter(|_| answer.status >= 400) {
                error.insert("traceId".to_owned(), json!("7c1"));
            }
        });
    }),
    doing("whole-seconds", "times have no fractions", "RFC 7643 §2.3.5", |seams| {
        seams.on_resource(|_, resource| {
            for name in ["created", "lastModified"] {
                if let Some(Value::String(time)) =
                    resource.get_mut("meta").and_then(|meta| meta.get_mut(name))
                    && let Some(dot) = time.find('.')
                {
                    time.truncate(dot);
                    time.push('Z');
                }
            }
        });
    }),
    doing(
        "location-everywhere",
        "every answer about a resource has Location and Content-Location",
        "RFC 7644 §3.1",
        |seams| {
            seams.on_answer(|_, answer| {
                let location = answer.json.pointer("/meta/location").and_then(Value::as_str);
                if let Some(value) = location.and_then(|text| HeaderValue::from_str(text).ok()) {
                    answer.headers.insert(LOCATION, value.clone());
                    answer.headers.insert("content-location", value);
                }
            });
        },
    ),
    against_advice(
        &["errors.uniqueness", "patch.taken-user-name", "uniqueness.patch", "uniqueness.put"],
        doing(
            "uniqueness-of-patch-as-400",
            "a PATCH into a conflict is 400 uniqueness",
            "RFC 7644 table 9",
            |seams| {
                seams.on_answer(|asked, answer: &mut Answer| {
                    let is_conflict = answer.scim_type() == Some(ScimType::Uniqueness.keyword());
                    if is_conflict && matches!(asked.method.as_str(), "PATCH" | "PUT") {
                        answer.set_status(400);
                    }
                });
            },
        ),
    ),
    against_advice(
        &["versions.header"],
        doing(
            "put-without-tag",
            "the answer to PUT has no ETag",
            "RFC 9110 §9.3.4 forbids it for a changed body; RFC 7644 §3.14 shows it",
            |seams| {
                seams.on_answer(|asked, answer| {
                    if succeeded(asked, answer, "PUT") {
                        answer.headers.remove(ETAG);
                    }
                });
            },
        ),
    ),
    against_advice(
        &["versions.strong-means-strong"],
        doing(
            "strong-versions",
            "entity tags are strong",
            "RFC 7644 §3.14 allows both; RFC 9110 §8.8.1 wants one per form",
            |seams| {
                seams.on_request(|asked| {
                    for name in [IF_MATCH, IF_NONE_MATCH] {
                        let tag = asked.headers.get(&name).and_then(|value| value.to_str().ok());
                        if let Some(weak) =
                            tag.filter(|tag| tag.starts_with('"')).map(|tag| format!("W/{tag}"))
                            && let Ok(value) = HeaderValue::from_str(&weak)
                        {
                            asked.headers.insert(name, value);
                        }
                    }
                    for operation in asked.operations_mut().into_iter().flatten() {
                        if let Some(Value::String(tag)) = operation.get_mut("version")
                            && tag.starts_with('"')
                        {
                            tag.insert_str(0, "W/");
                        }
                    }
                    Ok(())
                });
                seams.on_answer(|_, answer| {
                    let tag = answer.headers.get(ETAG).and_then(|value| value.to_str().ok());
                    if let Some(strong) = tag.and_then(|tag| tag.strip_prefix("W/"))
                        && let Ok(value) = HeaderValue::from_str(strong)
                    {
                        answer.headers.insert(ETAG, value);
                    }
                    each_text(&mut answer.json, |text| {
                        if text.starts_with("W/\"") {
                            text.drain(..2);
                        }
                    });
                });
            },
        ),
    ),
    doing(
        "relative-references",
        "`$ref` is relative to the base URL",
        "RFC 7643 §2.3.7: resolved against the base URL",
        |seams| {
            seams.on_resource(|_, resource| {
                for name in ["members", "groups"] {
                    let elements = resource.get_mut(name).and_then(Value::as_array_mut);
                    for element in elements.into_iter().flatten() {
                        if let Some(Value::String(link)) = element.get_mut("$ref")
                            && let Some((at, _)) = link.rmatch_indices('/').nth(1)
                        {
                            link.drain(..=at);
                        }
                    }
                }
            });
        },
    ),
    doing(
        "short-discovery-lists",
        "lists of discovery have neither startIndex nor itemsPerPage",
        "RFC 7644 §3.4.2: they are for partial results",
        |seams| {
            seams.on_answer(|asked, answer| {
                if let Some(list) = answer.json.as_object_mut().filter(|_| asked.is_discovery()) {
                    list.shift_remove("startIndex");
                    list.shift_remove("itemsPerPage");
                }
            });
        },
    ),
];
