//! Microsoft Entra ID: the provisioning service, as it is by default and with `aadOptscim062020` on the tenant URL.
//!
//! Sources: "How application provisioning works", "Develop a SCIM endpoint", "SCIM compliance issues", "Quarantine status" and
//! "Attribute mapping" of the vendor's documentation; captures of servers that real tenants talked to.

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::shape::{self, ENTERPRISE, GROUP, SCIM_JSON_UTF8, USER};
use super::{
    Accepts, Basis, Change, Dice, GroupHabits, GroupMatch, GroupSubject, Habits, Leave, Leaving, Member,
    MemberChange, MemberRequest, Nested, OnConflict, OnRateLimit, Probe, Quarantine, Resends, Retry, Speech,
    Subject,
};
use crate::encoding::Encoding;
use crate::exchange::Request;
use crate::idp::mapping::{MANAGER, Place};

/// The service without a flag.
pub static DEFAULT: Entra = Entra { flag: false, habits: habits(DEFAULT_QUIRKS, DEFAULT_ASSUMED) };
/// With the flag that makes its PATCH bodies conform.
pub static FLAGGED: Entra = Entra { flag: true, habits: habits(FLAGGED_QUIRKS, FLAGGED_ASSUMED) };

const DEFAULT_QUIRKS: &[&str] = &[
    "Q-H01", "Q-H06", "Q-H09", "Q-T01", "Q-T03", "Q-L05", "Q-L06", "Q-L14", "Q-L17", "Q-C01", "Q-C03",
    "Q-C04", "Q-U01", "Q-U02", "Q-U06", "Q-U07", "Q-U08", "Q-U10", "Q-U12", "Q-U24", "Q-U25", "Q-U26",
    "Q-D01", "Q-D04", "Q-D05", "Q-D07", "Q-D12", "Q-G01", "Q-G03", "Q-G04", "Q-G06", "Q-G07", "Q-G22",
    "Q-G24", "Q-G27", "Q-E03", "Q-E04", "Q-E06", "Q-E09", "Q-E10",
];

const FLAGGED_QUIRKS: &[&str] = &[
    "Q-H01", "Q-H06", "Q-H09", "Q-T01", "Q-T03", "Q-L05", "Q-L06", "Q-L14", "Q-L17", "Q-C01", "Q-C03",
    "Q-C04", "Q-U04", "Q-U05", "Q-U06", "Q-U07", "Q-U10", "Q-U12", "Q-U24", "Q-U25", "Q-U26", "Q-D04",
    "Q-D05", "Q-D07", "Q-D12", "Q-G02", "Q-G03", "Q-G04", "Q-G06", "Q-G07", "Q-G22", "Q-G24", "Q-G27",
    "Q-E03", "Q-E04", "Q-E06", "Q-E09", "Q-E10",
];

/// What both forms assume, and what one of them does.
macro_rules! assumed {
    ($($own:literal,)*) => {
        &[
            "how many members one request carries (100 here)",
            "`Accept: */*`: the product sends nothing that can be negotiated (Q-H03), and our HTTP client always sends the field",
            "that nothing is sent between cycles: the product repeats its connection test for ever (Q-T02), and a cycle here has only its own requests",
            "what it makes of an account that it set inactive and then reads as active, or not at all",
            "that a group is read before each change, unless it was created in the same cycle: it is known that it is read, and not when",
            $($own,)*
        ]
    };
}

const DEFAULT_ASSUMED: &[&str] = assumed![];

const FLAGGED_ASSUMED: &[&str] = assumed![
    "that the tenant URL's query is not repeated on requests (Q-H11)",
    "that one attribute alone keeps its path whichever it is, the name of a group and a manager included: shown are `active` and a text that is added",
    "that adding members is as without the flag (Q-G03, Q-G04): what it alters is the removal",
];

/// Both forms of the service.
pub struct Entra {
    /// `aadOptscim062020`.
    flag: bool,
    habits: Habits,
}

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

