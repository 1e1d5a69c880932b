//! Text for a terminal: styles, cutting, wrapping.

use anstyle::{AnsiColor, Style};

use super::super::words;
use crate::event::Status;
pub(super) use crate::report::message::clean;

/// Characters of a line that are shown unless everything is asked for.
pub(super) const LINE_CHARACTERS: usize = 400;

/// Columns up to which sentences are written.
const WIDTH: usize = 100;

pub(super) const BOLD: Style = Style::new().bold();
pub(super) const DIM: Style = Style::new().dimmed();
pub(super) const GREEN: Style = AnsiColor::Green.on_default();
pub(super) const RED: Style = AnsiColor::Red.on_default();
pub(super) const YELLOW: Style = AnsiColor::Yellow.on_default();
const CYAN: Style = AnsiColor::Cyan.on_default();

/// The colour of a status.
pub(super) fn style(status: Status) -> Style {
    match status {
        Status::Pass => GREEN,
        Status::Fail | Status::Error => RED,
        Status::Warn | Status::Skip | Status::Blocked => YELLOW,
    }
}

/// A text in the colour of a status.
pub(super) fn styled(status: Status, text: &str) -> String {
    let style = style(status).bold();
    format!("{style}{text}{style:#}")
}

/// A unified diff with colours.
pub fn diff(text: &str) -> String {
    let mut coloured = String::with_capacity(text.len());
    for line in text.lines() {
        let style = match line.as_bytes().first() {
            Some(b'+') => GREEN,
            Some(b'-') => RED,
            Some(b'@') => CYAN,
            _ => Style::new(),
        };
        coloured.push_str(&format!("{style}{}{style:#}\n", clean(line)));
    }
    coloured
}

/// Every line two columns to the right.
pub(super) fn indented(text: &str) -> String {
    let indented = |line: &str| if line.is_empty() { "\n".to_owned() } else { format!("  {line}\n") };
    text.lines().map(indented).collect()
}

/// The text with its longest lines cut: a value may have megabytes.
pub(super) fn narrowed(text: &str) -> String {
    let line = |line: &str| match line.chars().nth(LINE_CHARACTERS) {
        Some(_) => {
            let beginning: String = line.chars().take(LINE_CHARACTERS).collect();
            format!("{beginning}… ({} bytes)\n", line.len())
        }
        None => format!("{line}\n"),
    };
    text.lines().map(line).collect()
}

/// The text, or its beginning and how to see the rest.
pub(super) fn capped(text: &str, limit: usize) -> String {
    match words::first_lines(text, limit) {
        (_, 0) => text.to_owned(),
        (beginning, rest) => {
            let more = words::count(rest, "more line");
            format!("{beginning}\n{DIM}… {more}: `--verbose` shows all{DIM:#}\n")
        }
    }
}

/// A named text: the name stands at the left, the text beside it, wrapped between words.
pub(super) fn named(name: &str, style: Style, text: &str) -> String {
    const COLUMN: usize = 10;
    let mut lines = Vec::new();
    for paragraph in clean(text).split('\n') {
        let mut line = String::new();
        let mut width = 0;
        for word in paragraph.split_inclusive(' ') {
            let length = word.chars().count();
            if width > 0 && COLUMN + 2 + width + word.trim_end().chars().count() > WIDTH {
                lines.push(std::mem::take(&mut line));
                width = 0;
            }
            line.push_str(word);
            width += length;
        }
        lines.push(line);
    }
    let mut shown = String::new();
    for (index, line) in lines.iter().enumerate() {
        let name = if index == 0 { name } else { "" };
        shown.push_str(format!("  {style}{name:<COLUMN$}{style:#}{}", line.trim_end()).trim_end());
        shown.push('\n');
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lines_are_cut() {
        let narrowed = narrowed(&format!("short\n{}\n", "é".repeat(LINE_CHARACTERS + 1)));
        assert!(narrowed.ends_with("é… (802 bytes)\n"), "{narrowed}");
    }

    #[test]
    fn sentences_are_wrapped_and_nothing_is_lost() {
        let text = "word ".repeat(40);
        let shown = named("rule", Style::new(), &text);
        assert!(shown.lines().all(|line| line.chars().count() <= WIDTH), "{shown}");
        assert_eq!(shown.matches("word").count(), 40);
        assert_eq!(named("fix", Style::new(), ""), "  fix\n");
        let long = "x".repeat(300);
        assert!(named("got", Style::new(), &long).contains(&long));
    }
}
