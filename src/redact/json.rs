//! A JSON text with the places of its values, so that single values can be replaced and every other byte stays.

use std::borrow::Cow;
use std::ops::Range;

use super::{PLACEHOLDER, is_secret_member};

/// Deeper texts are treated as if they were no JSON.
const MAX_DEPTH: usize = 128;

/// One value and where it stands.
pub(super) struct Node {
    place: Range<usize>,
    kind: Kind,
}

enum Kind {
    Object(Vec<(Node, Node)>),
    Array(Vec<Node>),
    Text(String),
    Number,
    Word,
}

/// Parses a whole text; `None` when it is no JSON, or nested too deep.
pub(super) fn parse(text: &[u8]) -> Option<Node> {
    let mut parser = Parser { text, at: 0 };
    let root = parser.value(0)?;
    parser.blanks();
    (parser.at == text.len()).then_some(root)
}

/// The texts of all values that are secret by the name of their member.
pub(super) fn secret_texts(node: &Node, found: &mut Vec<String>) {
    walk(node, false, &mut |node, secret| {
        if let (true, Kind::Text(text)) = (secret, &node.kind) {
            found.push(text.clone());
        }
        false
    });
}

/// Replaces the values that are secret by name, and the texts for which `rewrite` knows something better.
pub(super) fn hide<'t>(
    text: &'t [u8],
    root: &Node,
    rewrite: impl Fn(&str) -> Option<String>,
) -> Cow<'t, [u8]> {
    let mut edits: Vec<(Range<usize>, String)> = Vec::new();
    walk(root, false, &mut |node, secret| {
        let replacement = match &node.kind {
            Kind::Word => None,
            Kind::Text(text) if text.is_empty() => None,
            _ if secret => Some(PLACEHOLDER.to_owned()),
            Kind::Text(text) => rewrite(text),
            Kind::Number => {
                let number = String::from_utf8_lossy(&text[node.place.clone()]);
                rewrite(&number).map(|_| PLACEHOLDER.to_owned())
            }
            Kind::Object(_) | Kind::Array(_) => None,
        };
        let hidden = replacement.is_some();
        if let Some(replacement) = replacement {
            edits.push((node.place.clone(), serde_json::Value::from(replacement).to_string()));
        }
        hidden
    });
    if edits.is_empty() {
        return Cow::Borrowed(text);
    }
    let mut out = Vec::with_capacity(text.len());
    let mut from = 0;
    for (place, replacement) in edits {
        out.extend_from_slice(&text[from..place.start]);
        out.extend_from_slice(replacement.as_bytes());
        from = place.end;
    }
    out.extend_from_slice(&text[from..]);
    Cow::Owned(out)
}

/// Visits every value and member name in the order of the text. `visit` gets whether the value is secret by the
/// name of its member, and returns whether what is inside needs no visit.
fn walk(node: &Node, secret: bool, visit: &mut impl FnMut(&Node, bool) -> bool) {
    if visit(node, secret) {
        return;
    }
    match &node.kind {
        Kind::Array(elements) => elements.iter().for_each(|element| walk(element, secret, visit)),
        Kind::Object(members) => {
            // A PATCH operation names its attribute in `path` and says the value beside it.
            let secret_operation = members
                .iter()
                .any(|(name, value)| name.is("path") && value.text().is_some_and(is_secret_member));
            for (name, value) in members {
                visit(name, false);
                let by_name = name.text().is_some_and(is_secret_member);
                walk(value, secret || by_name || (secret_operation && name.is("value")), visit);
            }
        }
        Kind::Text(_) | Kind::Number | Kind::Word => {}
    }
}

impl Node {
    fn text(&self) -> Option<&str> {
        match &self.kind {
            Kind::Text(text) => Some(text),
            _ => None,
        }
    }

    fn is(&self, name: &str) -> bool {
        self.text().is_some_and(|text| text.eq_ignore_ascii_case(name))
    }
}

struct Parser<'t> {
    text: &'t [u8],
    at: usize,
}

impl Parser<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn blanks(&mut self) {
        while self.peek().is_some_and(|byte| byte.is_ascii_whitespace()) {
            self.at += 1;
        }
    }

    /// Skips blanks and takes `byte` when it comes next.
    fn take(&mut self, byte: u8) -> bool {
        self.blanks();
        let there = self.peek() == Some(byte);
        self.at += usize::from(there);
        there
    }

    fn value(&mut self, depth: usize) -> Option<Node> {
        if depth > MAX_DEPTH {
            return None;
        }
        self.blanks();
        let start = self.at;
        let kind = match self.peek()? {
            b'{' => Kind::Object(self.members(depth)?),
            b'[' => Kind::Array(self.elements(depth)?),
            b'"' => Kind::Text(self.string()?),
            b'-' | b'0'..=b'9' => {
                self.run(|byte| matches!(byte, b'-' | b'+' | b'.' | b'e' | b'E' | b'0'..=b'9'));
                Kind::Number
            }
            b'a'..=b'z' => {
                self.run(|byte| byte.is_ascii_lowercase());
                if !matches!(&self.text[start..self.at], b"true" | b"false" | b"null") {
                    return None;
                }
                Kind::Word
            }
            _ => return None,
        };
        Some(Node { place: start..self.at, kind })
    }

    fn run(&mut self, belongs: impl Fn(u8) -> bool) {
        while self.peek().is_some_and(&belongs) {
            self.at += 1;
        }
    }

    fn members(&mut self, depth: usize) -> Option<Vec<(Node, Node)>> {
        self.at += 1;
        let mut members = Vec::new();
        if self.take(b'}') {
            return Some(members);
        }
        loop {
            self.blanks();
            let start = self.at;
            let name = Kind::Text(self.string()?);
            let name = Node { place: start..self.at, kind: name };
            if !self.take(b':') {
                return None;
            }
            members.push((name, self.value(depth + 1)?));
            if self.take(b'}') {
                return Some(members);
            }
            if !self.take(b',') {
                return None;
            }
        }
    }

    fn elements(&mut self, depth: usize) -> Option<Vec<Node>> {
        self.at += 1;
        let mut elements = Vec::new();
        if self.take(b']') {
            return Some(elements);
        }
        loop {
            elements.push(self.value(depth + 1)?);
            if self.take(b']') {
                return Some(elements);
            }
            if !self.take(b',') {
                return None;
            }
        }
    }

    fn string(&mut self) -> Option<String> {
        let start = self.at;
        if self.peek()? != b'"' {
            return None;
        }
        self.at += 1;
        loop {
            match self.peek()? {
                b'"' => break,
                b'\\' => self.at += 2,
                _ => self.at += 1,
            }
        }
        self.at += 1;
        serde_json::from_slice(self.text.get(start..self.at)?).ok()
    }
}
