//! The characters of a filter: words, white space, brackets and quoted strings.

use super::FilterError;

/// Most characters of the user's text that a message repeats.
const QUOTE_LIMIT: usize = 40;

/// A place within a text, with the small steps that the parser is made of. Nothing here looks back.
#[derive(Debug, Clone)]
pub(super) struct Lexer<'t> {
    text: &'t str,
    offset: usize,
}

impl<'t> Lexer<'t> {
    /// Starts at the byte `offset`, which must be a character boundary.
    pub(super) fn new(text: &'t str, offset: usize) -> Self {
        Self { text, offset }
    }

    /// Bytes read so far.
    pub(super) fn offset(&self) -> usize {
        self.offset
    }

    /// What is still to be read.
    pub(super) fn rest(&self) -> &'t str {
        self.text.get(self.offset..).unwrap_or_default()
    }

    /// The next character.
    pub(super) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    /// Takes white space; says whether there was any.
    pub(super) fn skip_space(&mut self) -> bool {
        let rest = self.rest();
        let length = rest.len() - rest.trim_start_matches([' ', '\t', '\r', '\n']).len();
        self.offset += length;
        length > 0
    }

    /// Takes `c` if it comes next.
    pub(super) fn eat(&mut self, c: char) -> bool {
        let found = self.rest().starts_with(c);
        if found {
            self.offset += c.len_utf8();
        }
        found
    }

    /// The characters up to white space, a bracket or a double quote. May be empty.
    pub(super) fn peek_word(&self) -> &'t str {
        let rest = self.rest();
        let end = rest.find(|c: char| c.is_ascii_whitespace() || "()[]\"".contains(c)).unwrap_or(rest.len());
        &rest[..end]
    }

    /// Takes the next word.
    pub(super) fn word(&mut self) -> &'t str {
        let word = self.peek_word();
        self.offset += word.len();
        word
    }

    /// Takes a JSON string, which begins here.
    pub(super) fn json_string(&mut self) -> Result<String, FilterError> {
        let rest = self.rest();
        let mut escaped = false;
        let end = rest.bytes().skip(1).position(|byte| {
            let closes = byte == b'"' && !escaped;
            escaped = byte == b'\\' && !escaped;
            closes
        });
        let Some(end) = end else {
            return Err(self.error("this string has no closing quote"));
        };
        let literal = &rest[..end + 2];
        let text = serde_json::from_str(literal).map_err(|_| {
            self.error(
                "this string holds an escape or a control character that JSON does not allow in strings",
            )
        })?;
        self.offset += literal.len();
        Ok(text)
    }

    /// Takes a text in single quotes, which begins here. It has no escapes.
    pub(super) fn single_quoted(&mut self) -> Result<String, FilterError> {
        let Some((content, _)) = self.rest().get(1..).and_then(|rest| rest.split_once('\'')) else {
            return Err(self.error("this string has no closing quote"));
        };
        self.offset += content.len() + 2;
        Ok(content.to_owned())
    }

    /// What comes next, as a message names it.
    pub(super) fn found(&self) -> String {
        let Some(next) = self.peek() else { return "the end".into() };
        let word = self.peek_word();
        let cut: String = word.chars().take(QUOTE_LIMIT).collect();
        match (cut.len(), cut.len() < word.len()) {
            (0, _) if next.is_ascii_whitespace() => "white space".into(),
            (0, _) => format!("`{next}`"),
            (_, true) => format!("`{cut}…`"),
            (_, false) => format!("`{cut}`"),
        }
    }

    /// A mistake at this place.
    pub(super) fn error(&self, message: impl Into<String>) -> FilterError {
        self.error_at(self.offset, message)
    }

    /// A mistake at another place of the same text.
    pub(super) fn error_at(&self, offset: usize, message: impl Into<String>) -> FilterError {
        FilterError::at(self.text, offset, message)
    }

    /// "expected …, found …" at this place.
    pub(super) fn expected(&self, what: &str) -> FilterError {
        self.error(format!("expected {what}, found {}", self.found()))
    }
}
