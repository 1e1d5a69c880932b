//! How a mistake is shown: the file, the line and column, the line itself with the place underlined, what is
//! wrong, and what would be right.
//!
//! Everything that reads a file of the user (scenarios, fixtures, configuration) or judges by one reports
//! [`Diagnostic`]s. They are data until [`Diagnostic::render`] turns them into text.

use std::ops::Range;
use std::sync::Arc;

use annotate_snippets::{
    AnnotationKind, Element, Group, Level, Origin, Renderer, Snippet, normalize_untrusted_str,
};

/// A text file as it was read, so that diagnostics can show its lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceFile {
    /// The path as it is shown to people, usually relative to the working directory.
    pub path: String,
    /// The whole text.
    pub text: Arc<str>,
}

impl SourceFile {
    /// A file that diagnostics share.
    pub fn new(path: impl Into<String>, text: impl Into<Arc<str>>) -> Arc<Self> {
        Arc::new(Self { path: path.into(), text: text.into() })
    }

    /// Line and column of a byte offset, both counted from 1; columns count characters. An offset behind the
    /// end means the end, one inside a character means that character.
    pub fn line_column(&self, offset: usize) -> (usize, usize) {
        let before = &self.text[..floor_boundary(&self.text, offset)];
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        (1 + before.matches('\n').count(), 1 + before[line_start..].chars().count())
    }
}

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// The file cannot be used, or what was expected did not come.
    Error,
    /// It works, and is probably not what was meant.
    Warning,
}

/// A marked place in the source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// Byte range within the text; where it spans several lines, the first one is shown.
    pub span: Range<usize>,
    /// What is said about the place; may be empty.
    pub text: String,
    /// The place of the mistake itself (`^^^`); others (`---`) only explain it.
    pub primary: bool,
}

/// One mistake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong, one line.
    pub title: String,
    /// The file it stands in, where there is one.
    pub source: Option<Arc<SourceFile>>,
    /// The places to look at.
    pub labels: Vec<Label>,
    /// What else is known.
    pub notes: Vec<String>,
    /// What would be right.
    pub help: Vec<String>,
}

/// Lines are shown up to this width; longer ones are cut around the marked place.
const WIDTH: usize = 140;

/// A line longer than this many bytes is cut before it is rendered, so that a minified file costs nothing.
const LONG_LINE: usize = 2_000;

impl Diagnostic {
    /// An error without a place.
    pub fn error(title: impl Into<String>) -> Self {
        Self {
            severity: Severity::Error,
            title: title.into(),
            source: None,
            labels: Vec::new(),
            notes: Vec::new(),
            help: Vec::new(),
        }
    }

    /// A warning without a place.
    pub fn warning(title: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(title) }
    }

    /// Marks the place of the mistake.
    #[must_use]
    pub fn at(mut self, source: &Arc<SourceFile>, span: Range<usize>, text: impl Into<String>) -> Self {
        self.source = Some(Arc::clone(source));
        self.labels.push(Label { span, text: text.into(), primary: true });
        self
    }

    /// Marks a further place in the same file that helps to understand the mistake.
    #[must_use]
    pub fn with_context(mut self, span: Range<usize>, text: impl Into<String>) -> Self {
        self.labels.push(Label { span, text: text.into(), primary: false });
        self
    }

    /// Adds something that is known.
    #[must_use]
    pub fn with_note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }

    /// Adds what would be right.
    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help.push(help.into());
        self
    }

    /// Line and column of the primary label, both counted from 1.
    pub fn line_column(&self) -> Option<(usize, usize)> {
        let label = self.labels.iter().find(|label| label.primary).or(self.labels.first())?;
        Some(self.source.as_ref()?.line_column(label.span.start))
    }

    /// The diagnostic as a compiler would print it, without a newline at the end. `color` adds ANSI escapes.
    pub fn render(&self, color: bool) -> String {
        let level = match self.severity {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
        };
        let mut group = Group::with_title(level.primary_title(printable(&self.title)));
        if let Some(source) = &self.source {
            let path = printable(&source.path);
            group = match self.line_column() {
                None => group.element(Origin::path(path)),
                Some(place) => group.elements(Excerpt::new(source, &self.labels).elements(path, place)),
            };
        }
        group = group.elements(self.notes.iter().map(|note| Level::NOTE.message(printable(note))));
        group = group.elements(self.help.iter().map(|help| Level::HELP.message(printable(help))));
        let renderer = if color { Renderer::styled() } else { Renderer::plain() };
        let text = renderer.term_width(WIDTH).render(&[group]);
        let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
        lines.join("\n")
    }
}

