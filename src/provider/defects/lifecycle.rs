//! Bugs of activating, deactivating and deleting.

use serde_json::Value;

use super::Defect;
use super::patch::whole;
use super::seams::Switch;
use crate::protocol::attr::AttrPath;
use crate::protocol::error::ScimError;
use crate::protocol::filter::{Filter, Literal, Op};
use crate::protocol::patch::{Operation, PatchRequest};

/// Whether an operation of a PATCH body sets `active` to that value.
fn sets_active(operation: &Value, wanted: bool) -> bool {
    let path = operation.get("path").and_then(Value::as_str);
    let value = match path {
        Some(path) if path.eq_ignore_ascii_case("active") => operation.get("value"),
        None => operation.pointer("/value/active"),
        Some(_) => None,
    };
    match value {
        Some(Value::Bool(flag)) => *flag == wanted,
        Some(Value::String(text)) => text.eq_ignore_ascii_case(if wanted { "true" } else { "false" }),
        _ => false,
    }
}

/// The value that a PATCH gives to `active`.
fn active_of(operation: &mut Operation) -> Option<&mut Value> {
    if whole(operation) == Some("active") {
        return operation.value.as_mut();
    }
    operation.value.as_mut().filter(|_| operation.path.is_none())?.get_mut("active")
}

/// The query only for resources that are not deactivated.
fn active_only() -> Filter {
    let path = AttrPath::simple("active");
    Filter::Not(Box::new(Filter::Compare { path, op: Op::Eq, value: Literal::Bool(false) }))
}

/// Takes `active` out of what a PATCH changes.
fn forget_active(request: &mut PatchRequest) {
    request.operations.retain(|operation| whole(operation) != Some("active"));
    for operation in request.operations.iter_mut().filter(|operation| operation.path.is_none()) {
        if let Some(Value::Object(members)) = &mut operation.value {
            members.shift_remove("active");
        }
    }
}

