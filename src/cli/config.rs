//! `scimulator.toml`: named targets, so that `--target staging` works.
//!
//! ```toml
//! [target.staging]
//! url = "https://staging.example.test/scim/v2"
//! token-file = "staging.token"      # relative to this file
//! timeout = "10s"
//!
//! [target.staging.required]         # what `check` puts into every new user, although no schema says so
//! costCenter = "4711"
//! ```
//!
//! A table takes the options of the command line by their names, and `url`. The file is looked for in the working
//! directory and its parents, up to the folder that holds `.git`. It may hold secrets, so that mistakes are shown
//! with the values masked.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::Value;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::exit::Stop;
use super::target_options::TargetOptions;
use crate::conformance::trial::ground::Demand;
use crate::diagnostic::{Diagnostic, SourceFile, nearest};

/// Name of the file.
pub const FILE_NAME: &str = "scimulator.toml";

/// What the table of a target may hold.
pub const KEYS: [&str; 17] = [
    "url",
    "token",
    "token-file",
    "basic",
    "header",
    "oauth-token-url",
    "client-id",
    "client-secret",
    "scope",
    "ca-file",
    "client-cert",
    "client-key",
    "insecure",
    "proxy",
    "timeout",
    "rate",
    "required",
];

/// A configuration file as it was read.
#[derive(Debug)]
pub struct Config {
    /// Where it was found.
    pub path: PathBuf,
    targets: Vec<(String, TargetOptions)>,
}

impl Config {
    /// Reads the file that was named, or else the nearest one; none at all is no mistake unless one was named.
    ///
    /// # Errors
    /// It cannot be read, or holds a mistake.
    pub fn find(named: Option<&Path>, directory: &Path) -> Result<Option<Self>, Stop> {
        let path = match named {
            Some(path) => directory.join(path),
            None => match search(directory) {
                Some(path) => path,
                None => return Ok(None),
            },
        };
        let text = std::fs::read_to_string(&path)
            .map_err(|error| Stop::usage(format!("`{}` cannot be read: {error}", path.display())))?;
        let shown = path.strip_prefix(directory).unwrap_or(&path).display().to_string();
        let targets = parse(&text, &shown, path.parent().unwrap_or(directory)).map_err(Stop::broken)?;
        Ok(Some(Self { path, targets }))
    }

    /// The options of the target of that name.
    pub fn target(&self, name: &str) -> Option<&TargetOptions> {
        self.targets.iter().find(|(known, _)| known == name).map(|(_, options)| options)
    }

    /// The names of all targets, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.targets.iter().map(|(name, _)| name.as_str())
    }
}

fn search(directory: &Path) -> Option<PathBuf> {
    for folder in directory.ancestors() {
        let path = folder.join(FILE_NAME);
        if path.is_file() {
            return Some(path);
        }
        if folder.join(".git").exists() {
            return None;
        }
    }
    None
}

/// Reads the text of a file; paths in it are relative to `folder`.
fn parse(text: &str, shown: &str, folder: &Path) -> Result<Vec<(String, TargetOptions)>, Vec<Diagnostic>> {
    let mut reader = Reader { source: SourceFile::new(shown, masked(text)), folder, mistakes: Vec::new() };
    let (root, errors) = DeTable::parse_recoverable(text);
    for error in errors {
        let span = error.span().unwrap_or(0..0);
        reader.mistakes.push(Diagnostic::error("this is no TOML").at(&reader.source, span, error.message()));
    }
    let mut targets = Vec::new();
    if reader.mistakes.is_empty() {
        for (key, value) in root.get_ref() {
            match (key.get_ref().as_ref(), value.get_ref()) {
                ("target", DeValue::Table(table)) => {
                    for (name, table) in table {
                        targets.push((name.get_ref().to_string(), reader.target(table)));
                    }
                }
                ("target", _) => {
                    reader.mistake("`target` must be a table: `[target.NAME]`", value.span(), "")
                }
                (unknown, _) => reader.unknown(unknown, key.span(), &["target"]),
            }
        }
    }
    reader.mistakes.sort_by_key(Diagnostic::line_column);
    match reader.mistakes.is_empty() {
        true => Ok(targets),
        false => Err(reader.mistakes),
    }
}

struct Reader<'a> {
    source: Arc<SourceFile>,
    folder: &'a Path,
    mistakes: Vec<Diagnostic>,
}

