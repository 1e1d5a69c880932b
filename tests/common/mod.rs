//! A folder of its own for each test that starts the program, and snapshots of all that it says.

// Each test program uses its own part of this.
#![allow(dead_code, unused_macros, unused_imports, clippy::unwrap_used)]

use std::path::{Path, PathBuf};
use std::process::Command;

/// A temporary folder in which the program runs, without anything of the environment of the tests.
pub struct Sandbox {
    folder: tempfile::TempDir,
}

impl Sandbox {
    /// An empty folder.
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        // The search for scimulator.toml ends here.
        std::fs::create_dir(folder.path().join(".git")).unwrap();
        Self { folder }
    }

    /// Where it is.
    pub fn path(&self) -> PathBuf {
        self.folder.path().canonicalize().unwrap()
    }

    /// Writes a file, with the folders that it needs.
    pub fn write(&self, path: &str, text: &str) -> &Self {
        let path = self.folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
        self
    }

    /// Reads a file.
    pub fn read(&self, path: &str) -> String {
        std::fs::read_to_string(self.folder.path().join(path)).unwrap()
    }

    /// Whether there is such a file or folder.
    pub fn has(&self, path: &str) -> bool {
        self.folder.path().join(path).exists()
    }

    /// Every file, sorted.
    pub fn files(&self) -> Vec<String> {
        fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() { walk(&path, found) } else { found.push(path) }
            }
        }
        let mut found = Vec::new();
        walk(self.folder.path(), &mut found);
        let mut files: Vec<String> = found
            .iter()
            .map(|path| path.strip_prefix(self.folder.path()).unwrap().display().to_string())
            .collect();
        files.sort();
        files
    }

    /// The program with these arguments, to be run here.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_scimulator"));
        command.args(arguments).current_dir(self.path()).env_clear();
        // Windows needs it for sockets.
        if let Some(root) = std::env::var_os("SystemRoot") {
            command.env("SystemRoot", root);
        }
        command
    }

    /// The exit code of the program with these arguments.
    pub fn exit_code(&self, arguments: &[&str]) -> Option<i32> {
        self.command(arguments).output().unwrap().status.code()
    }

    /// What differs from run to run and from machine to machine, and what is shown instead.
    pub fn filters(&self) -> Vec<(String, &'static str)> {
        let path = self.path().display().to_string();
        [(path.as_str(), "[FOLDER]"), (env!("CARGO_PKG_VERSION"), "[VERSION]")]
            .map(|(text, shown)| (literally(text), shown))
            .into_iter()
            .chain([
                (r"\d+(\.\d+)? (ms|s)\b".to_owned(), "[TIME]"),
                (r"date: .* GMT".to_owned(), "date: [DATE]"),
                (r"127\.0\.0\.1:\d+".to_owned(), "127.0.0.1:[PORT]"),
                (r"\(os error \d+\)".to_owned(), "(os error [CODE])"),
            ])
            .collect()
    }
}

/// A regular expression that finds just this text.
fn literally(text: &str) -> String {
    text.chars().map(|c| if c.is_alphanumeric() { c.to_string() } else { format!("\\{c}") }).collect()
}

/// Runs the program and compares exit code, standard output and standard error with a snapshot.
macro_rules! assert_run {
    ($sandbox:expr, $arguments:expr, @$snapshot:literal) => {
        assert_run!($sandbox, $arguments, [], @$snapshot)
    };
    ($sandbox:expr, $arguments:expr, $environment:expr, @$snapshot:literal) => {{
        let sandbox = &$sandbox;
        let mut settings = insta::Settings::clone_current();
        for (pattern, shown) in sandbox.filters() {
            settings.add_filter(&pattern, shown);
        }
        let _bound = settings.bind_to_scope();
        let environment: [(&str, &str); _] = $environment;
        insta_cmd::assert_cmd_snapshot!(sandbox.command(&$arguments).envs(environment), @$snapshot);
    }};
}
pub(crate) use assert_run;

/// A port of the loopback interface on which nobody listens.
pub fn closed_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// The built-in provider as a process of its own, for as long as this lives.
pub struct Server {
    child: std::process::Child,
    /// Its base URL.
    pub url: String,
}

/// The token that [`Server`] asks for.
pub const TOKEN: &str = "t0ken-of-the-test-server";

impl Server {
    /// Starts it on a free port and waits until it listens.
    pub fn start(sandbox: &Sandbox) -> Self {
        Self::with(sandbox, &[])
    }

    /// The same with further arguments.
    pub fn with(sandbox: &Sandbox, arguments: &[&str]) -> Self {
        let all: Vec<&str> = ["serve", "--listen", "127.0.0.1:0"].iter().chain(arguments).copied().collect();
        let mut child = sandbox
            .command(&all)
            .env("SCIM_TOKEN", TOKEN)
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut out = std::io::BufReader::new(child.stdout.take().unwrap());
        std::io::BufRead::read_line(&mut out, &mut line).unwrap();
        let url = line.trim().strip_prefix("listening on ").unwrap().to_owned();
        Self { child, url }
    }

    /// How many users there are.
    pub fn users(&self) -> u64 {
        self.list("/Users?count=0")["totalResults"].as_u64().unwrap()
    }

    /// What it answers to a `GET` of this path and query, which is a list.
    pub fn list(&self, target: &str) -> serde_json::Value {
        let rest = self.url.strip_prefix("http://").unwrap();
        let (authority, path) = rest.split_once('/').unwrap();
        let mut stream = std::net::TcpStream::connect(authority).unwrap();
        let request = format!(
            "GET /{path}{target} HTTP/1.1\r\nHost: {authority}\r\nAuthorization: Bearer {TOKEN}\r\nConnection: close\r\n\r\n"
        );
        std::io::Write::write_all(&mut stream, request.as_bytes()).unwrap();
        let answer = std::io::read_to_string(stream).unwrap();
        let body = answer.split_once("\r\n\r\n").unwrap().1;
        serde_json::from_str(body).unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
