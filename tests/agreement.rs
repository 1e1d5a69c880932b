//! Where a literal scenario and a dialect do the same thing, they say the same, request by request.
//!
//! The literal scenarios are the pinned record of what identity providers send. `tests/agreement/` has the same events as `idp:`
//! steps, for the same people; both transcripts are held against each other in the form in which they are kept.

#![allow(clippy::unwrap_used)]

mod common;

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use std::sync::LazyLock;

use common::Sandbox;
use regex::Regex;
use serde_json::Value;

/// One thing that both do.
struct Row {
    /// The dialect, which is also the file below `tests/agreement/`, unless that is named: `FILE@DIALECT`.
    dialect: &'static str,
    /// Steps of it; `step#2` is only the second request, `step#2-3` the second and the third.
    steps: &'static [&'static str],
    /// The transcript of the literal scenario, below `snapshots/interop`.
    literal: &'static str,
    /// Its steps that are the identity provider's own requests.
    literal_steps: &'static [&'static str],
}

const fn row(
    dialect: &'static str,
    steps: &'static [&'static str],
    literal: &'static str,
    literal_steps: &'static [&'static str],
) -> Row {
    Row { dialect, steps, literal, literal_steps }
}

#[rustfmt::skip]
const ROWS: &[Row] = &[
    // Okta, apps of the Integration Network.
    row("okta", &["test"], "okta/oin/connection-test@okta", &["two users at most", "the first page of groups"]),
    row("okta", &["assign"], "okta/oin/create-user@okta", &["look up by userName, no match", "create"]),
    row("okta", &["unassign"], "okta/oin/deactivate-reactivate@okta", &["unassign"]),
    row("okta", &["assign again"], "okta/oin/reassign-after-deactivation@okta", &["months later, the lookup of the new assignment", "activate", "read it", "push the profile"]),
    row("okta-link@okta", &["assign"], "okta/oin/link-existing-user@okta", &["Okta looks for its own spelling", "and reads what it has found", "then it pushes the profile"]),
    row("okta", &["update"], "okta/oin/update-user@okta", &["Okta reads it", "and puts it back, with another name"]),
    row("okta", &["push"], "okta/oin/group-push@okta", &["is there a group of that name", "create it, without members", "repeat the name, id included", "add the member"]),
    row("okta", &["membership"], "okta/oin/group-membership@okta", &["the name once more", "Ada leaves, Alan joins"]),
    row("okta", &["rename"], "okta/oin/group-rename-delete@okta", &["rename"]),
    row("okta", &["delete"], "okta/oin/group-rename-delete@okta", &["delete"]),
    // Okta, custom apps.
    row("okta-aiw", &["test"], "okta/oin/connection-test@okta-aiw", &["two users at most", "the first page of groups"]),
    row("okta-aiw", &["assign"], "okta/aiw/user-lifecycle@okta-aiw", &["look up", "create"]),
    row("okta-aiw", &["update"], "okta/aiw/user-lifecycle@okta-aiw", &["read before the update", "update the profile"]),
    row("okta-aiw", &["unassign"], "okta/aiw/user-lifecycle@okta-aiw", &["read before the deactivation", "deactivate"]),
    row("okta-aiw", &["assign again"], "okta/aiw/user-lifecycle@okta-aiw", &["found while inactive", "read before the reactivation", "reactivate"]),
    row("okta-aiw", &["a group#2", "two join"], "okta/aiw/group-members-put@okta-aiw", &["create the group", "read it", "two members"]),
    row("okta-aiw", &["one leaves#2", "nobody is left#2"], "okta/aiw/group-members-put@okta-aiw", &["Ada has left", "everybody has left"]),
    row("okta-aiw", &["rename", "delete"], "okta/aiw/group-rename-delete@okta-aiw", &["read it", "rename", "delete"]),
    // Entra ID.
    row("entra", &["test"], "entra/default/connection-test@entra", &["a user that cannot exist", "a group that cannot exist"]),
    row("entra", &["assign"], "entra/default/create-user@entra", &["look up, no match", "create"]),
    row("entra", &["unassign", "assign again"], "entra/default/deactivate-reactivate@entra", &["disable", "readable, and false is a boolean", "found", "enable"]),
    row("entra", &["update"], "entra/default/update-user@entra", &["Entra looks at it before it writes", "update"]),
    row("entra", &["a name that is taken#2"], "entra/default/conflict@entra", &["Ada is renamed to Grace"]),
    row("entra", &["a manager"], "entra/default/manager@entra", &["is Grace the manager of Ada", "make her, with a bare string"]),
    row("entra", &["no manager"], "entra/default/manager@entra", &["clear"]),
    row("entra", &["a school", "rename#2", "delete"], "entra/default/group-lifecycle@entra", &["look up, no match", "create", "rename", "delete"]),
    row("entra", &["push#3", "a member leaves#2-3"], "entra/default/group-members@entra", &["two members in one request", "Grace leaves", "the redundant adds"]),
    row("entra", &["nest#2"], "entra/default/nested-group@entra", &["nest"]),
    row("entra", &["the person is deleted#1", "a month passes"], "entra/default/delete-user@entra", &["soft-deleted in the directory", "thirty days later"]),
    // Entra ID with its flag.
    row("entra-aadoptscim", &["unassign", "assign again#2"], "entra/aadoptscim/deactivate-reactivate@entra-aadoptscim", &["disable", "readable, and inactive", "enable"]),
    row("entra-aadoptscim", &["replace#2"], "entra/aadoptscim/update-user@entra-aadoptscim", &["replace what not every target has"]),
    row("entra-aadoptscim", &["somebody without a title#2"], "entra/aadoptscim/update-user@entra-aadoptscim", &["add what the target did not return"]),
    row("entra-aadoptscim", &["a name that is taken#2"], "entra/aadoptscim/conflict-and-errors@entra-aadoptscim", &["a userName that is taken"]),
    row("entra-aadoptscim", &["push#3", "a member leaves#2"], "entra/aadoptscim/group-members@entra-aadoptscim", &["add both", "remove Ada"]),
    row("entra-aadoptscim", &["delete"], "entra/aadoptscim/group-rename-delete@entra-aadoptscim", &["delete"]),
    row("entra-aadoptscim", &["a month passes"], "entra/aadoptscim/deactivate-reactivate@entra-aadoptscim", &["the directory purges the user"]),
    // OneLogin.
    row("onelogin", &["test"], "onelogin/connection-test@onelogin", &["a user that does not exist"]),
    row("onelogin", &["assign#1"], "onelogin/template-v2@onelogin", &["look up"]),
    row("onelogin", &["grace#2", "update"], "onelogin/template-v2@onelogin", &["create, from a template that was mended", "update, from the mended one"]),
    row("onelogin", &["unassign", "assign again"], "onelogin/deactivate-reactivate-delete@onelogin", &["suspend", "found while suspended", "resume"]),
    row("onelogin", &["push#1"], "onelogin/groups@onelogin", &["read the groups"]),
    row("onelogin", &["join", "leave", "rename", "delete"], "onelogin/groups@onelogin", &["add", "remove", "rename", "delete"]),
    // JumpCloud.
    row("jumpcloud", &["test"], "jumpcloud/activation@jumpcloud", &["the test user", "the test group", "delete the group", "delete the user"]),
    row("jumpcloud", &["assign"], "jumpcloud/create-user@jumpcloud", &["look up", "create"]),
    row("jumpcloud", &["grace#2", "update"], "jumpcloud/update-user-put@jumpcloud", &["the user", "full, of what every target has"]),
    row("jumpcloud", &["unassign", "assign again"], "jumpcloud/deactivate-reactivate@jumpcloud", &["unbound", "looked up", "bound again"]),
    row("jumpcloud", &["push#2", "join", "leave", "rename", "delete"], "jumpcloud/groups@jumpcloud", &["the group", "add both", "remove Ada", "rename", "delete"]),
    // Ping.
    row("pingfederate", &["assign", "update"], "ping/pingfederate-users@pingfederate", &["look up", "create", "update"]),
    row("pingfederate", &["unassign", "assign again"], "ping/pingfederate-users@pingfederate", &["disable", "found while disabled", "enable"]),
    row("pingfederate", &["push#3", "rename", "leave", "delete"], "ping/pingfederate-groups@pingfederate", &["add", "rename", "remove", "delete"]),
    row("pingone", &["assign"], "ping/pingone-users@pingone", &["look up, no match", "create"]),
    row("pingone", &["unassign", "assign again"], "ping/pingone-users@pingone", &["disable", "look up, match", "enable"]),
    row("pingone", &["another address"], "ping/pingone-users@pingone", &["two primary addresses"]),
    row("pingone", &["push#1"], "ping/pingone-groups@pingone", &["look up"]),
    row("pingone", &["members", "rename", "delete"], "ping/pingone-groups@pingone", &["replace the members", "rename", "delete"]),
    // Google and Rippling, of which a literal scenario has no more than this.
    row("small-clients@google", &["test"], "others/small-clients", &["Google connects"]),
    row("small-clients@rippling", &["assign#1"], "others/small-clients", &["Rippling looks up"]),
    // authentik, with the attributes that its literal scenario has.
    row("authentik", &["test"], "others/authentik@authentik", &["what can you do"]),
    row("authentik", &["assign"], "others/authentik@authentik", &["what can you do", "create her", "find her", "update her"]),
    row("authentik", &["import#3"], "others/authentik@authentik", &["read the groups"]),
    row("authentik", &["rename#2-3", "join#2", "leave#2"], "others/authentik@authentik", &["the whole group in a PATCH", "compare", "one operation for each member", "she leaves"]),
];