impl Reader<'_> {
    fn mistake(&mut self, title: &str, span: std::ops::Range<usize>, label: &str) {
        self.mistakes.push(Diagnostic::error(title).at(&self.source, span, label));
    }

    fn unknown(&mut self, key: &str, span: std::ops::Range<usize>, known: &[&str]) {
        let diagnostic =
            Diagnostic::error(format!("unknown key `{}`", key.escape_debug())).at(&self.source, span, "");
        self.mistakes.push(match nearest(key, known.iter().copied()) {
            Some(near) => diagnostic.with_help(format!("did you mean `{near}`?")),
            None => diagnostic.with_help(format!("known are: {}", known.join(", "))),
        });
    }

    fn target(&mut self, table: &Spanned<DeValue<'_>>) -> TargetOptions {
        let mut options = TargetOptions::default();
        let DeValue::Table(entries) = table.get_ref() else {
            self.mistake("a target must be a table: `[target.NAME]`", table.span(), "");
            return options;
        };
        for (key, value) in entries {
            let name = key.get_ref().as_ref();
            if !KEYS.contains(&name) {
                self.unknown(name, key.span(), &KEYS);
            } else if let Err(wrong) = set(&mut options, name, value.get_ref(), self.folder) {
                self.mistake(&format!("`{name}` cannot be understood"), value.span(), &wrong);
            }
        }
        if options.target.is_none() {
            self.mistake("a target needs its `url`", table.span(), "");
        }
        options
    }
}

/// What bodies must carry: attributes of users by their paths, and those of other resource types in tables of their names.
fn demands(value: &DeValue<'_>) -> Result<Vec<Demand>, String> {
    let DeValue::Table(table) = value else {
        return Err("must be a table: `[target.NAME.required]`, with attributes and their values".to_owned());
    };
    let mut demands = Vec::new();
    for (key, value) in table {
        let name = key.get_ref().to_string();
        match value.get_ref() {
            DeValue::Table(attributes) => {
                for (path, value) in attributes {
                    let path = path.get_ref().to_string();
                    demands.push(Demand { kind: name.clone(), path, value: json(value.get_ref())? });
                }
            }
            value => demands.push(Demand { kind: "User".to_owned(), path: name, value: json(value)? }),
        }
    }
    Ok(demands)
}

/// A TOML value as JSON.
fn json(value: &DeValue<'_>) -> Result<Value, String> {
    Ok(match value {
        DeValue::String(text) => Value::from(text.as_ref()),
        DeValue::Boolean(flag) => Value::from(*flag),
        DeValue::Integer(number) => {
            let parsed = i64::from_str_radix(number.as_str(), number.radix());
            Value::from(parsed.map_err(|_| "is too large for a whole number")?)
        }
        DeValue::Float(number) => Value::from(number.as_str().parse::<f64>().map_err(|_| "is no number")?),
        DeValue::Datetime(moment) => Value::from(moment.to_string()),
        DeValue::Array(items) => items.iter().map(|item| json(item.get_ref())).collect::<Result<_, _>>()?,
        DeValue::Table(members) => {
            let members =
                members.iter().map(|(name, value)| Ok((name.get_ref().to_string(), json(value.get_ref())?)));
            Value::Object(members.collect::<Result<_, String>>()?)
        }
    })
}

/// Takes one option of a target.
fn set(options: &mut TargetOptions, key: &str, value: &DeValue<'_>, folder: &Path) -> Result<(), String> {
    let text = || value.as_str().map(str::to_owned).ok_or_else(|| "must be a text".to_owned());
    let path = || text().map(|path| folder.join(path));
    match key {
        "url" => {
            let url = text()?;
            if !url.contains("://") {
                return Err("must be the base URL, such as `https://host/scim/v2`".to_owned());
            }
            options.target = Some(url);
        }
        "token" => options.token = Some(text()?.into()),
        "token-file" => options.token_file = Some(path()?),
        "basic" => options.basic = Some(text()?.parse()?),
        "header" => match value.as_array() {
            None => options.header = vec![text()?.parse()?],
            Some(fields) => {
                for field in fields {
                    let field = field.get_ref().as_str().ok_or("must be texts such as `Name: value`")?;
                    options.header.push(field.parse()?);
                }
            }
        },
        "oauth-token-url" => options.oauth_token_url = Some(text()?),
        "client-id" => options.client_id = Some(text()?),
        "client-secret" => options.client_secret = Some(text()?.into()),
        "scope" => options.scope = Some(text()?),
        "ca-file" => options.ca_file = Some(path()?),
        "required" => options.required = demands(value)?,
        "client-cert" => options.client_cert = Some(path()?),
        "client-key" => options.client_key = Some(path()?),
        "insecure" => options.insecure = value.as_bool().ok_or("must be `true` or `false`")?,
        "proxy" => options.proxy = Some(text()?),
        "timeout" => options.timeout = Some(super::values::duration(&number_or_text(value)?)?),
        "rate" => options.rate = Some(number_or_text(value)?.parse()?),
        _ => return Err("is not known here".to_owned()),
    }
    Ok(())
}

