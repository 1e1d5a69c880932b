//! From the scanner's events to a tree.

use std::collections::HashMap;
use std::sync::Arc;

use saphyr_parser::{Event, Parser, ScalarStyle};

use super::{Entry, Limits, MAX_DEPTH, Node, Span, Value, problem};
use crate::diagnostic::{Diagnostic, SourceFile};

/// Reads one document.
///
/// # Errors
/// What is wrong with the file as YAML. Syntax mistakes end the reading; others are collected.
pub fn parse(source: &Arc<SourceFile>, limits: Limits) -> Result<Node, Vec<Diagnostic>> {
    parse_with(source, limits, &mut |_, entry| Some(entry))
}

/// Reads one document and hands out every member of the maps below the root, with the key of its map, as soon as it is
/// complete. What `take` returns stays in the tree. Maps that are written with an anchor or by an alias are not handed out,
/// so that what is left of the tree has to be looked at too.
///
/// # Errors
/// As [`parse`]; some members may have been handed out by then.
pub fn parse_with(
    source: &Arc<SourceFile>,
    limits: Limits,
    take: &mut dyn FnMut(&str, Entry) -> Option<Entry>,
) -> Result<Node, Vec<Diagnostic>> {
    let text = &*source.text;
    if text.len() > limits.bytes {
        let title = format!(
            "`{}` has {} bytes, more than the {} of the longest file",
            source.path,
            text.len(),
            limits.bytes
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
    let mut tree = Tree::new(source, limits, take);
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
    /// Where the last member ends.
    last: Option<usize>,
}

enum Content {
    Seq(Vec<Node>),
    Map {
        entries: Vec<Entry>,
        /// Where the keys stand that are not among the first [`FEW`] of `entries`.
        keys: HashMap<String, Span>,
        key: Option<(String, Span)>,
    },
}

/// So many entries of a map are looked through for a key. Nearly all maps have no more: hashing their keys would take
/// longer, and a copy of each.
const FEW: usize = 16;

/// Where characters stand, in bytes: the scanner counts characters. It is asked for places close to each other, so that
/// going there from the last one is quick, and needs no table.
struct Offsets<'s> {
    text: &'s str,
    /// The character that was asked for last, and where it stands.
    last: (usize, usize),
}

impl<'s> Offsets<'s> {
    fn new(text: &'s str) -> Self {
        Self { text, last: (0, 0) }
    }

    /// The byte offset of a character; the end where there is none.
    fn byte(&mut self, index: usize) -> usize {
        let (last, at) = self.last;
        let (before, behind) = self.text.split_at(at);
        let found = match index.checked_sub(last) {
            Some(more) => match behind.get(..more).filter(|between| between.is_ascii()) {
                Some(_) => Some(at + more),
                None => behind.char_indices().nth(more).map(|(more, _)| at + more),
            },
            None => before.char_indices().nth_back(last - index - 1).map(|(at, _)| at),
        };
        // Behind the end, nobody could tell how far to go back from there.
        let Some(found) = found else { return self.text.len() };
        self.last = (index, found);
        found
    }
}

struct Tree<'s, 't> {
    source: &'s Arc<SourceFile>,
    limits: Limits,
    take: &'t mut dyn FnMut(&str, Entry) -> Option<Entry>,
    /// Where the text begins behind a byte order mark.
    offset: usize,
    offsets: Offsets<'s>,
    open: Vec<Open>,
    anchors: HashMap<usize, Node>,
    nodes: usize,
    mistakes: Vec<Diagnostic>,
}

impl<'s, 't> Tree<'s, 't> {
    fn new(
        source: &'s Arc<SourceFile>,
        limits: Limits,
        take: &'t mut dyn FnMut(&str, Entry) -> Option<Entry>,
    ) -> Self {
        let offset = if source.text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
        Self {
            source,
            limits,
            take,
            offset,
            offsets: Offsets::new(&source.text[offset..]),
            open: Vec::new(),
            anchors: HashMap::new(),
            nodes: 0,
            mistakes: Vec::new(),
        }
    }

    fn byte(&mut self, index: usize) -> usize {
        self.offset + self.offsets.byte(index)
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
                    // A copy has no room to spare: the scanner's text has room for 32 bytes and more, which giving back
                    // in place (`shrink_to_fit`) would often leave with it.
                    let text = String::from(&*text);
                    match self.takes_key() {
                        true => {
                            self.take_key(text, style, span)?;
                            None
                        }
                        false => {
                            self.count(1, &span)?;
                            let node = self.scalar(text, style, span);
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
        let Some(Open { content: Content::Map { entries, keys, key }, .. }) = self.open.last_mut() else {
            return Ok(());
        };
        let few = &entries[..entries.len().min(FEW)];
        let last = few.iter().rfind(|entry| entry.key == text).map(|entry| &entry.key_span);
        if let Some(first) = keys.get(&text).or(last) {
            self.mistakes.push(
                Diagnostic::error(format!("the key `{text}` stands twice in one map"))
                    .at(self.source, span.clone(), "again here")
                    .with_context(first.clone(), "first here"),
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
        self.open.push(Open { start, anchor, content, last: None });
        Ok(())
    }

    fn end(&mut self, end: &Span) -> Option<Node> {
        let open = self.open.pop()?;
        let flow = self.source.text[open.start.start..].starts_with(['{', '[']);
        let value = match open.content {
            Content::Seq(items) => Value::Seq(items),
            Content::Map { entries, .. } => Value::Map(entries),
        };
        let stop = if flow { end.end } else { open.last.unwrap_or(open.start.end) };
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
        match self.nodes > self.limits.nodes {
            false => Ok(()),
            true => Err(Diagnostic::error(format!("more than {} values in one file", self.limits.nodes))
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
        let Some((inner, outer)) = self.open.split_last_mut() else {
            *root = Some(node);
            return;
        };
        match &mut inner.content {
            Content::Seq(items) => {
                inner.last = Some(node.span.end);
                items.push(node);
            }
            Content::Map { entries, keys, key } => {
                let Some((key, key_span)) = key.take() else { return };
                if node.value == Value::Null && node.span.is_empty() {
                    node.span = key_span.clone();
                }
                inner.last = Some(node.span.end.max(key_span.end));
                let section = match (outer, inner.anchor) {
                    ([Open { content: Content::Map { key: Some((section, _)), .. }, anchor: 0, .. }], 0) => {
                        Some(section)
                    }
                    _ => None,
                };
                if section.is_some() || entries.len() >= FEW {
                    keys.insert(key.clone(), key_span.clone());
                }
                let entry = Entry { key, key_span, value: node };
                entries.extend(match section {
                    Some(section) => (self.take)(section, entry),
                    None => Some(entry),
                });
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Offsets;

    proptest! {
        #[test]
        fn characters_are_found_forwards_and_backwards(
            text in "(aé|[a-z]{1,9}|渡辺|🙂){0,9}",
            indexes in prop::collection::vec(0usize..60, 0..20),
        ) {
            let mut offsets = Offsets::new(&text);
            for index in indexes {
                let expected = text.char_indices().nth(index).map_or(text.len(), |(at, _)| at);
                prop_assert_eq!(offsets.byte(index), expected);
            }
        }
    }
}
