//! What a probe says: one request a line.
//!
//! | line | request |
//! |---|---|
//! | `USER {…}`, `GROUP {…}` | POST of a user or group; `schemas` is added |
//! | `PATCH /Users/$1 […]` | a PatchOp message with these operations |
//! | `METHOD /path {…}` | whatever it says; `schemas` is added to resources in POST and PUT |
//! | `METHOD! /path {…}` | the same, and nothing is added |
//! | `METHOD /path ~ text` | a body that is no JSON |
//! | `MANY 30` | that many users |
//! | `& …` | sent at the same time as its neighbours that begin so; only the sorted statuses are told |
//!
//! A path that begins with `^` is not below `/v2`. ` | Name: value` before the body adds a header; `Authorization: none` sends no token,
//! `Authorization: lower` the right one with the scheme in lower case. `$1` is the id of
//! the first resource that was created, `$UPPER1` the same in capital letters, `$thousand`
//! one bulk operation more than there may be, `$kilobyte` and `$megabyte` that much
//! text, `$deep` many open brackets, `$all` are all of them as members, `$etag`, `$next` and `$location` are those of the last
//! answer that had one. What is told is the status, the headers that matter, and the body, with ids and cursors
//! replaced by placeholders. The clock ticks once each time that it is looked at.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use jiff::Timestamp;
use regex::{Captures, Regex};
use scimulator::exchange::{Auth, Request, Response};
use scimulator::provider::defects::Defect;
use scimulator::provider::profile::Profile;
use scimulator::provider::world::World;
use scimulator::provider::{Provider, ProviderConfig};
use scimulator::target::{Target, TargetConfig};
use serde_json::{Value, json};

const TOKEN: &str = "test-token-0123456789";
const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
const PATCH_OP: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

/// The bytes of a kilobyte.
const KILOBYTE: usize = 1024;

/// More levels of JSON than a parser takes.
const DEEP: usize = 200;

/// The headers that are told.
const TOLD: &[&str] = &["content-type", "location", "etag", "www-authenticate", "allow", "cache-control"];

/// A provider and what was learned from its answers.
struct Stage {
    /// Connected to the root of all versions.
    target: Arc<Target>,
    known: HashMap<String, String>,
    ids: Vec<String>,
}

/// Plays a probe and tells what came back.
pub async fn play(profile: &str, defects: &[&'static Defect], probe: &str) -> String {
    let ticks = Arc::new(AtomicI64::new(1_800_000_000));
    let clock = move || Timestamp::from_second(ticks.fetch_add(1, Ordering::SeqCst)).unwrap();
    let mut config =
        ProviderConfig::loopback(Profile::named(profile).unwrap(), World::real().with_clock(clock));
    config.defects = defects.to_vec();
    let provider = Provider::start(config).await.unwrap();
    provider.add_tenant(&TOKEN.into());
    let target =
        Target::connect(TargetConfig::new(provider.base_url().trim_end_matches("/v2").to_owned())).unwrap();
    let mut stage = Stage { target: Arc::new(target), known: HashMap::new(), ids: Vec::new() };
    let mut told = Vec::new();
    let mut together = Vec::new();
    let lines = probe.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    for line in lines.chain([""]) {
        if let Some(line) = line.strip_prefix("& ") {
            together.push(stage.request(line));
            continue;
        }
        if !together.is_empty() {
            told.push(stage.at_once(std::mem::take(&mut together)).await);
        }
        if let Some(count) = line.strip_prefix("MANY ") {
            for n in 0..count.parse().unwrap() {
                let request = stage.request(&format!("USER {{\"userName\":\"many{n}\"}}"));
                let response = stage.send(request).await;
                stage.learn(&response);
            }
        } else if !line.is_empty() {
            let request = stage.request(line);
            let response = stage.send(request).await;
            stage.learn(&response);
            told.push(tell(&response));
        }
    }
    let told = told.join("\n").replace(&provider.base_url(), "<base>");
    provider.shutdown().await;
    anonymous(&told)
}

impl Stage {
    async fn send(&self, request: Request) -> Response {
        self.target.send(request).await.outcome.unwrap()
    }

    async fn at_once(&self, requests: Vec<Request>) -> String {
        let mut tasks = tokio::task::JoinSet::new();
        for request in requests {
            let target = Arc::clone(&self.target);
            tasks.spawn(async move { target.send(request).await.outcome.unwrap().status });
        }
        let mut statuses = tasks.join_all().await;
        statuses.sort_unstable();
        format!("{statuses:?}")
    }

    /// Remembers what later requests may refer to.
    fn learn(&mut self, response: &Response) {
        let json = response.json().unwrap_or_default();
        if let (200 | 201, Some(id)) = (response.status, json["id"].as_str())
            && !self.ids.iter().any(|known| known == id)
        {
            self.ids.push(id.to_owned());
            self.known.insert(format!("${}", self.ids.len()), id.to_owned());
            self.known.insert(format!("$UPPER{}", self.ids.len()), id.to_uppercase());
        }
        for (name, value) in [
            ("$etag", response.headers.get("etag")),
            ("$location", response.headers.get("location")),
            ("$next", json["nextCursor"].as_str()),
        ] {
            if let Some(value) = value {
                self.known.insert(name.to_owned(), value.to_owned());
            }
        }
    }

    fn request(&self, line: &str) -> Request {
        let line = self.filled(line);
        let (head, body) = match line.split_once(" ~ ") {
            Some((head, text)) => (head.to_owned(), Some(Err(text.to_owned()))),
            None => match line.find(" {").or_else(|| line.find(" [")) {
                Some(at) => {
                    let json = serde_json::from_str::<Value>(&line[at..]);
                    let json = json.unwrap_or_else(|error| panic!("{error}: {line}"));
                    (line[..at].to_owned(), Some(Ok(json)))
                }
                None => (line, None),
            },
        };
        let mut parts = head.split(" | ");
        let (word, path) = parts.next().map(|head| head.split_once(' ').unwrap_or((head, ""))).unwrap();
        let (method, path, is_plain) = match word {
            "USER" => ("POST", "/Users", true),
            "GROUP" => ("POST", "/Groups", true),
            word => (word.trim_end_matches('!'), path, !word.ends_with('!')),
        };
        let versioned = match path.strip_prefix('^') {
            Some(path) => path.to_owned(),
            None => format!("/v2{path}"),
        };
        let mut request = Request::new(method, encoded(&versioned));
        for header in parts {
            let (name, value) = header.split_once(": ").unwrap();
            match (name, value.split_once(' ')) {
                ("Authorization", None) => request.auth = Auth::None,
                ("Authorization", Some(("Bearer", token))) => request.auth = Auth::Bearer(token.to_owned()),
                _ => request.headers.append(name, value),
            }
        }
        if head.contains("| Authorization: lower") {
            request.auth = Auth::None;
            request.headers.append("Authorization", format!("bearer {TOKEN}"));
        }
        if request.auth == Auth::Target {
            request.auth = Auth::Bearer(TOKEN.to_owned());
        }
        match body {
            None => request,
            Some(Err(text)) => {
                request.body = text.into();
                request
            }
            Some(Ok(mut json)) => {
                if is_plain {
                    complete(&mut json, method, path);
                }
                request.with_json(&json)
            }
        }
    }

    fn filled(&self, line: &str) -> String {
        let members: Vec<Value> = self.ids.iter().map(|id| json!({ "value": id })).collect();
        let line = line.replace("\"$all\"", &Value::from(members).to_string());
        let line = match line.contains("\"$thousand\"") {
            // One more than a bulk request may have.
            true => {
                let one = json!({ "method": "DELETE", "path": "/Users/x" });
                line.replace("\"$thousand\"", &Value::from(vec![one; 1001]).to_string())
            }
            false => line,
        };
        let (kilobyte, deep) = ("x".repeat(KILOBYTE), "[".repeat(DEEP));
        let line = line.replace("$kilobyte", &kilobyte).replace("$deep", &deep);
        let line = match line.contains("$megabyte") {
            true => line.replace("$megabyte", &kilobyte.repeat(KILOBYTE)),
            false => line,
        };
        let name = Regex::new(r"\$((UPPER)?\d+|etag|next|location)").unwrap();
        name.replace_all(&line, |found: &Captures<'_>| {
            let value = self.known.get(&found[0]);
            value.cloned().unwrap_or_else(|| found[0].to_owned())
        })
        .into_owned()
    }
}