/// What differs from run to run, and what is shown instead.
static RANDOM: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
    let patterns = [
        (r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "<guid>"),
        (r"Date:[^,]*,", "Date:<date>,"),
        (r"scim-test[a-z0-9-]*@[a-z.]*example\.com", "<test user>"),
        (r"JumpCloud Test Group(-[a-z0-9]+)?", "<test group>"),
    ];
    patterns.map(|(pattern, shown)| (Regex::new(pattern).unwrap(), shown)).into()
});

/// A request as it is compared.
#[derive(Debug, Clone, PartialEq)]
struct Request {
    line: String,
    headers: Vec<String>,
    body: Option<Value>,
}

impl Request {
    fn shown(&self) -> String {
        let body = self.body.as_ref().map(|body| serde_json::to_string_pretty(body).unwrap());
        let parts = std::iter::once(self.line.clone()).chain(self.headers.iter().cloned()).chain(body);
        parts.collect::<Vec<_>>().join("\n")
    }
}

/// The requests of each step of a transcript.
fn transcript(path: &Path) -> Vec<(String, Vec<Request>)> {
    let text = std::fs::read_to_string(path).unwrap_or_else(|_| panic!("{} is not there", path.display()));
    let body = text.splitn(3, "---\n").nth(2).unwrap();
    let steps = body.split("\n# ").map(|step| step.trim_start_matches("# "));
    let named = steps.map(|step| {
        let (title, rest) = step.split_once('\n').unwrap_or((step, ""));
        let name = title.split_once(". ").unwrap().1.to_owned();
        let exchanges = rest.split("\n## ").map(|part| match part.split_once("\n\n") {
            Some((number, exchange)) if number.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') => {
                exchange
            }
            _ => part,
        });
        let exchanges = exchanges.map(str::trim).filter(|exchange| !exchange.is_empty());
        (name, exchanges.map(request).collect())
    });
    named.collect()
}

