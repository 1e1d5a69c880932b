//! Requests per second of the provider, as a share of what a bare axum server reaches that returns the same bytes.
//!
//! Both run in processes of their own, on loopback, and are loaded in turn by `wrk` (a Debian package), several rounds
//! each, so that the drift of a busy machine hits both. `cargo bench --bench throughput` takes about two minutes; the
//! number of users can be given: `cargo bench --bench throughput -- 20000`.

#![expect(clippy::print_stdout, reason = "the figures are what it is for")]

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::response::Response;
use serde_json::{Value, json};

const TOKEN: &str = "throughput-bench-token";
const ROUNDS: usize = 3;
const SECONDS: &str = "3s";

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    match arguments.as_slice() {
        [role, file] if role == "bare" => bare_server(Path::new(file)),
        [] => compare(100_000),
        [users] => compare(users.parse()?),
        _ => Err("usage: throughput [USERS]".into()),
    }
}

/// One kind of request, and how wrk makes it.
struct Case {
    name: &'static str,
    aim: &'static str,
    /// Lua: the body of `request()`.
    lua: String,
    /// What the bare server returns.
    answer: Answer,
}

/// A response as data.
#[derive(Clone)]
struct Answer {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

fn compare(users: usize) -> Result<(), Failure> {
    if Command::new("wrk").arg("-v").stdout(Stdio::null()).stderr(Stdio::null()).status().is_err() {
        return Err("wrk is not installed (Debian: apt-get install wrk)".into());
    }
    let folder = tempfile::tempdir()?;
    let mut provider = Server::provider()?;
    let before = provider.resident_kib()?;
    let json_bytes = provider.fill(users)?;
    let grown = (provider.resident_kib()? - before) * 1024;
    println!("{users} users, {} bytes of JSON each", json_bytes / users);
    println!(
        "resident memory: {} bytes a user, {} beyond its JSON (aim: under 2048)\n",
        grown / users,
        grown.saturating_sub(json_bytes) / users
    );
    println!("{:<34} {:>12} {:>12} {:>8} {:>6}", "", "provider/s", "bare/s", "share", "aim");
    for case in cases(&provider, users)? {
        let script = folder.path().join("case.lua");
        let recorded = folder.path().join("answer.json");
        std::fs::write(&script, lua(&case.lua))?;
        std::fs::write(&recorded, case.answer.to_json().to_string())?;
        let bare = Server::bare(&recorded)?;
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            ours.push(provider.load(&script)?);
            theirs.push(bare.load(&script)?);
        }
        let (ours, theirs) = (median(&mut ours), median(&mut theirs));
        println!(
            "{:<34} {ours:>12.0} {theirs:>12.0} {:>7.0}% {:>6}",
            case.name,
            100.0 * ours / theirs,
            case.aim
        );
    }
    provider.stop();
    Ok(())
}

