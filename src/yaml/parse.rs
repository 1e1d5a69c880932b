//! From the scanner's events to a tree.

use std::collections::HashMap;
use std::sync::Arc;

use saphyr_parser::{Event, Parser, ScalarStyle};

use super::{Entry, MAX_BYTES, MAX_DEPTH, MAX_NODES, Node, Span, Value, problem};
use crate::diagnostic::{Diagnostic, SourceFile};

/// Reads one document.
///
/// # Errors
/// What is wrong with the file as YAML. Syntax mistakes end the reading; others are collected.
pub fn parse(source: &Arc<SourceFile>) -> Result<Node, Vec<Diagnostic>> {
    let text = &*source.text;
    if text.len() > MAX_BYTES {
        let title = format!(
            "`{}` has {} bytes, more than the {MAX_BYTES} of the longest file",
            source.path,
            text.len()
        );
        return Err(vec![Diagnostic::error(title)]);
    }
    if let Some((at, found)) =
        text.char_indices().find(|(_, c)| c.is_control() && !matches!(c, '\t' | '\n' | '\r'))
    {
        let title = format!("the control character U+{:04X} cannot stand in a YAML file", u32::from(found));
        return Err(vec![
            Diagnostic::error(title)
                .at(source, at..at + found.len_utf8(), "here")
                .with_help("write it as an escape in double quotes, such as `\"\\u0007\"`"),
        ]);
    }
    let mut tree = Tree::new(source);
    match tree.build() {
        Err(diagnostic) => {
            tree.mistakes.push(diagnostic);
            Err(tree.mistakes)
        }
        Ok(_) if !tree.mistakes.is_empty() => Err(tree.mistakes),
        Ok(node) => Ok(node),
    }
}

/// A collection that is not complete yet.
struct Open {
    start: Span,
    anchor: usize,
    content: Content,
}

enum Content {
    Seq(Vec<Node>),
    Map { entries: Vec<Entry>, keys: HashMap<String, Span>, key: Option<(String, Span)> },
}

struct Tree<'s> {
    source: &'s Arc<SourceFile>,
    /// Where the text begins behind a byte order mark.
    offset: usize,
    /// The byte offset of each character: the scanner counts characters.
    bytes: Vec<usize>,
    open: Vec<Open>,
    anchors: HashMap<usize, Node>,
    nodes: usize,
    mistakes: Vec<Diagnostic>,
}

impl<'s> Tree<'s> {
    fn new(source: &'s Arc<SourceFile>) -> Self {
        let offset = if source.text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
        let bytes = source.text[offset..].char_indices().map(|(at, _)| offset + at).collect();
        Self {
            source,
            offset,
            bytes,
            open: Vec::new(),
            anchors: HashMap::new(),
            nodes: 0,
            mistakes: Vec::new(),
        }
    }

    fn byte(&self, index: usize) -> usize {
        self.bytes.get(index).copied().unwrap_or(self.source.text.len())
    }

    fn build(&mut self) -> Result<Node, Diagnostic> {
        let mut parser = Parser::new_from_str(&self.source.text[self.offset..]);
        let mut root = None;
        while let Some(event) = parser.next_event() {
            let (event, span) = event.map_err(|error| {
                problem::explain(self.source, self.byte(error.marker().index()), error.info())
            })?;
            let span = self.byte(span.start.index())..self.byte(span.end.index());
            let complete = match event {
                Event::DocumentStart(_) if root.is_some() => {
                    let at = Diagnostic::error("a file holds one document").at(
                        self.source,
                        span,
                        "a second one begins here",
                    );
                    return Err(at.with_help("move it to a file of its own, or remove the `---`"));
                }
                Event::SequenceStart(anchor, tag) => {
                    self.refuse_tag(tag.is_some(), &span)?;
                    self.begin(span, anchor, Content::Seq(Vec::new()))?;
                    None
                }
                Event::MappingStart(anchor, tag) => {
                    self.refuse_tag(tag.is_some(), &span)?;
                    let content = Content::Map { entries: Vec::new(), keys: HashMap::new(), key: None };
                    self.begin(span, anchor, content)?;
                    None
                }
                Event::SequenceEnd | Event::MappingEnd => self.end(&span),
                Event::Alias(anchor) => Some(self.alias(anchor, &span)?),
                Event::Scalar(text, style, anchor, tag) => {
                    self.refuse_tag(tag.is_some(), &span)?;
                    match self.takes_key() {
                        true => {
                            self.take_key(text.into_owned(), style, span)?;
                            None
                        }
                        false => {
                            self.count(1, &span)?;
                            let node = self.scalar(text.into_owned(), style, span);
                            self.remember(anchor, &node);
                            Some(node)
                        }
                    }
                }
                Event::DocumentStart(_)
                | Event::DocumentEnd
                | Event::StreamStart
                | Event::StreamEnd
                | Event::Nothing => None,
            };
            if let Some(node) = complete {
                self.place(node, &mut root);
            }
        }
        root.ok_or_else(|| Diagnostic::error(format!("`{}` is empty", self.source.path)))
    }