fn request(exchange: &str) -> Request {
    let mut blocks = exchange.split("\n\n");
    let mut head = blocks.next().unwrap().lines().map(str::to_owned);
    let line = head.next().unwrap();
    // What says nothing is as good as nothing.
    let mut headers: Vec<String> =
        head.filter(|header| header != "Accept: */*" && !header.trim_end().ends_with(':')).collect();
    headers.sort();
    let body = blocks.next().filter(|body| body.starts_with('{'));
    Request { line, headers, body: body.map(|body| serde_json::from_str(body).unwrap()) }
}

/// Those requests of a transcript that are named.
fn chosen(transcript: &[(String, Vec<Request>)], steps: &[&str]) -> Vec<Request> {
    let mut chosen = Vec::new();
    for step in steps {
        let (name, numbers) =
            step.split_once('#').map_or((*step, None), |(name, numbers)| (name, Some(numbers)));
        let (_, requests) = transcript
            .iter()
            .find(|(known, _)| known == name)
            .unwrap_or_else(|| panic!("there is no step `{name}`"));
        let (from, to) = match numbers.map(|numbers| numbers.split_once('-').unwrap_or((numbers, numbers))) {
            Some((from, to)) => (from.parse().unwrap(), to.parse().unwrap()),
            None => (1, requests.len()),
        };
        assert!(from <= to && to <= requests.len(), "`{step}` has {} requests", requests.len());
        chosen.extend_from_slice(&requests[from - 1..to]);
    }
    chosen
}

