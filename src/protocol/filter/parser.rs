//! Recursive descent over the grammar of RFC 7644 figure 1, in the order of precedence:
//!
//! ```text
//! alternatives = conjunction *( "or" conjunction )
//! conjunction  = term *( "and" term )
//! term         = "(" alternatives ")" / "not" "(" alternatives ")" / path "[" alternatives "]" [ "." test ] / test
//! test         = path "pr" / path operator literal
//! ```

use serde_json::Number;

use super::lexer::Lexer;
use super::{Filter, FilterError, Literal, MAX_DEPTH, MAX_LENGTH, MAX_TERMS, Op};
use crate::protocol::attr::{AttrPath, is_attribute_name};
use crate::protocol::policy::Policy;

type Parsed = Result<Filter, FilterError>;

/// Reads one filter, or the filter within the brackets of a PATCH path.
pub(in crate::protocol) struct Parser<'t> {
    lexer: Lexer<'t>,
    /// Unquoted and single-quoted literals pass.
    bare_literals: bool,
    /// Brackets that are open.
    depth: usize,
    /// One of them is a square one.
    in_element: bool,
    terms: usize,
}

impl<'t> Parser<'t> {
    /// A parser at the beginning of `text`.
    pub(in crate::protocol) fn new(text: &'t str, policy: &Policy) -> Result<Self, FilterError> {
        Self::at(text, 0, policy)
    }

    /// A parser at the byte `offset` of `text`, which must be a character boundary.
    pub(in crate::protocol) fn at(
        text: &'t str,
        offset: usize,
        policy: &Policy,
    ) -> Result<Self, FilterError> {
        let lexer = Lexer::new(text, offset);
        if text.len() > MAX_LENGTH {
            let message = format!("{} bytes are too many, at most {MAX_LENGTH} are read", text.len());
            return Err(lexer.error(message));
        }
        let bare_literals = policy.bare_filter_literals;
        Ok(Self { lexer, bare_literals, depth: 0, in_element: false, terms: 0 })
    }

    /// The filter that the whole text is.
    pub(super) fn whole(mut self) -> Parsed {
        self.lexer.skip_space();
        if self.lexer.peek().is_none() {
            return Err(self.lexer.error("the filter is empty"));
        }
        let filter = self.alternatives()?;
        self.lexer.skip_space();
        match self.lexer.peek() {
            None => Ok(filter),
            Some(_) => Err(self.lexer.expected("`and`, `or` or the end of the filter")),
        }
    }

    /// The filter within the square brackets that begin here. Returns it with what follows the brackets.
    pub(in crate::protocol) fn bracketed(mut self) -> Result<(Filter, &'t str), FilterError> {
        let filter = self.element_filter()?;
        Ok((filter, self.lexer.rest()))
    }

    fn alternatives(&mut self) -> Parsed {
        let mut all = vec![self.conjunction()?];
        while self.keyword("or")? {
            all.push(self.conjunction()?);
        }
        Ok(joined(all, Filter::Or))
    }

    fn conjunction(&mut self) -> Parsed {
        let mut all = vec![self.term()?];
        while self.keyword("and")? {
            all.push(self.term()?);
        }
        Ok(joined(all, Filter::And))
    }

    /// Takes the keyword and the space around it, if it comes next.
    fn keyword(&mut self, keyword: &str) -> Result<bool, FilterError> {
        let mut ahead = self.lexer.clone();
        let spaced = ahead.skip_space();
        if !ahead.peek_word().eq_ignore_ascii_case(keyword) {
            return Ok(false);
        }
        if !spaced {
            return Err(ahead.error(format!("expected a space before `{keyword}`")));
        }
        ahead.word();
        if !ahead.skip_space() {
            return Err(ahead.expected(&format!("a space after `{keyword}`")));
        }
        self.lexer = ahead;
        Ok(true)
    }

    fn term(&mut self) -> Parsed {
        if self.lexer.peek() == Some('(') {
            return self.group(')', Self::alternatives);
        }
        if self.at_negation() {
            self.lexer.word();
            self.lexer.skip_space();
            return Ok(Filter::Not(Box::new(self.group(')', Self::alternatives)?)));
        }
        self.count_term()?;
        let path = self.path()?;
        if self.lexer.peek() == Some('[') { self.value_path(path) } else { self.test(path) }
    }

    /// Whether `not` and a bracket come next; `not` alone could be an attribute.
    fn at_negation(&self) -> bool {
        let mut ahead = self.lexer.clone();
        let word = ahead.word();
        ahead.skip_space();
        word.eq_ignore_ascii_case("not") && ahead.peek() == Some('(')
    }