    fn refuse_tag(&self, tagged: bool, span: &Span) -> Result<(), Diagnostic> {
        match tagged {
            false => Ok(()),
            true => Err(Diagnostic::error("YAML tags (`!…`) are not used here")
                .at(self.source, span.clone(), "this value has one")
                .with_help(
                    "put a text that begins with `!`, or a number that is meant as text, into quotes",
                )),
        }
    }

    /// Whether the next scalar is a key.
    fn takes_key(&self) -> bool {
        matches!(self.open.last(), Some(Open { content: Content::Map { key: None, .. }, .. }))
    }

    fn take_key(&mut self, text: String, style: ScalarStyle, span: Span) -> Result<(), Diagnostic> {
        let span = self.trimmed(style, span);
        if style == ScalarStyle::Plain && text == "<<" {
            let at =
                Diagnostic::error("merge keys (`<<`) are not used here").at(self.source, span, "a merge key");
            return Err(at.with_help("write the members out, or use a variable (`vars`)"));
        }
        if style == ScalarStyle::Plain && (text.is_empty() || text == "~") {
            return Err(Diagnostic::error("a key is missing before the `:`").at(self.source, span, "here"));
        }
        let Some(Open { content: Content::Map { keys, key, .. }, .. }) = self.open.last_mut() else {
            return Ok(());
        };
        if let Some(first) = keys.insert(text.clone(), span.clone()) {
            self.mistakes.push(
                Diagnostic::error(format!("the key `{text}` stands twice in one map"))
                    .at(self.source, span.clone(), "again here")
                    .with_context(first, "first here"),
            );
        }
        *key = Some((text, span));
        Ok(())
    }

    fn begin(&mut self, start: Span, anchor: usize, content: Content) -> Result<(), Diagnostic> {
        if self.takes_key() {
            let braces = self.source.text[..start.start].ends_with('{')
                && self.source.text[start.start..].starts_with('{');
            return Err(match braces {
                true => Diagnostic::error("text that begins with `{{` needs quotes")
                    .at(self.source, start.start - 1..start.start + 1, "YAML reads a map here")
                    .with_help("write `\"{{ name }}\"`"),
                false => Diagnostic::error("a key is text").at(self.source, start, "not a list or a map"),
            });
        }
        self.check_depth(1, &start)?;
        self.count(1, &start)?;
        self.open.push(Open { start, anchor, content });
        Ok(())
    }

    fn end(&mut self, end: &Span) -> Option<Node> {
        let open = self.open.pop()?;
        let flow = self.source.text[open.start.start..].starts_with(['{', '[']);
        let (value, last) = match open.content {
            Content::Seq(items) => {
                let last = items.last().map(|item| item.span.end);
                (Value::Seq(items), last)
            }
            Content::Map { entries, .. } => {
                let last = entries.last().map(|entry| entry.value.span.end.max(entry.key_span.end));
                (Value::Map(entries), last)
            }
        };
        let stop = if flow { end.end } else { last.unwrap_or(open.start.end) };
        let node = Node { value, span: open.start.start..stop.max(open.start.start) };
        self.remember(open.anchor, &node);
        Some(node)
    }

    fn remember(&mut self, anchor: usize, node: &Node) {
        if anchor > 0 {
            self.anchors.insert(anchor, node.clone());
        }
    }

    fn alias(&mut self, anchor: usize, span: &Span) -> Result<Node, Diagnostic> {
        if self.takes_key() {
            return Err(Diagnostic::error("a key is text").at(self.source, span.clone(), "not an alias"));
        }
        let Some(node) = self.anchors.get(&anchor).cloned() else {
            let title = "an alias within the value that it stands for";
            return Err(Diagnostic::error(title).at(self.source, span.clone(), "this would never end"));
        };
        let (size, depth) = measure(&node);
        self.check_depth(depth, span)?;
        self.count(size, span)?;
        Ok(node)
    }

    fn check_depth(&self, more: usize, span: &Span) -> Result<(), Diagnostic> {
        match self.open.len() + more > MAX_DEPTH {
            false => Ok(()),
            true => Err(Diagnostic::error(format!("nested deeper than {MAX_DEPTH} levels")).at(
                self.source,
                span.clone(),
                "this is too deep",
            )),
        }
    }