/// The table.
pub(super) const DEFECTS: &[Defect] = &[
    Defect {
        id: "deactivate-deletes",
        title: "PATCH `active: false` deletes the user",
        seen: &["FusionAuth/fusionauth-issues#3244"],
        breaks: &["RFC7643-4.1.1-17", "RFC7643-3.1-08", "RFC7644-3.5.2-26", "Q-D02", "Q-D04", "Q-D07"],
        about: "Deactivation is taken for deletion. Everything that the person owned in the application is gone, and who \
                comes back gets another id.",
        profile: "rfc",
        install: |seams| {
            seams.on_request(|asked| {
                let deactivates = asked.operations().iter().any(|operation| sets_active(operation, false));
                if asked.method == "PATCH" && asked.endpoint() == "Users" && deactivates {
                    asked.method = "DELETE".to_owned();
                }
                Ok(())
            });
        },
    },
    Defect {
        id: "deactivate-without-effect",
        title: "a change of `active` by PATCH is answered 200 and does nothing",
        seen: &["Cogtrix#122"],
        breaks: &["RFC7643-4.1.1-17", "RFC7644-3.5.2.3-03", "Q-D01", "Q-D02", "Q-U02", "Q-U03"],
        about: "The attribute is accepted and not stored. People who left keep their access, and the identity provider \
                believes that they do not.",
        profile: "rfc",
        install: |seams| {
            seams.on_patch(|_, request| {
                forget_active(request);
                Ok(())
            });
        },
    },
    Defect {
        id: "deactivate-only-by-patch",
        title: "PUT with `active: false` leaves the user active",
        seen: &[],
        breaks: &["RFC7644-3.5.1-03", "RFC7643-4.1.1-17", "Q-D03"],
        about: "One verb deactivates and the other does not. Okta's wizard apps only know PUT, so that leavers keep their \
                access.",
        profile: "rfc",
        install: |seams| {
            seams.on_body(|writing, body| {
                if writing.method == "PUT" && body.get("active") == Some(&Value::Bool(false)) {
                    body.insert(
                        "active".to_owned(),
                        writing.old("active").cloned().unwrap_or(Value::Bool(true)),
                    );
                }
                Ok(())
            });
        },
    },
    Defect {
        id: "reactivate-refused",
        title: "PATCH `active: true` is refused",
        seen: &["sentry docs#16258", "getsentry/self-hosted#3573", "FusionAuth/fusionauth-issues#3311"],
        breaks: &["RFC7643-4.1.1-17", "RFC7644-3.5.2.3-03", "Q-D07"],
        about: "Only the way out is implemented. Who comes back from leave stays locked out until somebody helps by hand.",
        profile: "rfc",
        install: |seams| {
            seams.on_request(|asked| {
                let activates = asked.operations().iter().any(|operation| sets_active(operation, true));
                match asked.method == "PATCH" && activates {
                    true => Err(ScimError::invalid_value("only `active: false` is supported")),
                    false => Ok(()),
                }
            });
        },
    },
    Defect {
        id: "activation-inverted",
        title: "PATCH of `active` stores the opposite",
        seen: &[],
        breaks: &["RFC7644-3.5.2.3-03", "RFC7643-4.1.1-17", "Q-D01", "Q-D07"],
        about: "The application keeps `disabled` and forgets to turn the value round. Everybody who is blocked is let in, \
                and the other way round.",
        profile: "rfc",
        install: |seams| {
            seams.on_patch(|_, request| {
                for operation in &mut request.operations {
                    if let Some(Value::Bool(flag)) = active_of(operation) {
                        *flag = !*flag;
                    }
                }
                Ok(())
            });
        },
    },
    Defect {
        id: "inactive-is-gone",
        title: "an inactive user is answered 404",
        seen: &["growthbook/growthbook#1680", "harness#48592"],
        breaks: &["RFC7644-3.4.1-01", "RFC7643-3.1-08", "Q-D02", "Q-D04", "Q-D07", "Q-L13"],
        about: "The account cannot be read or changed any more. Nobody can activate it again, because it is not there for \
                PATCH either.",
        profile: "rfc",
        install: |seams| seams.switch(Switch::InactiveIsGone),
    },
    Defect {
        id: "inactive-not-found",
        title: "queries leave inactive users out",
        seen: &["growthbook/growthbook#1680", "better-auth/better-auth#11111", "harness#48592"],
        breaks: &["RFC7644-3.4.2-12", "RFC7644-3.4.2.2-08", "Q-L13", "Q-C16"],
        about: "A deactivated person is not found by name. The identity provider creates the account again and gets a \
                conflict.",
        profile: "rfc",
        install: |seams| {
            seams.on_query(|schemas, query| {
                let path = AttrPath::simple("active");
                if schemas.iter().all(|schema| schema.bind(&path).is_ok()) {
                    query.filter = Some(match query.filter.take() {
                        Some(filter) => Filter::And(vec![filter, active_only()]),
                        None => active_only(),
                    });
                }
                Ok(())
            });
        },
    },
    Defect {
        id: "new-user-is-inactive",
        title: "a new user is inactive, whatever was sent",
        seen: &["kortix-ai/suna#4244"],
        breaks: &["RFC7643-4.1.1-17", "RFC7643-7-22", "RFC7644-3.1-06", "Q-D11"],
        about: "People count as inactive until they accept an invitation. Okta sees that they should be active, activates \
                them again, and never stops.",
        profile: "rfc",
        install: |seams| {
            seams.on_written(|writing, resource| {
                if writing.method == "POST" && resource.contains_key("active") {
                    resource.insert("active".to_owned(), Value::Bool(false));
                }
                Ok(())
            });
        },
    },
    Defect {
        id: "pending-shown-inactive",
        title: "`active` is shown as false, although it is stored as true",
        seen: &["kortix-ai/suna#4244"],
        breaks: &["RFC7643-4.1.1-17", "Q-D11"],
        about: "What is shown is whether somebody has logged in. A client that activates an account reads that it is still \
                blocked and tries for ever.",
        profile: "rfc",
        install: |seams| {
            seams.on_resource(|_, resource| {
                if let Some(active) = resource.get_mut("active") {
                    *active = Value::Bool(false);
                }
            });
        },
    },
    Defect {
        id: "delete-deactivates",
        title: "DELETE deactivates the user instead of deleting it",
        seen: &["wireapp/wire-server#548"],
        breaks: &["RFC7644-3.6-01", "RFC7644-3.6-04", "RFC7644-3.6-05", "Q-D05", "Q-D08"],
        about: "The account is still there, and its name is still taken. Personal data that must be deleted is kept.",
        profile: "rfc",
        install: |seams| {
            seams.on_request(|asked| {
                if asked.method == "DELETE" && asked.endpoint() == "Users" {
                    asked.method = "PATCH".to_owned();
                    asked.set_body(serde_json::json!({
                        "schemas": [crate::protocol::message::PATCH_OP],
                        "Operations": [{ "op": "replace", "path": "active", "value": false }],
                    }));
                }
                Ok(())
            });
            seams.on_answer(|asked, answer| {
                if asked.method == "DELETE" && answer.status == 200 {
                    answer.forget();
                    answer.empty(204);
                }
            });
        },
    },
    Defect {
        id: "delete-without-effect",
        title: "DELETE is answered 204 and does nothing",
        seen: &[],
        breaks: &["RFC7644-3.6-01", "RFC7644-3.6-02", "RFC7644-3.6-04", "Q-D05", "Q-D12"],
        about: "The request is accepted and forgotten. Accounts of people who left live on, and nobody looks for them.",
        profile: "rfc",
        install: |seams| seams.switch(Switch::DeleteKeeps),
    },
    Defect {
        id: "delete-keeps-listed",
        title: "a deleted resource is still in lists",
        seen: &["wireapp/wire-server#548"],
        breaks: &["RFC7644-3.6-04", "Q-D05"],
        about: "Lists come from an index that nobody cleans up. A look-up finds an account that every further request \
                answers with 404.",
        profile: "rfc",
        install: |seams| seams.switch(Switch::DeletedIsListed),
    },
    Defect {
        id: "delete-keeps-readable",
        title: "a deleted resource can still be read and changed by its id",
        seen: &[],
        breaks: &["RFC7644-3.6-01", "RFC7644-3.6-02", "Q-D05", "Q-E09"],
        about: "The resource is hidden from lists and nowhere else. Clients that keep the id do not notice that the account \
                was deleted.",
        profile: "rfc",
        install: |seams| seams.switch(Switch::DeletedIsReadable),
    },
    Defect {
        id: "delete-keeps-name",
        title: "the userName of a deleted user stays taken",
        seen: &["wireapp/wire-server#548"],
        breaks: &["RFC7644-3.6-05", "Q-D08"],
        about: "Who was deleted by mistake cannot be created again. The conflict is with an account that nobody can see.",
        profile: "rfc",
        install: |seams| seams.switch(Switch::DeletedIsReserved),
    },
    Defect {
        id: "delete-answers-200",
        title: "DELETE is answered 200",
        seen: &["wireapp/wire-server#660"],
        breaks: &["RFC7644-3.6-06", "Q-D05"],
        about: "The status is not the one of the RFC. Strict clients count the deletion as failed and repeat it.",
        profile: "rfc",
        install: |seams| {
            seams.on_answer(|asked, answer| {
                if asked.method == "DELETE" && answer.status == 204 {
                    answer.status = 200;
                }
            });
        },
    },
    Defect {
        id: "delete-of-nothing-succeeds",
        title: "DELETE of an unknown id is answered 204",
        seen: &["wireapp/wire-server#660"],
        breaks: &["RFC7644-3.6-07", "RFC7644-3.6-02", "Q-D06"],
        about: "A second deletion looks like the first one. A client with a wrong id believes that it deleted somebody.",
        profile: "rfc",
        install: |seams| {
            seams.on_answer(|asked, answer| {
                if asked.method == "DELETE" && answer.status == 404 && asked.id().is_some() {
                    answer.empty(204);
                }
            });
        },
    },
    Defect {
        id: "delete-reuses-id",
        title: "a user that is created again gets the id that it had",
        seen: &["wireapp/wire-server#548"],
        breaks: &["RFC7643-3.1-09", "RFC7643-3.1-08", "Q-D08"],
        about: "The id is made of the userName. A new person with the name of an old one inherits whatever refers to that \
                id.",
        profile: "rfc",
        install: |seams| {
            seams.on_id(|body, id| {
                if let Some(name) =
                    body.get("userName").and_then(Value::as_str).filter(|name| !name.is_empty())
                {
                    *id = name.to_lowercase().bytes().map(|byte| format!("{byte:02x}")).collect();
                }
            });
        },
    },
];