fn cases(provider: &Server, users: usize) -> Result<Vec<Case>, Failure> {
    let sample = format!("/scim/v2/Users?filter=userName%20eq%20%22user{}%40bench.test%22", users / 2);
    let found: Value = serde_json::from_slice(&provider.exchange("GET", &sample, None)?.body)?;
    let id = found["Resources"][0]["id"].as_str().ok_or("the users are not there")?.to_owned();
    let one = format!("/scim/v2/Users/{id}");
    let patch = |active: bool| {
        json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
                "Operations": [{ "op": "replace", "path": "active", "value": active }] })
        .to_string()
    };
    let new_user = user(usize::MAX).to_string().replace(&usize::MAX.to_string(), "NUMBER");
    let lookup = format!(
        "return wrk.format('GET', '/scim/v2/Users?filter=userName%20eq%20%22user' .. math.random(0, {}) .. '%40bench.test%22')",
        users - 1
    );
    let get = |path: &str| format!("return wrk.format('GET', '{path}')");
    let case = |name, aim, lua, answer| Case { name, aim, lua, answer };
    Ok(vec![
        case("GET by id", "80%", get(&one), provider.exchange("GET", &one, None)?),
        case("filter userName eq", "70%", lookup, provider.exchange("GET", &sample, None)?),
        case(
            "page of 100 users",
            "50%",
            get("/scim/v2/Users?count=100"),
            provider.exchange("GET", "/scim/v2/Users?count=100", None)?,
        ),
        case(
            "POST",
            "50%",
            format!(
                "n = n + 1\nlocal body = string.gsub([==[{new_user}]==], 'NUMBER', run .. '-' .. n)\n\
                 return wrk.format('POST', '/scim/v2/Users', nil, body)"
            ),
            provider.exchange("POST", "/scim/v2/Users", Some(user(users + 1).to_string()))?,
        ),
        case(
            "PATCH active",
            "40%",
            format!(
                "n = n + 1\nif n % 2 == 0 then return wrk.format('PATCH', '{one}', nil, [==[{}]==]) \
                 else return wrk.format('PATCH', '{one}', nil, [==[{}]==]) end",
                patch(true),
                patch(false)
            ),
            provider.exchange("PATCH", &one, Some(patch(true)))?,
        ),
    ])
}

fn lua(request: &str) -> String {
    format!(
        "wrk.headers['Authorization'] = 'Bearer {TOKEN}'\n\
         wrk.headers['Content-Type'] = 'application/scim+json'\n\
         wrk.headers['Accept'] = 'application/scim+json'\n\
         n = 0\nrun = tostring(os.time()) .. tostring(os.clock())\nmath.randomseed(7)\n\
         request = function()\n{request}\nend\n"
    )
}

/// A user as identity providers send it.
fn user(number: usize) -> Value {
    json!({
        "schemas": [
            "urn:ietf:params:scim:schemas:core:2.0:User",
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
        ],
        "externalId": format!("ext-{number}"),
        "userName": format!("user{number}@bench.test"),
        "name": { "formatted": format!("Given{number} Family{number}"), "familyName": format!("Family{number}"), "givenName": format!("Given{number}") },
        "displayName": format!("Given{number} Family{number}"),
        "title": "Engineer",
        "preferredLanguage": "en-US",
        "active": true,
        "emails": [{ "value": format!("user{number}@bench.test"), "type": "work", "primary": true }],
        "phoneNumbers": [{ "value": "tel:+1-555-555-0100", "type": "work" }],
        "addresses": [{ "streetAddress": "1 Main Street", "locality": "Springfield", "postalCode": "12345", "country": "US", "type": "work" }],
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": { "employeeNumber": number.to_string(), "department": "Research" }
    })
}

/// A server in a process of its own.
struct Server {
    process: Child,
    base: String,
}

impl Server {
    fn provider() -> Result<Server, Failure> {
        let mut command = Command::new(env!("CARGO_BIN_EXE_scimulator"));
        command.args(["serve", "--listen", "127.0.0.1:0", "--token", TOKEN]);
        Server::start(command.env("SCIMULATOR_LOG", "off"))
    }

    fn bare(recorded: &Path) -> Result<Server, Failure> {
        Server::start(Command::new(std::env::current_exe()?).arg("bare").arg(recorded))
    }