    fn count(&mut self, more: usize, span: &Span) -> Result<(), Diagnostic> {
        self.nodes += more;
        match self.nodes > MAX_NODES {
            false => Ok(()),
            true => Err(Diagnostic::error(format!("more than {MAX_NODES} values in one file"))
                .at(self.source, span.clone(), "the limit is reached here")
                .with_note("what an alias repeats is counted too")),
        }
    }

    fn scalar(&mut self, text: String, style: ScalarStyle, span: Span) -> Node {
        let raw = &self.source.text[span.clone()];
        if style == ScalarStyle::Plain && (text.is_empty() || (text == "~" && raw.trim_end() != "~")) {
            return Node { value: Value::Null, span: span.start..span.start };
        }
        let span = self.trimmed(style, span);
        let value = match style {
            ScalarStyle::Plain => self.plain(text, &span),
            _ => Value::Text(text),
        };
        Node { value, span }
    }

    /// What an unquoted scalar means.
    fn plain(&mut self, text: String, span: &Span) -> Value {
        match text.as_str() {
            "true" => return Value::Bool(true),
            "false" => return Value::Bool(false),
            "null" | "~" => return Value::Null,
            "True" | "TRUE" | "False" | "FALSE" | "Null" | "NULL" => {
                let lower = text.to_lowercase();
                self.mistakes.push(
                    Diagnostic::error(format!("`{text}` is text to some readers of YAML and not to others"))
                        .at(self.source, span.clone(), "not clear what is meant")
                        .with_help(format!("write `{lower}`, or `\"{text}\"` for the text")),
                );
            }
            _ if text.starts_with(|c: char| c == '-' || c.is_ascii_digit()) => {
                if let Some(number) = self.number(&text, span) {
                    return Value::Number(number);
                }
            }
            _ => {}
        }
        Value::Text(text)
    }

    /// The JSON number that a text is; one that JSON could not carry exactly is a mistake.
    fn number(&mut self, text: &str, span: &Span) -> Option<serde_json::Number> {
        let read: Result<serde_json::Number, _> = serde_json::from_str(text);
        let integer = text.trim_start_matches('-').bytes().all(|b| b.is_ascii_digit());
        let lossy = match &read {
            Ok(number) => integer && number.is_f64() && text != "-0",
            Err(error) => error.to_string().contains("out of range"),
        };
        if lossy {
            self.mistakes.push(
                Diagnostic::error("this number is too large to be kept exactly")
                    .at(self.source, span.clone(), "more than 64 bits")
                    .with_help(format!("write `\"{text}\"` if it is meant as text")),
            );
        }
        read.ok()
    }

    /// The span of a scalar without what the scanner skipped behind it: white space and comments.
    fn trimmed(&self, style: ScalarStyle, span: Span) -> Span {
        let raw = &self.source.text[span.clone()];
        let end = match style {
            ScalarStyle::SingleQuoted => closing_quote(raw, '\''),
            ScalarStyle::DoubleQuoted => closing_quote(raw, '"'),
            _ => raw.trim_end().len(),
        };
        span.start..span.start + end
    }

    fn place(&mut self, mut node: Node, root: &mut Option<Node>) {
        match self.open.last_mut().map(|open| &mut open.content) {
            None => *root = Some(node),
            Some(Content::Seq(items)) => items.push(node),
            Some(Content::Map { entries, key, .. }) => {
                if let Some((key, key_span)) = key.take() {
                    if node.value == Value::Null && node.span.is_empty() {
                        node.span = key_span.clone();
                    }
                    entries.push(Entry { key, key_span, value: node });
                }
            }
        }
    }
}

/// Number of nodes and depth of collections.
fn measure(node: &Node) -> (usize, usize) {
    let children: Vec<(usize, usize)> = match &node.value {
        Value::Seq(items) => items.iter().map(measure).collect(),
        Value::Map(entries) => entries.iter().map(|entry| measure(&entry.value)).collect(),
        _ => return (1, 0),
    };
    let size = children.iter().map(|(size, _)| size).sum::<usize>();
    (1 + size, 1 + children.iter().map(|(_, depth)| *depth).max().unwrap_or(0))
}

/// Byte offset behind the quote that ends a quoted scalar.
fn closing_quote(raw: &str, quote: char) -> usize {
    let mut characters = raw.char_indices().skip(1).peekable();
    while let Some((at, found)) = characters.next() {
        if quote == '"' && found == '\\' {
            characters.next();
        } else if found == quote {
            // In single quotes, a doubled quote is one quote of the text.
            if quote == '\'' && characters.next_if(|(_, next)| *next == quote).is_some() {
                continue;
            }
            return at + quote.len_utf8();
        }
    }
    raw.trim_end().len()
}
