//! What the YAML scanner complains about, said for people.

use std::sync::Arc;

use crate::diagnostic::{Diagnostic, SourceFile};

/// Part of the scanner's message, what is wrong, what would be right.
const PROBLEMS: &[(&str, &str, &str)] = &[
    ("tab", "a tab cannot be used for indentation in YAML", "indent with spaces"),
    (
        "mapping values are not allowed",
        "a `: ` is not possible here",
        "either this line is indented too far, or the text has a colon in it and needs quotes: `\"…\"`",
    ),
    (
        "did not find expected '-' indicator",
        "this line is indented like the items of a list but does not begin with `- `",
        "indent it like the other keys of its item, or less when it belongs to what holds the list",
    ),
    (
        "block mapping, did not find expected key",
        "this line does not fit the indentation of the lines before it",
        "keys of one map begin in the same column",
    ),
    ("expected node content", "a value is missing here", "`~` or `null` is the value for nothing"),
    ("recursion limit", "nested too deep", "a file is nested at most 64 levels deep"),
    (
        "simple key expect",
        "a key without a `:`",
        "write `key: value`; text of several lines needs `|`, `>` or quotes",
    ),
    (
        "indentation in quoted",
        "a quote is opened and not closed",
        "close it; a quote that belongs to the text is doubled in `'…'` and `\\\"` in `\"…\"`",
    ),
    ("invalid indentation", "this line is indented too little for what it continues", "indent it further"),
    (
        "wrongly indented line in block scalar",
        "this line is indented less than the text that it continues",
        "indent it like the first line of the text",
    ),
    ("expected ',' or '}'", "a `{` is not closed, or a `,` is missing", "write `{ key: value, key: value }`"),
    ("expected ',' or ']'", "a `[` is not closed, or a `,` is missing", "write `[value, value]`"),
    (
        "flow construct",
        "a `{` or `[` is not closed before the indentation ends",
        "close it, or indent its lines further",
    ),
    (
        "unknown anchor",
        "an alias without an anchor of that name before it",
        "text that begins with `*` needs quotes",
    ),
    ("anchor or alias", "an alias or anchor without a name", "text that begins with `*` or `&` needs quotes"),
    (
        "unexpected end of stream",
        "a quote is opened and never closed",
        "close it, or double a quote that belongs to the text",
    ),
    (
        "trailing content after double-quoted",
        "text goes on after the closing quote",
        "quote the whole text with `'…'`; `''` in it stands for one quote",
    ),
    (
        "unknown escape character",
        "an escape that YAML does not know",
        "in double quotes write `\\\\` for a backslash, or use single quotes",
    ),
    (
        "block sequence entries are not allowed",
        "a `- ` is not possible here",
        "begin the list on a line of its own",
    ),
    ("plain scalar cannot start", "text cannot begin with `-` here", "put it into quotes"),
    ("unexpected character", "text cannot begin with this character", "put it into quotes"),
    (
        "comments must be separated",
        "a comment needs a space before its `#`",
        "add the space, or quote the text that has the `#` in it",
    ),
];

/// The scanner's complaint at a byte offset as a diagnostic.
pub(super) fn explain(source: &Arc<SourceFile>, offset: usize, info: &str) -> Diagnostic {
    let text = &*source.text;
    let line_start = text[..offset].rfind('\n').map_or(0, |newline| newline + 1);
    let tab = text[line_start..]
        .bytes()
        .take_while(|byte| matches!(byte, b' ' | b'\t'))
        .position(|byte| byte == b'\t');
    let (offset, info) = match tab {
        Some(column) => (line_start + column, "tab"),
        None => (offset, info),
    };
    let length = text[offset..].chars().next().map_or(0, char::len_utf8);
    match PROBLEMS.iter().find(|(part, ..)| info.contains(part)) {
        Some((_, title, help)) => {
            Diagnostic::error(*title).at(source, offset..offset + length, "here").with_help(*help)
        }
        None => Diagnostic::error("this is not YAML").at(source, offset..offset + length, info),
    }
}