fn number_or_text(value: &DeValue<'_>) -> Result<String, String> {
    match value {
        DeValue::String(text) => Ok(text.to_string()),
        DeValue::Integer(number) => Ok(number.to_string()),
        DeValue::Float(number) => Ok(number.to_string()),
        _ => Err("must be a number or a text".to_owned()),
    }
}

/// The text with everything but headings and keys replaced, byte by byte, so that places stay what they are.
fn masked(text: &str) -> String {
    let plain = |part: &str| part.chars().all(|c| c.is_ascii_alphanumeric() || " \t-_.".contains(c));
    let mut masked = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        let kept = match line.split_once('=') {
            Some((key, _)) if plain(key) => key.len() + 1,
            None if line.trim_start().starts_with('[') && plain(line.trim().trim_matches(['[', ']'])) => {
                line.len()
            }
            _ => 0,
        };
        let (kept, hidden) = line.split_at(kept);
        masked.push_str(kept);
        masked.extend(hidden.bytes().map(|byte| match byte {
            b'\n' | b'\r' | b' ' | b'"' | b'\'' => char::from(byte),
            _ => '*',
        }));
    }
    masked
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret;

    fn mistakes(text: &str) -> String {
        let mistakes = parse(text, "scimulator.toml", Path::new("/etc")).unwrap_err();
        mistakes.iter().map(|mistake| mistake.render(false)).collect::<Vec<_>>().join("\n\n")
    }

    #[test]
    fn a_target_takes_the_options_of_the_command_line() {
        let text = r#"
            [target.staging]
            url = "https://staging.test/scim"
            token = "t0p"
            header = ["X-A: 1", "X-B: 2"]
            ca-file = "ca.pem"
            insecure = true
            timeout = 5
            rate = "10/s"
            [target."other one"]
            url = "http://other.test"
        "#;
        let targets = parse(text, "scimulator.toml", Path::new("/etc")).unwrap();
        assert_eq!(targets.len(), 2);
        let options = &targets[1].1;
        assert_eq!(options.token.as_ref().unwrap().expose_secret(), "t0p");
        assert_eq!(options.header.len(), 2);
        assert_eq!(options.ca_file.as_deref(), Some(Path::new("/etc/ca.pem")));
        assert!(options.insecure);
        assert_eq!(options.timeout, Some(std::time::Duration::from_secs(5)));
    }

    #[test]
    fn mistakes_point_at_the_line_and_hide_the_values() {
        let text = "[target.staging]\nurl = \"https://a.test\"\ntokn = \"hunter2\"\ntimeout = \"hunter2\"\n";
        insta::assert_snapshot!(mistakes(text), @r#"
        error: unknown key `tokn`
         --> scimulator.toml:3:1
          |
        3 | tokn = "*******"
          | ^^^^
          |
          = help: did you mean `token`?

        error: `timeout` cannot be understood
         --> scimulator.toml:4:11
          |
        4 | timeout = "*******"
          |           ^^^^^^^^^ write seconds, such as `30`, or a number with `ms`, `s` or `m`, such as `500ms`
        "#);
    }

    #[test]
    fn a_target_without_url_and_an_unknown_table_are_mistakes() {
        insta::assert_snapshot!(mistakes("[targets.a]\nurl = \"x\"\n[target.b]\ninsecure = true\n"), @r"
        error: unknown key `targets`
         --> scimulator.toml:1:2
          |
        1 | [targets.a]
          |  ^^^^^^^
          |
          = help: did you mean `target`?

        error: a target needs its `url`
         --> scimulator.toml:3:1
          |
        3 | [target.b]
          | ^^^^^^^^^^
        ");
    }

    #[test]
    fn broken_toml_is_one_mistake_and_shows_no_secret() {
        let shown = mistakes("[target.a]\ntoken = \"hunter2\nurl = 1\n");
        assert!(!shown.contains("hunter2"), "{shown}");
        insta::assert_snapshot!(shown, @r#"
        error: this is no TOML
         --> scimulator.toml:2:17
          |
        2 | token = "*******
          |                 ^ invalid basic string, expected `"`
        "#);
    }

    proptest::proptest! {
        #[test]
        fn masking_keeps_every_place(text in "(?s).{0,60}") {
            proptest::prop_assert_eq!(masked(&text).len(), text.len());
        }

        #[test]
        fn no_text_panics(text in "(\\[target\\.a\\]\n)?(?s).{0,60}") {
            let _ = parse(&text, "f", Path::new("/"));
        }
    }
}
