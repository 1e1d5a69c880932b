//! Bugs of bulk requests.

use serde_json::{Map, Value, json};

use super::Defect;
use super::message::{Answer, Asked};
use super::seams::Switch;
use crate::protocol::message::BULK_REQUEST;

/// The operations of a bulk request; none for other requests.
fn operations(asked: &mut Asked) -> Option<&mut Vec<Value>> {
    if asked.endpoint() == "Bulk" { asked.operations_mut() } else { None }
}

/// The results of a bulk request.
fn results<'a>(asked: &Asked, answer: &'a mut Answer) -> Option<&'a mut Vec<Value>> {
    let is_bulk = asked.endpoint() == "Bulk" && answer.status == 200;
    answer.json.get_mut("Operations")?.as_array_mut().filter(|_| is_bulk)
}

/// Changes each result of a bulk request.
fn each_result(asked: &Asked, answer: &mut Answer, change: fn(&mut Map<String, Value>)) {
    results(asked, answer).into_iter().flatten().filter_map(Value::as_object_mut).for_each(change);
}

/// The status of a result.
fn status(result: &Value) -> u16 {
    result.get("status").and_then(Value::as_str).and_then(|status| status.parse().ok()).unwrap_or_default()
}

/// The table.
pub(super) const DEFECTS: &[Defect] = &[
    Defect {
        id: "bulk-announced-only",
        title: "ServiceProviderConfig announces bulk requests, and they are answered 501",
        seen: &["Yuzu#2027"],
        breaks: &["RFC7643-5-20", "RFC7644-3.7-01"],
        about: "The discovery document promises what the provider cannot do. Clients that trust it fail with their first \
                large import.",
        profile: "rfc",
        install: |seams| seams.on_profile(|profile| profile.features.bulk = false),
    },
    Defect {
        id: "bulk-ids-unresolved",
        title: "`bulkId:…` in data is stored as it is",
        seen: &[],
        breaks: &["RFC7644-3.7.2-02", "RFC7644-3.7.2-03", "RFC7644-3.7-23"],
        about: "References within a request are not replaced by ids. Managers point at nobody, and groups with new people \
                are refused.",
        profile: "rfc",
        install: |seams| seams.switch(Switch::BulkIdsLiteral),
    },
    Defect {
        id: "bulk-no-forward-references",
        title: "a bulkId can only be used behind the operation that defines it",
        seen: &[],
        breaks: &["RFC7644-3.7.2-04", "RFC7644-3.7.1-01"],
        about: "Operations run strictly in their order. A group that stands before its members is refused.",
        profile: "rfc",
        install: |seams| seams.switch(Switch::BulkInOrder),
    },
    Defect {
        id: "bulk-ignores-fail-on-errors",
        title: "`failOnErrors` is ignored",
        seen: &[],
        breaks: &["RFC7644-3.7.3-05", "RFC7644-3.7-22"],
        about: "The client says when to stop, and the provider goes on. A wrong import does all the harm that it can.",
        profile: "rfc",
        install: |seams| {
            seams.on_request(|asked| {
                if let Some(body) = asked.json.as_object_mut() {
                    body.shift_remove("failOnErrors");
                }
                Ok(())
            });
        },
    },
    Defect {
        id: "bulk-stops-at-first-error",
        title: "processing stops at the first error without `failOnErrors`",
        seen: &[],
        breaks: &["RFC7644-3.7-21", "RFC7644-3.7.3-06", "RFC7644-3.7.3-01"],
        about: "One conflict ends the request. What stands behind it is neither done nor mentioned.",
        profile: "rfc",
        install: |seams| {
            seams.on_request(|asked| {
                if asked.endpoint() == "Bulk"
                    && asked.json.is_object()
                    && asked.json.get("failOnErrors").is_none()
                {
                    asked.json["failOnErrors"] = 1.into();
                }
                Ok(())
            });
        },
    },
    Defect {
        id: "bulk-operations-unlimited",
        title: "`bulk.maxOperations` is not enforced",
        seen: &[],
        breaks: &["RFC7644-3.7.4-03", "RFC7644-3.7.4-01", "RFC7644-3.12-16"],
        about: "A limit is announced and not kept. One client can occupy the provider for as long as it likes.",
        profile: "rfc",
        install: |seams| seams.on_profile(|profile| profile.limits.bulk_operations = usize::MAX),
    },
    Defect {
        id: "bulk-payload-unlimited",
        title: "`bulk.maxPayloadSize` is not enforced",
        seen: &[],
        breaks: &["RFC7644-3.7.4-04", "RFC7644-3.7.4-01", "RFC7644-3.12-16"],
        about: "A limit is announced and not kept. A single request can fill the memory of the provider.",
        profile: "rfc",
        install: |seams| seams.on_profile(|profile| profile.limits.bulk_payload_bytes *= 64),
    },
    Defect {
        id: "bulk-limit-as-400",
        title: "a bulk request beyond the limits is answered 400",
        seen: &[],
        breaks: &["RFC7644-3.7.4-03", "RFC7644-3.7.4-04", "RFC7644-3.12-16"],
        about: "The status does not say that the request is too large. Clients do not split it and give up.",
        profile: "rfc",
        install: |seams| {
            seams.on_answer(|asked, answer| {
                if asked.endpoint() == "Bulk" && answer.status == 413 {
                    answer.set_status(400);
                }
            });
        },
    },
    Defect {
        id: "bulk-status-as-number",
        title: "the status of an operation is a number",
        seen: &["identity-apps#4028"],
        breaks: &["RFC7644-3.7-19"],
        about: "The RFC says text. Clients that read strictly cannot tell what was done.",
        profile: "rfc",
        install: |seams| {
            seams.on_answer(|asked, answer| {
                each_result(asked, answer, |result| {
                    let number =
                        result.get("status").and_then(Value::as_str).and_then(|s| s.parse::<u16>().ok());
                    result.insert("status".to_owned(), number.into());
                });
            });
        },
    },
    Defect {
        id: "bulk-without-status",
        title: "results of a bulk request have no status",
        seen: &[],
        breaks: &["RFC7644-3.7-19", "RFC7644-3.7.3-03"],
        about: "Nothing says which operations went well. Clients have to read everything again.",
        profile: "rfc",
        install: |seams| {
            seams.on_answer(|asked, answer| {
                each_result(asked, answer, |result| {
                    result.shift_remove("status");
                });
            });
        },
    },
    Defect {
        id: "bulk-without-location",
        title: "results of a bulk request have no location",
        seen: &[],
        breaks: &["RFC7644-3.7-15", "RFC7644-3.7.3-02"],
        about: "Nothing says where the new resources are. Clients cannot address what they have created.",
        profile: "rfc",
        install: |seams| {
            seams.on_answer(|asked, answer| {
                each_result(asked, answer, |result| {
                    result.shift_remove("location");
                });
            });
        },
    },
    Defect {
        id: "bulk-without-bulk-id",
        title: "results of a bulk request do not repeat the bulkId",
        seen: &[],
        breaks: &["RFC7644-3.7-24"],
        about: "A result cannot be matched with its operation. Clients store ids with the wrong people.",
        profile: "rfc",
        install: |seams| {
            seams.on_answer(|asked, answer| {
                each_result(asked, answer, |result| {
                    result.shift_remove("bulkId");
                });
            });
        },
    },
    Defect {
        id: "bulk-without-error",
        title: "a failed operation does not say why",
        seen: &[],
        breaks: &["RFC7644-3.7-16", "RFC7644-3.7-18", "RFC7644-3.7.3-04"],
        about: "A result with an error has a status and no response. Nobody can tell a conflict in the name from one in \
                the version.",
        profile: "rfc",
        install: |seams| {
            seams.on_answer(|asked, answer| {
                each_result(asked, answer, |result| {
                    result.shift_remove("response");
                });
            });
        },
    },
    Defect {
        id: "bulk-fails-as-a-whole",
        title: "one failed operation makes the status of the whole answer",
        seen: &["wso2/product-is#3947"],
        breaks: &["RFC7644-3.7-20"],
        about: "409 is answered although most of the request was done. Clients repeat all of it and get conflicts for what \
                went well.",
        profile: "rfc",
        install: |seams| {
            seams.on_answer(|asked, answer| {
                let failed = results(asked, answer)
                    .and_then(|all| all.iter().map(status).find(|status| *status >= 400));
                if let Some(status) = failed {
                    answer.status = status;
                }
            });
        },
    },
    Defect {
        id: "bulk-ignores-version",
        title: "`version` of an operation is ignored",
        seen: &[],
        breaks: &["RFC7644-3.7-10", "RFC7644-3.7-26"],
        about: "A condition holds for single requests and not for those in bulk. What somebody else has changed in between \
                is overwritten.",
        profile: "rfc",
        install: |seams| {
            seams.on_request(|asked| {
                for operation in operations(asked).into_iter().flatten().filter_map(Value::as_object_mut) {
                    operation.shift_remove("version");
                }
                Ok(())
            });
        },
    },
    Defect {
        id: "bulk-without-schemas",
        title: "a BulkResponse has no `schemas`",
        seen: &[],
        breaks: &["RFC7644-3.7-03", "RFC7643-3-01", "RFC7644-8.2-01"],
        about: "The message does not say what it is. Clients that tell messages by their URN cannot read it.",
        profile: "rfc",
        install: |seams| {
            seams.on_answer(|asked, answer| {
                if results(asked, answer).is_some()
                    && let Some(message) = answer.json.as_object_mut()
                {
                    message.shift_remove("schemas");
                }
            });
        },
    },
    Defect {
        id: "bulk-needs-no-schemas",
        title: "a bulk request without the BulkRequest URN is accepted",
        seen: &[],
        breaks: &["RFC7644-3.7-02"],
        about: "Any JSON with an `Operations` member will do. Clients that forget the URN work here and nowhere else.",
        profile: "rfc",
        install: |seams| {
            seams.on_request(|asked| {
                if asked.endpoint() == "Bulk" && asked.json.is_object() {
                    asked.json["schemas"] = json!([BULK_REQUEST]);
                }
                Ok(())
            });
        },
    },
    Defect {
        id: "bulk-needs-no-bulk-id",
        title: "POST without a bulkId is accepted in a bulk request",
        seen: &[],
        breaks: &["RFC7644-3.7-08"],
        about: "The client cannot learn which result belongs to which of its people. It stores ids by position and mixes \
                them up when one fails.",
        profile: "rfc",
        install: |seams| {
            seams.on_request(|asked| {
                for (at, operation) in operations(asked).into_iter().flatten().enumerate() {
                    if operation["method"] == "POST" && operation.get("bulkId").is_none() {
                        operation["bulkId"] = format!("operation-{at}").into();
                    }
                }
                Ok(())
            });
        },
    },
    Defect {
        id: "bulk-tells-errors-only",
        title: "a BulkResponse lists failed operations only",
        seen: &[],
        breaks: &["RFC7644-3.7.3-01", "RFC7644-3.7-15"],
        about: "What went well is not mentioned. Clients do not learn the ids of the people that they have created.",
        profile: "rfc",
        install: |seams| {
            seams.on_answer(|asked, answer| {
                if let Some(results) = results(asked, answer) {
                    results.retain(|result| status(result) >= 400);
                }
            });
        },
    },
    Defect {
        id: "bulk-skips-delete",
        title: "DELETE in a bulk request is answered 204 and does nothing",
        seen: &[],
        breaks: &["RFC7644-3.7-26", "RFC7644-3.7-07"],
        about: "Deletions are only carried out one by one. People who left in large numbers keep their accounts.",
        profile: "rfc",
        install: |seams| {
            seams.on_request(|asked| {
                for operation in operations(asked).into_iter().flatten() {
                    if operation["method"] == "DELETE" {
                        operation["method"] = "PATCH".into();
                        operation["data"] = json!({
                            "schemas": [crate::protocol::message::PATCH_OP],
                            "Operations": [{ "op": "add", "value": {} }],
                        });
                    }
                }
                Ok(())
            });
            seams.on_answer(|asked, answer| {
                let sent: Vec<bool> = asked.operations().iter().map(|o| o["method"] == "DELETE").collect();
                for (result, _) in
                    results(asked, answer).into_iter().flatten().zip(sent).filter(|(_, sent)| *sent)
                {
                    result["method"] = "DELETE".into();
                    if status(result) == 200 {
                        result["status"] = "204".into();
                        if let Some(result) = result.as_object_mut() {
                            result.shift_remove("version");
                        }
                    }
                }
            });
        },
    },
];
