//! A snapshot file: front matter and body, in the layout that the insta tooling reads.

use std::fmt;

use serde_json::Value;

/// A transcript as a file holds it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Document {
    /// The scenario file.
    pub source: String,
    /// The title of the scenario.
    pub description: String,
    /// The dialect, where there is one.
    pub expression: Option<String>,
    /// The transcript.
    pub body: String,
}

impl Document {
    /// Reads a file. Whatever it holds is taken as well as it goes: a file without front matter is all body.
    pub fn parse(text: &str) -> Self {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text).replace("\r\n", "\n");
        let parts = text.strip_prefix("---\n").and_then(|rest| match rest.strip_prefix("---\n") {
            Some(body) => Some(("", body)),
            None => rest.split_once("\n---\n"),
        });
        let Some((front, body)) = parts else {
            return Self { body: text, ..Self::default() };
        };
        let mut document = Self { body: body.to_owned(), ..Self::default() };
        for (key, value) in front.lines().filter_map(|line| line.split_once(':')) {
            let value = read_scalar(value.trim());
            match key.trim() {
                "source" => document.source = value,
                "description" => document.description = value,
                "expression" => document.expression = Some(value),
                _ => {}
            }
        }
        document
    }

    /// Whether the transcripts are equal. Front matter and what stands behind the last line do not count.
    pub fn same_transcript(&self, other: &Self) -> bool {
        self.body.trim_end() == other.body.trim_end()
    }
}

impl fmt::Display for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("---\n")?;
        let expression = self.expression.as_deref().unwrap_or_default();
        for (key, value) in
            [("source", self.source.as_str()), ("description", &self.description), ("expression", expression)]
        {
            if !value.is_empty() {
                writeln!(f, "{key}: {}", write_scalar(value))?;
            }
        }
        f.write_str("---\n")?;
        writeln!(f, "{}", self.body.trim_end())
    }
}

/// A YAML scalar: plain where that is safe, else in double quotes.
fn write_scalar(text: &str) -> String {
    let plain = text.chars().all(|c| c.is_alphanumeric() || " _-./@(),;'+=<>".contains(c))
        && text.starts_with(char::is_alphabetic)
        && !text.ends_with(' ')
        && !["true", "false", "null", "yes", "no", "on", "off", "y", "n", "inf", "nan"]
            .iter()
            .any(|word| text.eq_ignore_ascii_case(word));
    if plain { text.to_owned() } else { Value::from(text).to_string() }
}

fn read_scalar(text: &str) -> String {
    if let Ok(Value::String(text)) = serde_json::from_str(text) {
        return text;
    }
    match text.strip_prefix('\'').and_then(|text| text.strip_suffix('\'')) {
        Some(text) => text.replace("''", "'"),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::SourceFile;
    use proptest::prelude::*;

    #[test]
    fn front_matter_is_what_insta_reads() {
        let document = Document {
            source: "scenarios/okta/a.yaml".into(),
            description: "409: \"taken\" #1".into(),
            expression: Some("okta".into()),
            body: "# 1. a\n\n".into(),
        };
        insta::assert_snapshot!(document, @r#"
        ---
        source: scenarios/okta/a.yaml
        description: "409: \"taken\" #1"
        expression: okta
        ---
        # 1. a
        "#);
        assert!(Document::parse(&document.to_string()).same_transcript(&document));
    }

    #[test]
    fn files_that_other_tools_wrote_are_read() {
        let text = "\u{feff}---\r\nsource: \"a.yaml\"\r\ndescription: 'it''s'\r\ninfo: x\r\n---\r\n# 1. a\r\n---\r\nb";
        let expected = Document {
            source: "a.yaml".into(),
            description: "it's".into(),
            expression: None,
            body: "# 1. a\n---\nb".into(),
        };
        assert_eq!(Document::parse(text), expected);
        assert_eq!(Document::parse("no front matter").body, "no front matter");
        assert_eq!(Document::parse("---\n---\nx").body, "x");
    }

    proptest! {
        #[test]
        fn what_is_written_is_yaml_and_is_read(source in "[!-~ä]{1,12}", description in "\\PC{1,20}", body in "([#a]|\\n|---){0,20}") {
            let document = Document { source, description, expression: Some("okta".into()), body };
            let text = document.to_string();
            let front = text.split("---\n").nth(1).unwrap();
            let yaml = crate::yaml::parse(&SourceFile::new("a.snap", front), crate::yaml::Limits::SCENARIO).unwrap().to_json();
            prop_assert_eq!(&yaml, &serde_json::json!({ "source": document.source, "description": document.description, "expression": "okta" }));
            let read = Document::parse(&text);
            prop_assert_eq!((&read.source, &read.description), (&document.source, &document.description));
            prop_assert!(read.same_transcript(&document));
        }
    }
}