const fn habits(quirks: &'static [&'static str], assumed: &'static [&'static str]) -> Habits {
    Habits {
        product: "Microsoft Entra ID",
        basis: Basis::Documented,
        assumed,
        quirks,
        interval: Duration::from_secs(40 * MINUTE),
        // Objects are matched by what the administrator marks so; userName unless changed.
        matching: &["userName"],
        looks_up_first: true,
        accepts_404: false, // Q-L14
        // A conflict goes into escrow, and the next cycle looks the object up again.
        on_conflict: OnConflict::Fail,
        reads: true,
        reads_after_deactivation: true, // Q-D04
        looks_up_on_return: true,
        // The link to an account that was only disabled is still there: it is read by its id (Q-D07).
        looks_up_after_suspension: false,
        manager_apart: true,
        resends: Resends::Everything, // Q-U24
        leaving: Leaving {
            unassigned: Leave::Deactivate,
            suspended: Leave::Deactivate,
            deleted: Leave::Deactivate,
            purge: Some(Duration::from_secs(30 * DAY)), // Q-D05
            ..Habits::UNKNOWN.leaving
        },
        groups: Some(GroupHabits {
            matching: GroupMatch::Filter,
            reads: true,
            repeats_name: false,
            nested: Nested::AsMember, // Q-G27
            at_once: 1,
        }),
        on_rate_limit: OnRateLimit::Fail, // Q-E04
        forbidden_stops: true,            // Q-E06
        retry: Retry::BackOff { first: Duration::from_secs(30 * MINUTE), longest: Duration::from_secs(DAY) }, // Q-E10
        quarantine: Some(Quarantine {
            evaluated_from: 5_000,
            share: 0.4, // Q-E03
            failures: 40_000,
            interval: Duration::from_secs(DAY),
            disabled_after: Duration::from_secs(28 * DAY),
        }),
        ..Habits::UNKNOWN
    }
}