/// What differs from run to run is made the same: ids are numbered in the order in which they come up, GUIDs and the names of
/// test objects lose their random part. Members of groups, and operations with paths of their own, come in any order.
fn normalised(requests: Vec<Request>) -> Vec<Request> {
    let mut ids = HashMap::new();
    requests
        .into_iter()
        .map(|request| Request {
            line: text(&request.line, &mut ids),
            headers: request.headers.iter().map(|header| text(header, &mut ids)).collect(),
            body: request.body.map(|body| value(body, &mut ids)),
        })
        .collect()
}

fn text(text: &str, ids: &mut HashMap<String, usize>) -> String {
    let mut numbered = String::new();
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once("<id:") {
        let (id, behind) = behind.split_once('>').unwrap();
        let next = ids.len() + 1;
        let number = *ids.entry(id.to_owned()).or_insert(next);
        numbered.push_str(&format!("{before}<id {number}>"));
        rest = behind;
    }
    numbered.push_str(rest);
    for (pattern, shown) in RANDOM.iter() {
        numbered = pattern.replace_all(&numbered, *shown).into_owned();
    }
    numbered
}

fn value(body: Value, ids: &mut HashMap<String, usize>) -> Value {
    match body {
        Value::String(string) => text(&string, ids).into(),
        Value::Array(items) => {
            let mut items: Vec<Value> = items.into_iter().map(|item| value(item, ids)).collect();
            // Operations with paths of their own may come in any order, and so may members.
            let paths: Vec<&str> = items.iter().filter_map(|item| item["path"].as_str()).collect();
            let are_apart = paths
                .iter()
                .enumerate()
                .all(|(index, path)| !paths[..index].contains(path) && !path.starts_with("members"));
            if are_apart && items.iter().all(Value::is_object) {
                items.sort_by_key(|item| item.to_string());
            }
            Value::Array(items)
        }
        Value::Object(members) => {
            let mut members: Vec<(String, Value)> = members.into_iter().collect();
            members.sort_by(|a, b| a.0.cmp(&b.0));
            let members = members.into_iter().filter(|(name, _)| name != "version");
            Value::Object(members.map(|(name, member)| (name, value(member, ids))).collect())
        }
        other => other,
    }
}

#[test]
fn dialects_and_literal_scenarios_say_the_same() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let sandbox = Sandbox::new();
    for folder in ["", "directories/"] {
        for entry in std::fs::read_dir(root.join("tests/agreement").join(folder)).unwrap() {
            let path = entry.unwrap().path();
            if path.is_file() {
                let name = path.file_name().unwrap().to_str().unwrap();
                // Directories stand beside the scenarios, not among them.
                let to = if folder.is_empty() { "scenarios/" } else { "scenarios/directories/" };
                sandbox.write(&format!("{to}{name}"), &std::fs::read_to_string(&path).unwrap());
            }
        }
    }
    let mut files: Vec<String> = sandbox
        .files()
        .into_iter()
        .filter(|file| file.starts_with("scenarios/") && !file.contains("directories"))
        .collect();
    let mut arguments =
        vec!["run".to_owned(), "--update".to_owned(), "--snapshots".to_owned(), "said".to_owned()];
    arguments.append(&mut files);
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let output = sandbox.command(&arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    let said: HashMap<String, PathBuf> = sandbox
        .files()
        .into_iter()
        .filter(|file| file.starts_with("said/"))
        .map(|file| {
            (Path::new(&file).file_stem().unwrap().to_str().unwrap().to_owned(), sandbox.path().join(&file))
        })
        .collect();

    let mut differing = Vec::new();
    for row in ROWS {
        let name = match row.dialect.contains('@') {
            true => row.dialect.to_owned(),
            false => format!("{0}@{0}", row.dialect),
        };
        let own = normalised(chosen(&transcript(&said[&name]), row.steps));
        let literal = root.join(format!("snapshots/interop/{}.snap", row.literal));
        let literal = normalised(chosen(&transcript(&literal), row.literal_steps));
        let first = (0..own.len().max(literal.len())).find(|index| own.get(*index) != literal.get(*index));
        if let Some(index) = first {
            let shown =
                |requests: &[Request]| requests.get(index).map_or("nothing".to_owned(), Request::shown);
            differing.push(format!(
                "=== {} {:?} and {} {:?} differ in request {}\n{}",
                row.dialect,
                row.steps,
                row.literal,
                row.literal_steps,
                index + 1,
                similar::TextDiff::from_lines(shown(&literal), shown(&own))
                    .unified_diff()
                    .context_radius(100)
                    .header("literal", "dialect")
            ));
        }
    }
    assert!(differing.is_empty(), "{}", differing.join("\n"));
}
