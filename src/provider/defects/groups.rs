//! Bugs of groups and memberships.

use serde_json::Value;

use super::Defect;
use super::patch::whole;
use super::seams::{Switch, Writing};
use super::tools::{crash, elements, elements_mut, key_of};
use crate::protocol::error::ScimError;
use crate::protocol::filter::{Filter, Literal};
use crate::protocol::patch::{Op, Operation, PatchRequest};

/// How many members are shown where not all are.
const SHOWN: usize = 20;

/// The operations of that kind on the list of members.
fn on_members(request: &PatchRequest, op: Op) -> impl Iterator<Item = &Operation> {
    request
        .operations
        .iter()
        .filter(move |operation| operation.op == op && whole(operation) == Some("members"))
}

/// Whether the stored group has that member.
fn has_member(writing: &Writing<'_>, id: &Value) -> bool {
    elements(writing.old("members")).iter().any(|member| key_of(member) == id)
}

/// The table.
pub(super) const DEFECTS: &[Defect] = &[
    Defect {
        id: "group-rename-empties",
        title: "a new displayName removes every member",
        seen: &["langwatch/langwatch#7131"],
        breaks: &["RFC7644-3.5.2.3-02", "RFC7644-3.5.2.3-03", "Q-G07", "Q-G08"],
        about: "The group is written back with what the request holds, and that is no members. Renaming a team takes the \
                access of all of it away.",
        profile: "rfc",
        install: |seams| {
            seams.on_patched(|writing, request, resource| {
                let renames = |operation: &Operation| {
                    let value = operation.value.as_ref().filter(|_| operation.path.is_none());
                    let by_key = value.is_some_and(|value| {
                        value.get("displayName").is_some() && value.get("members").is_none()
                    });
                    whole(operation) == Some("displayName") || by_key
                };
                if writing.is_group() && request.operations.iter().any(renames) {
                    resource.shift_remove("members");
                }
                Ok(())
            });
        },
    },
    Defect {
        id: "group-add-is-full-sync",
        title: "`add` of members makes them the only ones",
        seen: &["PostHog/posthog#47336", "msaad00/agent-bom PR#3540"],
        breaks: &["RFC7644-3.5.2.1-08", "Q-G13"],
        about: "An addition is taken for the whole list. Large groups are pushed in several requests, and only the last \
                one counts.",
        profile: "rfc",
        install: |seams| {
            seams.on_patch(|writing, request| {
                for operation in request.operations.iter_mut().filter(|operation| operation.op == Op::Add) {
                    if writing.is_group() && whole(operation) == Some("members") {
                        operation.op = Op::Replace;
                    }
                }
                Ok(())
            });
        },
    },
    Defect {
        id: "group-add-existing-conflicts",
        title: "`add` of somebody who is a member already is answered 409",
        seen: &["simpleidserver/SimpleIdServer#245", "wso2/product-is#8589"],
        breaks: &["RFC7644-3.5.2.1-14", "RFC7644-3.5.2.1-13", "Q-G04"],
        about: "A request that asks for what is true already fails. Clients repeat additions after a timeout, and the \
                whole batch is refused because of one of them.",
        profile: "rfc",
        install: |seams| {
            seams.on_patch(|writing, request| {
                let mut added = on_members(request, Op::Add).flat_map(|o| elements(o.value.as_ref()));
                match added.find(|member| has_member(writing, key_of(member))) {
                    Some(_) => Err(ScimError::uniqueness("the user is already a member of the group")),
                    None => Ok(()),
                }
            });
        },
    },
    Defect {
        id: "group-duplicate-members",
        title: "somebody who is added twice is a member twice",
        seen: &["AzureAD/SCIMReferenceCode#10", "wso2/product-is#5333"],
        breaks: &["RFC7644-3.5.2.1-13", "RFC7643-2.4-11", "Q-G04"],
        about: "Nobody looks who is there already. After a removal the person is still a member, once less.",
        profile: "rfc",
        install: |seams| {
            seams.on_patched(|writing, request, resource| {
                let added = on_members(request, Op::Add).flat_map(|o| elements(o.value.as_ref()));
                let again: Vec<Value> =
                    added.filter(|member| has_member(writing, key_of(member))).cloned().collect();
                if let Some(members) = elements_mut(resource, "members").filter(|_| writing.is_group()) {
                    members.extend(again);
                }
                Ok(())
            });
        },
    },
    Defect {
        id: "group-remove-stranger-fails",
        title: "`remove` of somebody who is no member is answered 404",
        seen: &["wso2/product-is#16097"],
        breaks: &["RFC7644-3.5.2.2-12", "Q-G02"],
        about: "A removal that was done already is an error. The rest of the request is refused with it, and the client \
                tries for ever.",
        profile: "rfc",
        install: |seams| {
            seams.on_patch(|writing, request| {
                let removals = request.operations.iter().filter(|operation| operation.op == Op::Remove);
                let filters =
                    removals.filter_map(|operation| operation.path.as_ref()?.parsed.filter.as_ref());
                for filter in filters.filter(|_| writing.is_group()) {
                    if let Filter::Compare { value: Literal::String(id), .. } = filter
                        && !has_member(writing, &Value::from(id.as_str()))
                    {
                        return Err(ScimError::status(404, format!("`{id}` is not a member of this group")));
                    }
                }
                Ok(())
            });
        },
    },
    Defect {
        id: "group-replace-keeps-stale",
        title: "`replace` of members keeps those that are not listed",
        seen: &["keycloak/keycloak#52752"],
        breaks: &["RFC7644-3.5.2.3-04", "Q-G09", "Q-G10"],
        about: "The new list is added to the old one. People who left the team keep the access that the group gives.",
        profile: "rfc",
        install: |seams| {
            seams.on_patch(|writing, request| {
                for operation in request.operations.iter_mut().filter(|operation| operation.op == Op::Replace)
                {
                    let is_list =
                        operation.value.as_ref().is_some_and(|value| !elements(Some(value)).is_empty());
                    if writing.is_group() && whole(operation) == Some("members") && is_list {
                        operation.op = Op::Add;
                    }
                }
                Ok(())
            });
        },
    },
    Defect {
        id: "group-replace-refuses-empty",
        title: "`replace` of members with an empty list is refused",
        seen: &["Captain-P-Goldfish/scim-for-keycloak#144", "Captain-P-Goldfish/SCIM-SDK#757"],
        breaks: &["RFC7644-3.5.2.3-05", "RFC7643-2.5-02", "Q-G09"],
        about: "A group cannot be emptied. Okta pushes an empty list when the last person leaves, and that person stays.",
        profile: "rfc",
        install: |seams| {
            seams.on_patch(|writing, request| {
                let mut replaced = on_members(request, Op::Replace);
                let is_empty = |operation: &Operation| elements(operation.value.as_ref()).is_empty();
                match writing.is_group() && replaced.any(is_empty) {
                    true => Err(ScimError::invalid_value("`members` must not be empty")),
                    false => Ok(()),
                }
            });
        },
    },
    Defect {
        id: "group-truncates-members",
        title: "a group shows its first 20 members only",
        seen: &["FusionAuth/fusionauth-issues#2784"],
        breaks: &["RFC7644-3.4-02", "RFC7644-3.9-01", "Q-G21"],
        about: "Nothing says that the list goes on. A client that writes back what it has read removes all the others.",
        profile: "rfc",
        install: |seams| {
            seams.on_resource(|_, resource| {
                if let Some(members) = elements_mut(resource, "members") {
                    members.truncate(SHOWN);
                }
            });
        },
    },
    Defect {
        id: "group-large-patch-crashes",
        title: "an operation with more than 20 members ends in an internal error",
        seen: &["FusionAuth/fusionauth-issues#3307", "wso2/product-is#8876", "wso2/product-is#9201"],
        breaks: &["RFC7644-3.5.2.1-17", "RFC7644-3.12-17", "Q-G21"],
        about: "The statement for the database grows too long. The first push of a large group fails and is repeated, in \
                full, for ever.",
        profile: "rfc",
        install: |seams| {
            seams.on_patch(|_, request| {
                let mut added = on_members(request, Op::Add).chain(on_members(request, Op::Replace));
                match added.any(|operation| elements(operation.value.as_ref()).len() > SHOWN) {
                    true => Err(crash("ORA-01795: maximum number of expressions in a list is exceeded")),
                    false => Ok(()),
                }
            });
        },
    },
    Defect {
        id: "group-adds-first-member-only",
        title: "of several members in one operation only the first is added",
        seen: &[],
        breaks: &["RFC7644-3.5.2.1-17", "RFC7644-3.5.2.1-08", "Q-G11"],
        about: "The list is treated as one value. Most of a team is missing in the application, although every request \
                succeeded.",
        profile: "rfc",
        install: |seams| {
            seams.on_patch(|_, request| {
                for operation in request.operations.iter_mut().filter(|operation| operation.op == Op::Add) {
                    if whole(operation) == Some("members")
                        && let Some(Value::Array(members)) = &mut operation.value
                    {
                        members.truncate(1);
                    }
                }
                Ok(())
            });
        },
    },
    Defect {
        id: "group-lost-updates",
        title: "changes of one resource at the same time overwrite each other",
        seen: &["fleetdm/fleet#50724", "scimmyjs/scimmy#79", "Infisical/infisical PR#6471"],
        breaks: &["RFC7644-3.5.2-23", "RFC7644-3.5.2.1-08", "Q-G05"],
        about: "The state is read, changed and written back, and nobody looks whether it changed in between. Of twenty \
                members that are added at once a few are left.",
        profile: "rfc",
        install: |seams| seams.switch(Switch::LostUpdates),
    },
    Defect {
        id: "group-keeps-deleted-users",
        title: "a deleted user stays a member of groups",
        seen: &["simpleidserver/SimpleIdServer#698"],
        breaks: &["RFC7644-3.6-08", "RFC7643-2.3.7-05"],
        about: "The reference leads to 404. Clients that read groups stumble over a member that does not exist, and seats \
                are counted for people who left.",
        profile: "rfc",
        install: |seams| seams.switch(Switch::GroupsKeepDeleted),
    },
    Defect {
        id: "group-shown-after-delete",
        title: "users still show a group that was deleted",
        seen: &["simpleidserver/SimpleIdServer#698"],
        breaks: &["RFC7643-4.1.2-20", "RFC7643-4.1.2-19", "Q-G24"],
        about: "Memberships outlive their group. Whatever the application decides by `groups` stays as it was.",
        profile: "rfc",
        install: |seams| seams.switch(Switch::DeletedIsRemembered),
    },
    Defect {
        id: "user-groups-not-shown",
        title: "`groups` of a user does not follow the membership",
        seen: &[],
        breaks: &["RFC7643-4.1.2-20", "RFC7643-4.1.2-18"],
        about: "A user shows no groups, whatever the groups say. Clients that read memberships from the user believe that \
                nobody has any.",
        profile: "rfc",
        install: |seams| {
            seams.on_resource(|asked, resource| {
                if asked.endpoint() == "Users" {
                    resource.shift_remove("groups");
                }
            });
        },
    },
    Defect {
        id: "group-adopts-unknown-members",
        title: "a member that does not exist is created as a user",
        seen: &["BerriAI/litellm#17420"],
        breaks: &["RFC7643-3.1-10", "RFC7643-3.1-02", "Q-G14"],
        about: "An id that nobody knows becomes an account of that name. A stale reference in the directory makes ghosts \
                that count as seats.",
        profile: "rfc",
        install: |seams| seams.switch(Switch::AdoptedMembers),
    },
    Defect {
        id: "group-crashes-on-unknown-member",
        title: "a member that does not exist ends in an internal error",
        seen: &["fleetdm/fleet#52593"],
        breaks: &["RFC7644-3.12-10", "RFC7644-3.12-17", "Q-G14"],
        about: "A foreign key fails and nobody catches it. Okta sends stale ids now and then, and gives the whole group \
                up.",
        profile: "rfc",
        install: |seams| seams.switch(Switch::MembersCrash),
    },
    Defect {
        id: "group-refuses-groups",
        title: "a group as member of a group is refused",
        seen: &[],
        breaks: &["RFC7643-4.2-08", "RFC7643-8.7.1-02", "Q-G27"],
        about: "Only users can be members, although the schema names groups too. A structure of teams within departments \
                cannot be provisioned.",
        profile: "rfc",
        install: |seams| {
            seams.on_written(|writing, resource| {
                let mut members = elements(resource.get("members")).iter().filter_map(|m| key_of(m).as_str());
                match members.any(|id| (writing.type_of)(id) == Some("Group")) {
                    true => Err(ScimError::invalid_value("a group cannot be a member of a group")),
                    false => Ok(()),
                }
            });
        },
    },
    Defect {
        id: "group-needs-members",
        title: "a group without members is refused",
        seen: &[],
        breaks: &["RFC7644-3.3-01", "RFC7643-8.7.1-02", "Q-G06"],
        about: "An optional attribute is demanded. Entra ID and Okta create groups empty and fill them afterwards.",
        profile: "rfc",
        install: |seams| {
            seams.on_body(|writing, body| {
                let is_empty = writing.is_group() && elements(body.get("members")).is_empty();
                match is_empty && writing.method == "POST" {
                    true => Err(ScimError::invalid_value("members: is required")),
                    false => Ok(()),
                }
            });
        },
    },
];