/// Text without control characters other than line breaks.
fn printable(text: &str) -> String {
    text.split('\n').map(normalize_untrusted_str).collect::<Vec<_>>().join("\n")
}

/// The part of a file that is worth rendering: the lines that the labels touch, with everything between them.
struct Excerpt {
    text: String,
    first_line: usize,
    labels: Vec<Label>,
    cut: bool,
}

impl Excerpt {
    fn new(source: &SourceFile, labels: &[Label]) -> Self {
        let text = &*source.text;
        let mut labels: Vec<Label> = labels.iter().map(|label| clamp(text, label)).collect();
        let start = labels.iter().map(|label| label.span.start).min().unwrap_or(0);
        let end = labels.iter().map(|label| label.span.end).max().unwrap_or(0);
        let start = line_start(text, start);
        let end = line_end(text, end);
        let first_line = 1 + text[..start].matches('\n').count();
        for label in &mut labels {
            label.span = label.span.start - start..label.span.end - start;
        }
        // Same length, so that the spans stay good; a carriage return would be shown as a symbol.
        let text = text[start..end].replace("\r\n", " \n").replace('\r', " ");
        let mut excerpt = Excerpt { text, first_line, labels, cut: false };
        excerpt.cut_long_lines();
        excerpt
    }

    /// Shortens lines that are too long to be read, so that what the labels mark stays.
    fn cut_long_lines(&mut self) {
        let mut at = 0;
        while at < self.text.len() {
            let end = line_end(&self.text, at);
            let mut next = end + 1;
            if end - at > LONG_LINE {
                let marked = |label: &&Label| (at..=end).contains(&label.span.start);
                let first =
                    self.labels.iter().filter(marked).map(|label| label.span.start).min().unwrap_or(at);
                let keep = floor_boundary(&self.text, first.saturating_sub(LONG_LINE / 4).max(at));
                let stop = floor_boundary(&self.text, (keep + LONG_LINE).min(end));
                // The end first, so that the offsets before it stay good.
                self.remove(stop..end);
                self.remove(at..keep);
                next = at + (stop - keep) + 1;
            }
            at = next;
        }
    }

    fn remove(&mut self, gone: Range<usize>) {
        self.cut = true;
        self.text.replace_range(gone.clone(), "");
        let moved = |offset: usize| match offset {
            before if before <= gone.start => before,
            inside if inside <= gone.end => gone.start,
            behind => behind - (gone.end - gone.start),
        };
        for label in &mut self.labels {
            label.span = moved(label.span.start)..moved(label.span.end);
        }
    }

    fn elements(self, path: String, (line, column): (usize, usize)) -> Vec<Element<'static>> {
        let annotations = self.labels.into_iter().map(|label| {
            let kind = if label.primary { AnnotationKind::Primary } else { AnnotationKind::Context };
            let text = (!label.text.is_empty()).then(|| printable(&label.text));
            kind.span(label.span).label(text)
        });
        let snippet = Snippet::source(self.text).line_start(self.first_line).annotations(annotations);
        match self.cut {
            // The renderer would count the column in what is left of the line.
            true => vec![Origin::path(path).line(line).char_column(column).into(), snippet.into()],
            false => vec![snippet.path(path).into()],
        }
    }
}

/// The label within the text, on character boundaries and on one line.
fn clamp(text: &str, label: &Label) -> Label {
    let start = floor_boundary(text, label.span.start);
    let mut end = label.span.end.clamp(start, text.len());
    while !text.is_char_boundary(end) {
        end += 1;
    }
    let marked = &text[start..end];
    let first_line = marked.split('\n').next().unwrap_or(marked).trim_end_matches('\r');
    Label { span: start..start + first_line.len(), ..label.clone() }
}

fn floor_boundary(text: &str, offset: usize) -> usize {
    let mut offset = offset.min(text.len());
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    offset
}

fn line_start(text: &str, offset: usize) -> usize {
    text[..offset].rfind('\n').map_or(0, |newline| newline + 1)
}

fn line_end(text: &str, offset: usize) -> usize {
    text[offset..].find('\n').map_or(text.len(), |newline| offset + newline)
}

