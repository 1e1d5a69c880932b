//! Expectations.

use super::{Decoder, EXPECT, STEP, UNTIL};
use crate::diagnostic::nearest;
use crate::scenario::matcher::{
    Expectation, JsonType, MATCHERS, Matcher, Order, Pattern, PatternKind, TextRegex,
};
use crate::scenario::template::Template;
use crate::scenario::tree::Tree;
use crate::yaml::decode::field;
use crate::yaml::{Entry, Node, Value};

/// Members of SCIM resources that look like matchers (RFC 7643 §2.4).
const DOLLAR_MEMBERS: [&str; 1] = ["$ref"];

impl Decoder<'_> {
    pub(super) fn expectation(&mut self, node: &Node) -> Option<Expectation> {
        let entries = self.mistakes.map(node, &EXPECT, &[&STEP, &UNTIL])?;
        Some(self.expectation_fields(entries))
    }

    /// `status`, `headers` and `body` of an `expect` or `until`.
    pub(super) fn expectation_fields(&mut self, entries: &[Entry]) -> Expectation {
        let status = field(entries, "status").and_then(|node| {
            let codes = match &node.value {
                Value::Seq(items) if !items.is_empty() => {
                    let codes: Vec<_> = items.iter().map(|item| self.status(item)).collect();
                    codes.into_iter().collect::<Option<Vec<u16>>>()
                }
                _ => self.status(node).map(|code| vec![code]),
            };
            codes.map(|codes| (codes, node.span.clone()))
        });
        let headers = field(entries, "headers").map_or(Vec::new(), |node| self.header_patterns(node));
        let body = field(entries, "body").and_then(|node| self.pattern(node));
        Expectation { status, headers, body }
    }

    fn status(&mut self, node: &Node) -> Option<u16> {
        self.mistakes.integer(node, "`status`", 100..=599).and_then(|code| u16::try_from(code).ok())
    }

    fn header_patterns(&mut self, node: &Node) -> Vec<(String, Pattern)> {
        let Value::Map(members) = &node.value else {
            self.mistakes.wrong_type(node, "`headers`", "a map");
            return Vec::new();
        };
        let mut patterns = Vec::new();
        for member in members {
            self.check_header(&member.key, &member.key_span);
            let pattern = match &member.value.value {
                Value::Number(_) | Value::Bool(_) => {
                    let text = Template::literal(member.value.to_json().to_string());
                    Some(Pattern { span: member.value.span.clone(), kind: PatternKind::Text(text) })
                }
                Value::Null => {
                    let help = "`{ $absent: true }` says that there is no such header";
                    let title = "a header is text, or not there";
                    self.mistakes.add_with_help(&member.value.span, title, "nothing to compare with", help);
                    None
                }
                _ => self.pattern(&member.value),
            };
            patterns.extend(pattern.map(|pattern| (member.key.clone(), pattern)));
        }
        patterns
    }

    fn pattern(&mut self, node: &Node) -> Option<Pattern> {
        let kind = match &node.value {
            Value::Text(text) => PatternKind::Text(self.template(node, text)?),
            Value::Seq(items) => PatternKind::List(self.patterns(items)?),
            Value::Map(members) if members.iter().any(|member| is_matcher(&member.key)) => {
                PatternKind::Matchers(self.matchers(members)?)
            }
            Value::Map(members) => {
                let mut patterns = Vec::with_capacity(members.len());
                let mut complete = true;
                for member in members {
                    let name = self.member_name(member);
                    match name.zip(self.pattern(&member.value)) {
                        Some(pattern) => patterns.push(pattern),
                        None => complete = false,
                    }
                }
                complete.then_some(PatternKind::Object(patterns))?
            }
            _ => PatternKind::Scalar(node.to_json()),
        };
        Some(Pattern { span: node.span.clone(), kind })
    }

    fn patterns(&mut self, items: &[Node]) -> Option<Vec<Pattern>> {
        let patterns: Vec<Option<Pattern>> = items.iter().map(|item| self.pattern(item)).collect();
        patterns.into_iter().collect()
    }

    fn matchers(&mut self, members: &[Entry]) -> Option<Vec<(crate::yaml::Span, Matcher)>> {
        let mut matchers = Vec::with_capacity(members.len());
        let mut complete = true;
        for member in members {
            if !is_matcher(&member.key) {
                let title = format!("the member `{}` stands beside a matcher", member.key);
                let help =
                    "matchers stand alone or with other matchers: give the member an object of its own";
                self.mistakes.add_with_help(&member.key_span, title, "not a matcher", help);
                complete = false;
                continue;
            }
            match self.matcher(member) {
                Some(matcher) => matchers
                    .push((member.key_span.start..member.value.span.end.max(member.key_span.end), matcher)),
                None => complete = false,
            }
        }
        complete.then_some(matchers)
    }

    fn matcher(&mut self, member: &Entry) -> Option<Matcher> {
        let node = &member.value;
        let what = format!("`{}`", member.key);
        let order = |order| move |tree| Matcher::Order(order, tree);
        match member.key.as_str() {
            "$absent" => {
                Some(if self.mistakes.boolean(node, &what)? { Matcher::Absent } else { Matcher::Present })
            }
            "$present" => {
                Some(if self.mistakes.boolean(node, &what)? { Matcher::Present } else { Matcher::Absent })
            }
            "$exact" => self.tree(node).map(Matcher::Exact),
            "$not" => self.pattern(node).map(|pattern| Matcher::Not(Box::new(pattern))),
            "$matches" => self.regex(node).map(Matcher::Matches),
            "$contains" => match &node.value {
                Value::Seq(items) => self.patterns(items),
                _ => self.pattern(node).map(|pattern| vec![pattern]),
            }
            .map(Matcher::Contains),
            "$length" => self.number(node, &what).map(Matcher::Length),
            "$unordered" => {
                let items = self.mistakes.list(node, &what)?;
                self.patterns(items).map(Matcher::Unordered)
            }
            "$any" => {
                let items = self.mistakes.list(node, &what)?;
                self.patterns(items).map(Matcher::Any)
            }
            "$type" => self.mistakes.word(node, "a type", &JsonType::WORDS).map(Matcher::Type),
            "$gt" => self.number(node, &what).map(order(Order::Greater)),
            "$ge" => self.number(node, &what).map(order(Order::GreaterOrEqual)),
            "$lt" => self.number(node, &what).map(order(Order::Less)),
            "$le" => self.number(node, &what).map(order(Order::LessOrEqual)),
            unknown => {
                let near = nearest(unknown, MATCHERS).or_else(|| nearest(&format!("${unknown}"), MATCHERS));
                let mistake = self.mistakes.add(
                    &member.key_span,
                    format!("unknown matcher `{unknown}`"),
                    "not a matcher",
                );
                match near {
                    Some(near) => mistake.help.push(format!("did you mean `{near}`?")),
                    None => mistake
                        .notes
                        .push(format!("the matchers are {}", MATCHERS.map(|m| format!("`{m}`")).join(", "))),
                }
                None
            }
        }
    }

    /// A number, or a variable that will be one.
    fn number(&mut self, node: &Node, what: &str) -> Option<Tree> {
        match &node.value {
            Value::Number(_) => Some(Tree::Scalar(node.to_json())),
            Value::Text(text) => {
                let template = self.template(node, text)?;
                if template.as_reference().is_none() {
                    self.mistakes.wrong_type(node, what, "a number");
                    return None;
                }
                Some(Tree::Text(template))
            }
            _ => {
                self.mistakes.wrong_type(node, what, "a number");
                None
            }
        }
    }

    fn regex(&mut self, node: &Node) -> Option<TextRegex> {
        let text = self.mistakes.text(node, "`$matches`")?;
        let template = self.template(node, text)?;
        match TextRegex::new(template) {
            Ok(regex) => Some(regex),
            Err(error) => {
                let error = error.to_string();
                let problem =
                    error.lines().rev().find_map(|line| line.strip_prefix("error: ")).unwrap_or(&error);
                let title = "`$matches` is not a regular expression";
                let mistake = self.mistakes.add(&node.span, title, problem);
                mistake.notes.push(
                    "the syntax is the one of the Rust crate regex: no look-around, no back-references"
                        .into(),
                );
                None
            }
        }
    }
}

fn is_matcher(key: &str) -> bool {
    key.starts_with('$') && !DOLLAR_MEMBERS.contains(&key)
}
