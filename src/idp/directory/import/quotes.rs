//! Cells of a table in quotes (RFC 4180 §2).

/// A cell in quotes that does not end as one does.
pub(super) struct Unclosed {
    /// Where its first quote is.
    pub opened: usize,
    /// Where text follows the quote that closes it; where none does, no quote closes it.
    pub text: Option<usize>,
}

/// The first cell in quotes that does not end as one does: rows behind it would be taken for a part of it, and be lost. Quotes
/// within a cell that does not begin with one are text.
pub(super) fn unclosed(text: &str, separator: u8) -> Option<Unclosed> {
    let (mut opened, mut closed, mut begins) = (None, None, true);
    for (at, byte) in text.bytes().enumerate() {
        let ends = byte == separator || matches!(byte, b'\n' | b'\r');
        match (opened, closed, byte) {
            (Some(_), _, b'"') => closed = opened.take(),
            (Some(_), ..) => {}
            // A quote that is written twice is one of the text.
            (None, Some(_), b'"') => opened = closed.take(),
            (None, Some(opened), _) if !ends && byte != b' ' => {
                return Some(Unclosed { opened, text: Some(at) });
            }
            (None, None, b'"') if begins => opened = Some(at),
            (None, Some(_), b' ') => {}
            (None, ..) => closed = None,
        }
        begins = opened.is_none() && ends;
    }
    opened.map(|opened| Unclosed { opened, text: None })
}
