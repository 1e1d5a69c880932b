//! The requests of the literal scenarios, as the built-in provider sees them. What is recorded of an identity provider
//! must show its quirks and break nothing that no quirk stands for; what is plain RFC traffic must bring no remark.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use scimulator::exchange::Request;
use scimulator::idp::Dialect;
use scimulator::lint::{Conversation, Kind, Remark, Seen};
use scimulator::protocol::schema::Registry;
use scimulator::provider::profile::Profile;
use scimulator::provider::world::World;
use scimulator::provider::{Observed, Provider, ProviderConfig};
use scimulator::scenario::capability::Capability;
use scimulator::scenario::execute::{self, Settings};
use scimulator::scenario::{self, Scenario, id_of};
use scimulator::target::{Credentials, Target, TargetConfig};

/// A remark with the request that brought it.
pub(crate) struct Noted {
    pub(crate) step: String,
    pub(crate) request: String,
    pub(crate) remark: Remark,
    pub(crate) status: u16,
}

pub(crate) fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|end| end == "yaml") {
            found.push(path);
        }
    }
}

/// The scenarios below a folder.
fn scenarios(folder: &str) -> Vec<Scenario> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let mut paths = Vec::new();
    files(&root.join(folder), &mut paths);
    let read = |path: &Path| std::fs::read(path);
    paths.iter().map(|path| scenario::load(path, &id_of(path, &root), &read).unwrap()).collect()
}

/// Plays a scenario against a provider of its own, in the words of a dialect where it has `idp:` steps, and returns what the lint
/// says of its requests.
pub(crate) async fn played(scenario: &Scenario, dialect: Option<Dialect>) -> (usize, Vec<Noted>) {
    let seen: Arc<Mutex<Vec<Observed>>> = Arc::default();
    let mut config = ProviderConfig::loopback(Profile::named(&scenario.profile).unwrap(), World::real());
    let sink = Arc::clone(&seen);
    config.on_request =
        Some(Arc::new(move |observed: &Observed| sink.lock().unwrap().push(observed.clone())));
    let provider = Provider::start(config).await.unwrap();
    let token = secrecy::SecretString::from("t0ken-of-the-lint");
    provider.add_tenant(&token);
    let mut config = TargetConfig::new(provider.base_url());
    config.credentials = Credentials::Bearer(token);
    let target = Target::connect(config).unwrap();
    let settings = Settings { base: target.base().to_owned(), run: String::new(), dialect };
    let (registry, mut conversation) = (Registry::standard(), Conversation::default());
    let (mut requests, mut noted) = (0, Vec::new());
    let mut speak = |request: Request| {
        let target = &target;
        async move { target.send(request).await }
    };
    let played = execute::play(scenario, &mut speak, &settings, |step, _| {
        for observed in std::mem::take(&mut *seen.lock().unwrap()) {
            requests += 1;
            let Observed { method, target, headers, body, status } = &observed;
            let seen = Seen { method, target, headers, body };
            for remark in conversation.lint(&registry, &seen, *status) {
                let request = format!("{method} {target}");
                noted.push(Noted { step: step.to_owned(), request, remark, status: *status });
            }
        }
    })
    .await;
    assert!(played.diagnostics.is_empty(), "{}: {:?}", scenario.id, played.diagnostics);
    provider.shutdown().await;
    (requests, noted)
}

/// What is found in the traffic of each dialect: rule and quirk with the number of requests, and in full what no quirk
/// stands for.
#[tokio::test(flavor = "multi_thread")]
async fn the_traffic_of_identity_providers_shows_their_quirks() {
    let mut found: BTreeMap<String, (usize, BTreeMap<String, usize>)> = BTreeMap::new();
    for folder in ["entra", "okta", "onelogin", "jumpcloud", "ping", "others"] {
        for scenario in scenarios(folder) {
            let (requests, noted) = played(&scenario, None).await;
            let words = match scenario.dialects.as_slice() {
                [] => vec![scenario.id.clone()],
                dialects => dialects.iter().map(ToString::to_string).collect(),
            };
            for word in words {
                let (total, lines) = found.entry(word).or_default();
                *total += requests;
                for Noted { step, remark, .. } in &noted {
                    let Remark { rule, quirk, what, .. } = remark;
                    let line = match quirk {
                        Some(quirk) => format!("{:9}  {quirk}  {}", rule.kind.word(), rule.id),
                        None => format!(
                            "{:9}  -      {}: {what} ({}: {step})",
                            rule.kind.word(),
                            rule.id,
                            scenario.id
                        ),
                    };
                    *lines.entry(line).or_default() += 1;
                }
            }
        }
    }
    let mut table = String::new();
    for (dialect, (requests, lines)) in found {
        writeln!(table, "{dialect}: {requests} requests").unwrap();
        for (line, count) in lines {
            writeln!(table, "  {count:4}  {line}").unwrap();
        }
    }
    insta::assert_snapshot!(table);
}

/// What is said of the requests that plain RFC scenarios send and that a strict provider takes.
#[tokio::test(flavor = "multi_thread")]
async fn plain_rfc_traffic_brings_no_remark() {
    let mut table = String::new();
    // `/Me` needs a user that no scenario may create.
    for scenario in scenarios("rfc").into_iter().filter(|scenario| !scenario.needs.contains(&Capability::Me))
    {
        let (_, noted) = played(&scenario, None).await;
        for Noted { step, request, remark, status } in noted {
            if status < 400 || remark.rule.kind == Kind::Violation {
                let Remark { rule, place, what, .. } = remark;
                writeln!(
                    table,
                    "{}: {step}\n  {request} → {status}\n  {}  {}  {place}: {what}",
                    scenario.id,
                    rule.kind.word(),
                    rule.id
                )
                .unwrap();
            }
        }
    }
    let mut settings = insta::Settings::clone_current();
    settings.add_filter(r"/[0-9a-f]{8}-[0-9a-f-]{27}", "/[ID]");
    settings.bind(|| insta::assert_snapshot!(table));
}