/// The vendor's table for applications that are not in the gallery. It has two attributes of the enterprise extension and the
/// manager; the others (`costCenter`, `organization`, `division`) can be added by an administrator. Names of the source are those of SCIM, in which a
/// directory file is written: `userPrincipalName` is `userName`, `jobTitle` is `title`, `mailNickname` is `externalId`.
const TABLE: &[(&str, &str)] = &[
    ("externalId", "[externalId]"),
    ("userName", "[userName]"),
    ("active", "[active]"),
    ("displayName", "[displayName]"),
    ("title", "[title]"),
    (r#"emails[type eq "work"].value"#, r#"[emails[type eq "work"].value]"#),
    ("preferredLanguage", "[preferredLanguage]"),
    ("name.givenName", "[name.givenName]"),
    ("name.familyName", "[name.familyName]"),
    ("name.formatted", "[name.formatted]"),
    (r#"addresses[type eq "work"].formatted"#, r#"[addresses[type eq "work"].formatted]"#),
    (r#"addresses[type eq "work"].streetAddress"#, r#"[addresses[type eq "work"].streetAddress]"#),
    (r#"addresses[type eq "work"].locality"#, r#"[addresses[type eq "work"].locality]"#),
    (r#"addresses[type eq "work"].region"#, r#"[addresses[type eq "work"].region]"#),
    (r#"addresses[type eq "work"].postalCode"#, r#"[addresses[type eq "work"].postalCode]"#),
    (r#"addresses[type eq "work"].country"#, r#"[addresses[type eq "work"].country]"#),
    (r#"phoneNumbers[type eq "work"].value"#, r#"[phoneNumbers[type eq "work"].value]"#),
    (r#"phoneNumbers[type eq "mobile"].value"#, r#"[phoneNumbers[type eq "mobile"].value]"#),
    (r#"phoneNumbers[type eq "fax"].value"#, r#"[phoneNumbers[type eq "fax"].value]"#),
    (
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:employeeNumber",
        "[urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:employeeNumber]",
    ),
    (
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department",
        "[urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department]",
    ),
    ("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager", "[manager]"),
];

/// The build date in `ADSCIMVersion`; the product's own changes with its releases.
const BUILD: &str = "2026-03-02T09:14:25";
/// A foreign URI among the schemas of a group (Q-G06).
const ADSCIM_GROUP: &str = "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group";
/// Assumed: how many members one request carries; captures show one and more.
const MEMBERS_AT_ONCE: usize = 100;

/// Set apart, after everybody is there.
fn is_manager(place: &Place) -> bool {
    place.name.eq_ignore_ascii_case(MANAGER)
}

impl Entra {
    fn send(&self, method: &str, target: String, body: &Value) -> Request {
        shape::send(method, target, SCIM_JSON_UTF8, body) // Q-H01
    }

    fn patch(&self, target: String, operations: Vec<Value>) -> Request {
        self.send("PATCH", target, &shape::patch(operations))
    }

    /// A single operation: `Replace` in capitals (Q-U01), small letters with the flag.
    fn operation(&self, op: &str, path: impl Into<String>, value: Value) -> Value {
        json!({ "op": self.op(op), "path": path.into(), "value": value })
    }

    fn op<'o>(&self, op: &'o str) -> &'o str {
        match (self.flag, op) {
            (true, "Add") => "add",
            (true, "Replace") => "replace",
            (true, "Remove") => "remove",
            _ => op,
        }
    }

    /// A truth value is text by default (Q-U02, Q-D01).
    fn value(&self, value: &Value) -> Value {
        match value {
            Value::Bool(true) if !self.flag => "True".into(),
            Value::Bool(false) if !self.flag => "False".into(),
            other => other.clone(),
        }
    }

    /// The operations for what differs: one for each attribute by default.
    fn operations(&self, differing: &[shape::Differing<'_>]) -> Vec<Value> {
        // `Add` is for what the target did not return, `Replace` for what it did (Q-U08, Q-U09).
        let op = |is_there| if is_there { "Replace" } else { "Add" };
        // A path may have the URN of an extension, with its dots (Q-U06), or name an element that is not there (Q-U07). What
        // identifies a person is changed like anything else: `externalId` (Q-U25), `userName` (Q-U26).
        let single = |one: &shape::Differing<'_>| {
            self.operation(op(one.is_there), one.place.to_string(), self.value(one.value))
        };
        // One attribute alone keeps its path with the flag, too: what the vendor shows of the flag is gathered where there are several.
        if !self.flag || differing.len() == 1 {
            return differing.iter().map(single).collect();
        }
        // Filtered paths first, then one operation without a path, with dotted and URN keys (Q-U04, Q-U05).
        let filtered = differing.iter().filter(|one| one.place.selector.is_some());
        let mut operations: Vec<Value> = filtered.map(single).collect();
        for is_there in [true, false] {
            let plain =
                differing.iter().filter(|one| one.place.selector.is_none() && one.is_there == is_there);
            let value: Map<String, Value> =
                plain.map(|one| (one.place.to_string(), self.value(one.value))).collect();
            if !value.is_empty() {
                operations.push(json!({ "op": self.op(op(is_there)), "value": value }));
            }
        }
        operations
    }
}

/// A member as it is added, with a `$ref` that says nothing (Q-G03).
fn member(member: &Member) -> Value {
    json!({ "$ref": null, "value": member.id })
}

impl Speech for Entra {
    fn habits(&self) -> &Habits {
        &self.habits
    }

    fn table(&self) -> &'static [(&'static str, &'static str)] {
        TABLE
    }

    fn dress(&self, request: &mut Request, dice: &mut Dice) {
        request.headers.append("ADSCIMVersion", format!("Date:{BUILD}, ActivityId:{}", dice.guid())); // Q-H06
        // The product sends nothing that can be negotiated (Q-H03). Our client always sends the field; this can be negotiated.
        request.headers.set("Accept", "*/*");
    }

    fn connection_test(&self, _groups: bool, dice: &mut Dice) -> Vec<Probe> {
        // A user and a group that cannot exist (Q-T01), the group also where only users will be provisioned (Q-T03).
        let user = shape::found_by("/Users", "userName", &dice.guid(), Encoding::Form);
        let group = self.find_group(&dice.guid());
        [Request::new("GET", user), group].map(|request| Probe { request, accepts: Accepts::List }).into()
    }

    fn find_user(&self, place: &Place, value: &str) -> Request {
        Request::new("GET", shape::found_by("/Users", &place.to_string(), value, Encoding::Form)) // Q-H09
    }

    fn create_user(&self, person: &Subject, _dice: &mut Dice) -> Request {
        // Both URNs, also without an enterprise attribute (Q-C01).
        let mut body = json!({ "schemas": [USER, ENTERPRISE] });
        if let Value::Object(members) = &mut body {
            members.extend(shape::resource(person, is_manager));
            // Captured bodies have a primary address for e-mail, and nothing of the kind for telephones and addresses.
            if let Some(Value::Array(emails)) = members.get_mut("emails") {
                for element in emails.iter_mut().filter_map(Value::as_object_mut) {
                    let is_primary = element.get("type").is_some_and(|kind| kind == "work");
                    element.entry("primary").or_insert(is_primary.into());
                }
            }
            members.insert("meta".into(), json!({ "resourceType": "User" })); // Q-C03
            members.entry("roles").or_insert_with(|| json!([])); // Q-C04
        }
        self.send("POST", "/Users".into(), &body)
    }

    fn update_user(
        &self,
        id: &str,
        person: &Subject,
        change: Change,
        current: Option<&Map<String, Value>>,
    ) -> Vec<Request> {
        let unknown = Map::new();
        let operations = match (change, current) {
            (Change::Deactivate, _) | (Change::Reactivate, None) => {
                let active = shape::Differing {
                    place: &Place { extension: None, name: "active".into(), selector: None, sub: None },
                    value: &Value::Bool(person.active),
                    is_there: true,
                };
                self.operations(&[active])
            }
            (_, current) => {
                self.operations(&shape::differing(person, current.unwrap_or(&unknown), is_manager))
            }
        };
        match operations.is_empty() {
            true => Vec::new(),
            false => vec![self.patch(shape::user(id), operations)],
        }
    }

    fn reads_before(&self, change: Change) -> bool {
        matches!(change, Change::Profile | Change::Reactivate)
    }

    fn find_manager(&self, id: &str, manager: &str) -> Option<Request> {
        // `manager` is compared as if it were simple (Q-L05).
        let filter = format!("{} and {}", shape::equals("id", id), shape::equals("manager", manager));
        Some(Request::new(
            "GET",
            format!("/Users?filter={}&attributes=id", Encoding::Form.value(&filter, true)),
        ))
    }

    fn set_manager(&self, id: &str, manager: Option<&str>) -> Vec<Request> {
        let path = format!("{ENTERPRISE}:manager");
        let operation = match manager {
            Some(manager) => self.operation("Add", path, manager.into()), // Q-U10
            None => self.operation("Replace", path, json!({ "value": "" })), // Q-U12
        };
        vec![self.patch(shape::user(id), vec![operation])]
    }

    fn find_group(&self, name: &str) -> Request {
        let filter = Encoding::Form.value(&shape::equals("displayName", name), true);
        Request::new("GET", format!("/Groups?excludedAttributes=members&filter={filter}")) // Q-L06
    }

    fn create_group(&self, group: &GroupSubject) -> Request {
        // Every object of the directory has an objectId; where the file names none, it is made of the key.
        let object_id = || Dice::of(0, &group.key).guid();
        let body = json!({
            "schemas": [GROUP, ADSCIM_GROUP], // Q-G06
            "externalId": group.external_id.clone().unwrap_or_else(object_id),
            "displayName": group.display_name,
            "meta": { "resourceType": "Group" },
        });
        self.send("POST", "/Groups".into(), &body)
    }

    fn read_group(&self, id: &str) -> Request {
        Request::new("GET", format!("{}?excludedAttributes=members", shape::group(id))) // Q-G22
    }

    fn reads_before_members(&self, is_new: bool) -> bool {
        !is_new // Q-G22
    }

    fn rename_group(
        &self,
        id: &str,
        group: &GroupSubject,
        _current: Option<&Map<String, Value>>,
    ) -> Vec<Request> {
        let name = self.operation("Replace", "displayName", group.display_name.as_str().into()); // Q-G07
        vec![self.patch(shape::group(id), vec![name])]
    }

    fn change_members(
        &self,
        id: &str,
        group: &GroupSubject,
        change: &MemberChange,
        _current: Option<&Map<String, Value>>,
    ) -> Vec<MemberRequest> {
        let target = shape::group(id);
        let mut requests = Vec::new();
        for member in &change.removed {
            let operation = match self.flag {
                true => {
                    let path = format!("members[{}]", shape::equals("value", &member.id)); // Q-G02
                    json!({ "op": "remove", "path": path })
                }
                // Read by the letter this removes everybody (Q-G01).
                false => self.operation("Remove", "members", json!([self::member(member)])),
            };
            let request = self.patch(target.clone(), vec![operation]);
            requests.push(MemberRequest { request, adds: Vec::new(), removes: vec![member.key.clone()] });
        }
        // After a removal, those who remain are added once more (Q-G04).
        let added = if change.removed.is_empty() { &change.added } else { &group.members };
        for batch in added.chunks(MEMBERS_AT_ONCE) {
            let value = shape::members(batch, self::member);
            let request = self.patch(target.clone(), vec![self.operation("Add", "members", value)]);
            let adds = batch.iter().map(|member| member.key.clone()).collect();
            requests.push(MemberRequest { request, adds, removes: Vec::new() });
        }
        requests
    }
}