/// The known name that `name` was probably meant to be: the nearest by edit distance, letter case aside, where
/// not more than a third of the letters differ (one letter in short names).
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let folded = name.to_lowercase();
    let allowed = (folded.chars().count() / 3).max(1);
    known
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(&folded, &candidate.to_lowercase()), candidate))
        .filter(|(distance, candidate)| *distance <= allowed && *distance < candidate.chars().count())
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn file(text: &str) -> Arc<SourceFile> {
        SourceFile::new("scenarios/a.yaml", text)
    }

    #[test]
    fn a_mistake_is_shown_with_its_line_notes_and_help() {
        let source = file("scenario: x\nsteps:\n  - reqest: GET /Users\n    expect: { status: 200 }\n");
        let diagnostic = Diagnostic::error("unknown key `reqest` in a step")
            .at(&source, 23..29, "not a key of a step")
            .with_context(12..17, "in this list")
            .with_note("a step needs `request`")
            .with_help("did you mean `request`?");
        assert_eq!(diagnostic.line_column(), Some((3, 5)));
        insta::assert_snapshot!(diagnostic.render(false), @r"
        error: unknown key `reqest` in a step
         --> scenarios/a.yaml:3:5
          |
        2 | steps:
          | ----- in this list
        3 |   - reqest: GET /Users
          |     ^^^^^^ not a key of a step
          |
          = note: a step needs `request`
          = help: did you mean `request`?
        ");
    }

    #[test]
    fn a_long_line_is_cut_around_the_place() {
        let text = format!("a: {}{}{}\nb: 1", "é".repeat(400_000), "HERE", "x".repeat(400_000));
        let at = text.find("HERE").unwrap();
        let diagnostic = Diagnostic::warning("odd").at(&file(&text), at..at + 4, "this");
        insta::assert_snapshot!(diagnostic.render(false), @r"
        warning: odd
         --> scenarios/a.yaml:1:400004
          |
         :::
        1 | ...ééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééHERExxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx...
          |                                                                ^^^^ this
        ");
    }

    #[test]
    fn a_span_over_several_lines_is_shown_at_its_first() {
        let diagnostic = Diagnostic::error("wrong").at(&file("a:\r\n  b: 1\r\n  c: 2\r\n"), 6..20, "here");
        insta::assert_snapshot!(diagnostic.render(false), @r"
        error: wrong
         --> scenarios/a.yaml:2:3
          |
        2 |   b: 1
          |   ^^^^ here
        ");
    }

    #[test]
    fn control_characters_do_not_reach_the_terminal() {
        let diagnostic = Diagnostic::error("bad \u{1b}[31m title").at(&file("a\u{1b}[0m: 1"), 0..1, "\u{7}");
        assert!(!diagnostic.render(false).contains(['\u{1b}', '\u{7}']));
    }

    #[test]
    fn the_nearest_name_is_near() {
        let known = ["request", "expect", "repeat", "until"];
        assert_eq!(nearest("reqest", known), Some("request"));
        assert_eq!(nearest("Expect", known), Some("expect"));
        assert_eq!(nearest("body", known), None);
        assert_eq!(nearest("x", ["y", "id"]), None);
        assert_eq!(nearest("userNmae", ["ada", "userName"]), Some("userName"));
    }

    proptest! {
        #[test]
        fn no_span_panics(text in "(?s).{0,80}", start in 0usize..120, length in 0usize..60, other in 0usize..120) {
            let source = SourceFile::new("f", text);
            let diagnostic = Diagnostic::error("t").at(&source, start..start + length, "a").with_context(other..other, "");
            prop_assert!(diagnostic.render(false).starts_with("error: t"));
            prop_assert!(diagnostic.line_column().is_some());
            diagnostic.render(true);
        }

        #[test]
        fn long_lines_keep_what_is_marked(before in 0usize..9_000, marked in 1usize..9_000, after in 0usize..9_000) {
            let text = format!("k: 1\n{}{}{}\nlast", "ä".repeat(before), "M".repeat(marked), "z".repeat(after));
            let at = 5 + 2 * before;
            let diagnostic = Diagnostic::error("t").at(&SourceFile::new("f", text), at..at + marked, "a");
            prop_assert!(diagnostic.render(false).contains('M'));
        }
    }
}