    /// What `content` reads between the bracket that begins here and `close`.
    fn group(&mut self, close: char, content: fn(&mut Self) -> Parsed) -> Parsed {
        if self.depth == MAX_DEPTH {
            return Err(self.lexer.error(format!("brackets nest deeper than {MAX_DEPTH} levels")));
        }
        let open = if close == ')' { '(' } else { '[' };
        if !self.lexer.eat(open) {
            return Err(self.lexer.expected(&format!("`{open}`")));
        }
        self.depth += 1;
        self.lexer.skip_space();
        let filter = content(self)?;
        self.lexer.skip_space();
        self.depth -= 1;
        if self.lexer.eat(close) {
            Ok(filter)
        } else {
            Err(self.lexer.expected(&format!("`and`, `or` or `{close}`")))
        }
    }

    fn count_term(&mut self) -> Result<(), FilterError> {
        self.terms += 1;
        if self.terms > MAX_TERMS {
            return Err(self.lexer.error(format!("more than {MAX_TERMS} comparisons")));
        }
        Ok(())
    }

    fn path(&mut self) -> Result<AttrPath, FilterError> {
        if self.lexer.peek_word().is_empty() {
            return Err(self.lexer.expected("an attribute, `not` or `(`"));
        }
        let start = self.lexer.offset();
        AttrPath::parse(self.lexer.word())
            .map_err(|error| self.lexer.error_at(start + error.offset, error.problem))
    }

    fn element_filter(&mut self) -> Parsed {
        if self.in_element {
            return Err(self.lexer.error("square brackets cannot stand within square brackets"));
        }
        self.in_element = true;
        let filter = self.group(']', Self::alternatives)?;
        self.in_element = false;
        Ok(filter)
    }

    /// `[filter]`, and the comparison of a sub-attribute that may follow, which is one more condition on the
    /// same element.
    fn value_path(&mut self, path: AttrPath) -> Parsed {
        let mut filter = self.element_filter()?;
        if self.lexer.eat('.') {
            self.count_term()?;
            if !is_attribute_name(self.lexer.peek_word()) {
                return Err(self.lexer.expected("a sub-attribute"));
            }
            let sub = AttrPath::simple(self.lexer.word());
            let test = self.test(sub)?;
            filter = match filter {
                Filter::And(mut all) => {
                    all.push(test);
                    Filter::And(all)
                }
                other => Filter::And(vec![other, test]),
            };
        }
        Ok(Filter::Element { path, filter: Box::new(filter) })
    }

    fn test(&mut self, path: AttrPath) -> Parsed {
        self.lexer.skip_space();
        let word = self.lexer.peek_word();
        if word.eq_ignore_ascii_case("pr") {
            self.lexer.word();
            return Ok(Filter::Present(path));
        }
        let Some(op) = Op::ALL.iter().copied().find(|op| op.keyword().eq_ignore_ascii_case(word)) else {
            return Err(self.lexer.expected("an operator (eq, ne, co, sw, ew, gt, ge, lt, le, pr)"));
        };
        self.lexer.word();
        self.lexer.skip_space();
        Ok(Filter::Compare { path, op, value: self.literal()? })
    }

    fn literal(&mut self) -> Result<Literal, FilterError> {
        match self.lexer.peek() {
            Some('"') => return self.lexer.json_string().map(Literal::String),
            Some('\'') if self.bare_literals => return self.lexer.single_quoted().map(Literal::String),
            _ => {}
        }
        let word = self.lexer.peek_word();
        let literal = match word {
            "" => None,
            "true" => Some(Literal::Bool(true)),
            "false" => Some(Literal::Bool(false)),
            "null" => Some(Literal::Null),
            _ => match serde_json::from_str::<Number>(word) {
                Ok(number) => Some(Literal::Number(number)),
                Err(_) if self.bare_literals => Some(Literal::String(word.to_owned())),
                Err(_) => None,
            },
        };
        let literal = literal.ok_or_else(|| {
            self.lexer.expected("a value (a string in double quotes, a number, true, false or null)")
        })?;
        self.lexer.word();
        Ok(literal)
    }
}

/// The only member, or all of them joined.
fn joined(mut all: Vec<Filter>, join: fn(Vec<Filter>) -> Filter) -> Filter {
    match (all.len(), all.pop()) {
        (1, Some(only)) => only,
        (_, last) => {
            all.extend(last);
            join(all)
        }
    }
}
