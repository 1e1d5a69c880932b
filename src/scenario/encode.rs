//! From the request line as an author writes it to the one that goes over the wire.
//!
//! What the author writes keeps its structure: the first `?` begins the query, `&`, `=` and further `?` stay what they
//! are, and so does `/` in the path. What a variable brings in is a value and encoded whole, also where the text
//! around it is raw.

use super::template::Piece;
use crate::encoding::{Encoding, Unsendable};

/// Encodes path and query.
///
/// # Errors
/// [`Unsendable`] where the encoding is raw and the author's text has white space, control characters, `#`, or
/// characters outside of ASCII.
pub fn encode(pieces: &[Piece<'_>], encoding: Encoding) -> Result<String, Unsendable> {
    let mut wire = String::new();
    let mut in_query = false;
    for piece in pieces {
        match piece {
            Piece::Value(text) => wire.push_str(&encoding.value(text, in_query)),
            Piece::Literal(text) => match text.split_once('?').filter(|_| !in_query) {
                Some((path, query)) => {
                    in_query = true;
                    wire.push_str(&encoding.literal(path, false));
                    wire.push('?');
                    wire.push_str(&encoding.literal(query, true));
                }
                None => wire.push_str(&encoding.literal(text, in_query)),
            },
        }
    }
    Unsendable::check(&wire)?;
    Ok(wire)
}

#[cfg(test)]
mod tests {
    use super::*;
    use percent_encoding::percent_decode_str;
    use proptest::prelude::*;

    fn wire(pieces: &[Piece<'_>], encoding: Encoding) -> String {
        encode(pieces, encoding).unwrap()
    }

    fn value(text: &str) -> Piece<'_> {
        Piece::Value(text.into())
    }

    #[test]
    fn spaces_and_quotes_of_a_filter() {
        let line = [
            Piece::Literal("/Users?filter=userName eq \""),
            value("r&d #1+x=y"),
            Piece::Literal("\"&startIndex=1&count=100"),
        ];
        assert_eq!(
            wire(&line, Encoding::Percent),
            "/Users?filter=userName%20eq%20%22r%26d%20%231%2Bx%3Dy%22&startIndex=1&count=100"
        );
        assert_eq!(
            wire(&line, Encoding::Form),
            "/Users?filter=userName+eq+%22r%26d+%231%2Bx%3Dy%22&startIndex=1&count=100"
        );
    }

    #[test]
    fn a_value_stays_within_its_segment_of_the_path() {
        let line = [Piece::Literal("/Users/"), value("a/b?c d"), Piece::Literal("/x y%")];
        assert_eq!(wire(&line, Encoding::Percent), "/Users/a%2Fb%3Fc%20d/x%20y%25");
        assert_eq!(wire(&line, Encoding::Form), "/Users/a%2Fb%3Fc%20d/x%20y%25");
    }

    #[test]
    fn urns_and_brackets_in_a_query() {
        let line = [Piece::Literal("/Users?attributes=urn:x:2.0:User:title,emails[type eq \"w\"]")];
        assert_eq!(
            wire(&line, Encoding::Percent),
            "/Users?attributes=urn:x:2.0:User:title,emails%5Btype%20eq%20%22w%22%5D"
        );
    }

    #[test]
    fn raw_is_sent_as_written_or_not_at_all() {
        let line = [Piece::Literal("/Users?filter=userName+eq+%22"), value("a b"), Piece::Literal("\"&")];
        assert_eq!(wire(&line, Encoding::Raw), "/Users?filter=userName+eq+%22a%20b\"&");
        for found in [' ', '\n', 'é', '#', '\u{7f}'] {
            let text = format!("/Users?x={found}");
            assert_eq!(encode(&[Piece::Literal(&text)], Encoding::Raw), Err(Unsendable { found }));
        }
    }

    /// What a server reads out of a query, as a form or not.
    fn parameters(wire: &str, plus_is_space: bool) -> Vec<(String, String)> {
        let decode = |text: &str| {
            let text = if plus_is_space { text.replace('+', " ") } else { text.to_owned() };
            percent_decode_str(&text).decode_utf8().unwrap().into_owned()
        };
        let query = wire.split_once('?').map_or("", |(_, query)| query);
        query
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .map(|(k, v)| (decode(k), decode(v)))
            .collect()
    }

    proptest! {
        #[test]
        fn a_server_reads_what_the_author_wrote(
            segment in "\\PC{0,8}", literal in "[^&=?{]{0,8}", brought in "(?s).{0,8}", form in any::<bool>(),
        ) {
            let prefix = format!("?filter={literal}");
            let line = [Piece::Literal("/Users/"), value(&segment), Piece::Literal(&prefix), value(&brought), Piece::Literal("&count=1")];
            let encoding = if form { Encoding::Form } else { Encoding::Percent };
            let sent = wire(&line, encoding);
            prop_assert!(sent.is_ascii() && !sent.contains([' ', '#', '"']));
            let expected = vec![("filter".to_owned(), literal + &brought), ("count".to_owned(), "1".to_owned())];
            prop_assert_eq!(&parameters(&sent, form), &expected);
            // Percent encoding is read the same by servers that take `+` for a space.
            prop_assert_eq!(parameters(&sent, true), expected);
            let path = sent.split('?').next().unwrap().strip_prefix("/Users/").unwrap();
            prop_assert!(!path.contains('/'));
            prop_assert_eq!(percent_decode_str(path).decode_utf8().unwrap(), segment);
        }
    }
}
