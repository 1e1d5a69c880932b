//! The request line of a step: `METHOD /path?query`.

use super::{Decoder, is_token};
use crate::diagnostic::nearest;
use crate::scenario::template::Template;
use crate::yaml::Node;

/// The methods that HTTP servers know.
const METHODS: [&str; 9] = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "CONNECT"];

/// What a request line looks like.
const SHAPE: &str = "write `METHOD /path?query`, such as `GET /Users?count=1`";

impl Decoder<'_> {
    /// Method and target; what is wrong is noted.
    pub(super) fn request_line(&mut self, node: &Node) -> Option<(String, Template)> {
        let text = self.mistakes.text(node, "`request`")?.trim();
        let Some((method, target)) = text.split_once(char::is_whitespace) else {
            let missing =
                if text.starts_with(['/', '{']) { "the method is missing" } else { "the path is missing" };
            self.mistakes.add_with_help(&node.span, format!("{missing} in `request`"), missing, SHAPE);
            return None;
        };
        let target = target.trim_start();
        let source = self.mistakes.source.clone();
        let place = |part: &str| {
            let start = node.as_text().and_then(|whole| whole.find(part)).unwrap_or(0);
            node.part_span(&source.text, start..start + part.len())
        };
        if !is_token(method) {
            let help = match method.strip_suffix(':').filter(|method| is_token(method)) {
                Some(method) => format!("write `{method}` without the colon"),
                None => SHAPE.to_owned(),
            };
            self.mistakes.add_with_help(
                &place(method),
                format!("`{method}` is not a method"),
                "expected a method",
                help,
            );
            return None;
        }
        if method.bytes().any(|byte| byte.is_ascii_lowercase()) {
            let upper = method.to_uppercase();
            let title = format!("the method `{method}` is not upper case");
            let near = nearest(&upper, METHODS).unwrap_or(&upper).to_owned();
            self.mistakes.add_with_help(
                &place(method),
                title,
                "methods are case-sensitive",
                format!("write `{near}`"),
            );
        }
        if target.starts_with("http://") || target.starts_with("https://") {
            let help =
                "write the path below it, such as `/Users`; `{{ base }}` is the base URL where one is needed";
            self.mistakes.add_with_help(
                &place(target),
                "`request` is relative to the base URL",
                "an absolute URL",
                help,
            );
            return None;
        }
        if !target.starts_with('/') && !target.starts_with("{{") {
            let help = format!("write `{method} /{target}`");
            self.mistakes.add_with_help(&place(target), "the path begins with `/`", "no `/` here", help);
            return None;
        }
        if let Some((_, version)) = target.rsplit_once(' ').filter(|(_, last)| last.starts_with("HTTP/")) {
            let title = "`request` ends with the query";
            self.mistakes.add_with_help(&place(version), title, "no protocol version here", "leave it out");
            return None;
        }
        let behind = source.text.get(node.span.end..).unwrap_or_default();
        if target.matches('"').count() % 2 == 1 && behind.trim_start_matches(' ').starts_with('#') {
            let comment = behind.lines().next().unwrap_or_default().len();
            let help = "put the whole request line into single quotes";
            let span = node.span.end..node.span.end + comment;
            self.mistakes.add_with_help(
                &span,
                "the request line ends in a comment",
                "YAML reads a comment here",
                help,
            );
            return None;
        }
        let template = self.template(node, target)?;
        Some((method.to_owned(), template))
    }
}