/// Adds what every message must have.
fn complete(json: &mut Value, method: &str, path: &str) {
    if method == "PATCH" && json.is_array() {
        *json = json!({ "schemas": [PATCH_OP], "Operations": json });
    }
    let schema = match path.split(['/', '?']).nth(1) {
        Some("Users" | "Me") => USER,
        Some("Groups") => GROUP,
        _ => return,
    };
    let is_resource = matches!(method, "POST" | "PUT") && !path.ends_with(".search");
    if let Some(body) = json.as_object_mut().filter(|body| is_resource && !body.contains_key("schemas")) {
        let mut schemas = vec![schema.to_owned()];
        schemas.extend(body.keys().filter(|key| key.starts_with("urn:")).cloned());
        body.insert("schemas".to_owned(), schemas.into());
    }
}

/// Status, headers and body in one line.
fn tell(response: &Response) -> String {
    let mut line = response.status.to_string();
    for name in TOLD {
        if let Some(value) = response.headers.get(name) {
            line.push_str(&format!(" {name}:{value}"));
        }
    }
    format!("{line} {}", String::from_utf8_lossy(&response.body))
}

/// The same with placeholders for what differs from run to run.
fn anonymous(told: &str) -> String {
    let id = Regex::new(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}").unwrap();
    let mut ids: Vec<String> = Vec::new();
    let told = id.replace_all(told, |found: &Captures<'_>| {
        if !ids.iter().any(|known| *known == found[0]) {
            ids.push(found[0].to_owned());
        }
        format!("<id:{}>", ids.iter().position(|known| *known == found[0]).unwrap_or_default())
    });
    let told = Regex::new(r#"(\d)\.[0-9a-f]{8}\b"#).unwrap().replace_all(&told, "$1.<digest>");
    Regex::new(r"[A-Za-z0-9_-]{50,}").unwrap().replace_all(&told, "<cursor>").into_owned()
}

/// A request target with the characters encoded that cannot stand in one.
fn encoded(target: &str) -> String {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"/?&=%+-._~:,;@!$'()*".contains(byte);
    let parts = target.as_bytes().iter().map(|byte| match byte {
        byte if plain(byte) => char::from(*byte).to_string(),
        byte => format!("%{byte:02X}"),
    });
    parts.collect()
}