    fn start(command: &mut Command) -> Result<Server, Failure> {
        let mut process = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
        let stdout = process.stdout.take().ok_or("no standard output")?;
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line)?;
        let base = line.trim().strip_prefix("listening on ").ok_or(format!("unexpected: {line:?}"))?;
        let base = base.strip_suffix("/scim/v2").unwrap_or(base).to_owned();
        Ok(Server { process, base })
    }

    /// Requests per second that wrk reaches.
    fn load(&self, script: &Path) -> Result<f64, Failure> {
        let output = Command::new("wrk")
            .args(["-t1", "-c16", "-d", SECONDS, "-s"])
            .arg(script)
            .arg(&self.base)
            .output()?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        if text.contains("Non-2xx") {
            return Err(format!("the server refused requests:\n{text}").into());
        }
        let rate = text.lines().find_map(|line| line.strip_prefix("Requests/sec:"));
        Ok(rate.ok_or(format!("wrk printed no rate:\n{text}"))?.trim().parse()?)
    }

    fn exchange(&self, method: &str, path: &str, body: Option<String>) -> Result<Answer, Failure> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async {
            let config = scimulator::target::TargetConfig::new(self.base.clone());
            let target = scimulator::target::Target::connect(config)?;
            let mut request = scimulator::exchange::Request::new(method, path);
            request.auth = scimulator::exchange::Auth::Bearer(TOKEN.to_owned());
            if let Some(body) = body {
                request.headers.append("Content-Type", "application/scim+json");
                request.body = Bytes::from(body);
            }
            let response = target.send(request).await.outcome?;
            if !(200..300).contains(&response.status) {
                return Err(format!("{method} {path}: {} {:?}", response.status, response.body).into());
            }
            let skipped = ["date", "content-length", "connection"];
            let headers = response.headers.iter().filter(|(name, _)| !skipped.contains(name));
            let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
            Ok(Answer { status: response.status, headers, body: response.body.to_vec() })
        })
    }

    /// Creates users by bulk requests; returns the bytes of their JSON.
    fn fill(&mut self, users: usize) -> Result<usize, Failure> {
        for start in (0..users).step_by(500) {
            let operations: Vec<Value> = (start..users.min(start + 500))
                .map(|n| json!({ "method": "POST", "path": "/Users", "bulkId": n.to_string(), "data": user(n) }))
                .collect();
            let body = json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], "Operations": operations });
            self.exchange("POST", "/scim/v2/Bulk", Some(body.to_string()))?;
        }
        let page = self.exchange("GET", "/scim/v2/Users?count=1000", None)?;
        Ok(page.body.len() / users.min(1000) * users)
    }

    fn resident_kib(&self) -> Result<usize, Failure> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no VmRSS")?;
        Ok(line.trim().trim_end_matches(" kB").parse()?)
    }

    fn stop(&mut self) {
        // A process that is gone already is stopped.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Answer {
    fn to_json(&self) -> Value {
        json!({ "status": self.status, "headers": self.headers, "body": String::from_utf8_lossy(&self.body) })
    }
}

/// What the provider is held against: reads the request, returns fixed bytes.
fn bare_server(recorded: &Path) -> Result<(), Failure> {
    let answer: Value = serde_json::from_slice(&std::fs::read(PathBuf::from(recorded))?)?;
    let body = Bytes::from(answer["body"].as_str().unwrap_or_default().to_owned());
    let status = answer["status"].as_u64().and_then(|status| u16::try_from(status).ok()).unwrap_or(200);
    let mut headers = http::HeaderMap::new();
    for pair in answer["headers"].as_array().into_iter().flatten() {
        let text = |index: usize| pair[index].as_str().unwrap_or_default();
        headers.insert(http::HeaderName::try_from(text(0))?, http::HeaderValue::try_from(text(1))?);
    }
    let fixed = Arc::new((http::StatusCode::from_u16(status)?, headers, body));
    let handler = async |State(fixed): State<Arc<(http::StatusCode, http::HeaderMap, Bytes)>>,
                         _body: Bytes| {
        let mut response = Response::new(axum::body::Body::from(fixed.2.clone()));
        *response.status_mut() = fixed.0;
        response.headers_mut().clone_from(&fixed.1);
        response
    };
    let router = Router::new()
        .route("/scim/v2/Users", axum::routing::any(handler))
        .route("/scim/v2/Users/{id}", axum::routing::any(handler))
        .with_state(fixed);
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(async {
        use axum::serve::ListenerExt as _;
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        println!("listening on http://{}", listener.local_addr()?);
        let listener = listener.tap_io(|stream| drop(stream.set_nodelay(true)));
        axum::serve(listener, router).await?;
        Ok(())
    })
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
