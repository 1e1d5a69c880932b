//! Binding a filter to a schema: names become keys of the canonical form, literals become prepared operands, and
//! what does not fit the attribute's type is refused before any resource is looked at.

use std::cmp::Ordering;

use serde_json::{Number, Value};

use super::eval::{Node, Operand, Root, Test};
use super::{Filter, FilterError, Literal, Op};
use crate::protocol::Resource;
use crate::protocol::attr::{AttrPath, Bound, Container, UnknownAttribute};
use crate::protocol::policy::Policy;
use crate::protocol::schema::{Attribute, Type, TypeSchema};
use crate::protocol::value::{TextKey, parse_date_time};

/// A filter that is bound to a resource type and ready to be run over many resources.
#[derive(Debug, Clone)]
pub struct Compiled<'s> {
    root: Node<'s>,
}

impl<'s> Compiled<'s> {
    /// Binds a filter for an endpoint that serves one resource type.
    ///
    /// # Errors
    /// An attribute that the type does not have, or an operator or literal that does not go with one.
    pub fn new(filter: &Filter, schema: &'s TypeSchema, policy: &Policy) -> Result<Self, FilterError> {
        let scope = Scope::Resource { schema, unknown_is_missing: false };
        Ok(Self { root: Compiler { scope, policy }.node(filter)? })
    }

    /// Binds a filter for an endpoint that serves several resource types: an attribute that this one does not
    /// have counts as having no value (RFC 7644 §3.4.2.1).
    ///
    /// # Errors
    /// An operator or literal that does not go with an attribute of this type.
    pub fn for_any_type(
        filter: &Filter,
        schema: &'s TypeSchema,
        policy: &Policy,
    ) -> Result<Self, FilterError> {
        let scope = Scope::Resource { schema, unknown_is_missing: true };
        Ok(Self { root: Compiler { scope, policy }.node(filter)? })
    }

    /// Whether a canonical, complete resource (with `id`, `meta` and what else the provider adds) matches.
    pub fn matches(&self, resource: &Resource) -> bool {
        self.root.holds(Root::Resource(resource))
    }
}

/// A filter that is bound to one attribute and selects among its elements.
#[derive(Debug, Clone)]
pub struct ElementFilter<'s> {
    root: Node<'s>,
}

impl<'s> ElementFilter<'s> {
    /// Binds a filter whose names are sub-attributes of `attribute`; an element of a simple attribute is called
    /// `value`.
    ///
    /// # Errors
    /// A name that is no sub-attribute, or an operator or literal that does not go with one. An attribute that is
    /// neither multi-valued nor complex has nothing to select among.
    pub fn new(filter: &Filter, attribute: &'s Attribute, policy: &Policy) -> Result<Self, FilterError> {
        Ok(Self { root: element(filter, attribute, policy)? })
    }

    /// Number of tests that an element goes through at most.
    pub fn terms(&self) -> usize {
        self.root.terms()
    }

    /// Whether one element in canonical form is selected.
    pub fn matches(&self, element: &Value) -> bool {
        self.root.holds(Root::Element(element))
    }
}

/// What the names of a filter refer to.
enum Scope<'s> {
    Resource { schema: &'s TypeSchema, unknown_is_missing: bool },
    Element(&'s Attribute),
}

/// Where the values of a path are, and what they are.
struct Target<'s> {
    /// The members to go through, from the outside in.
    keys: Vec<&'s str>,
    /// What is found there; `None` for a whole extension container.
    leaf: Option<&'s Attribute>,
}

struct Compiler<'s, 'p> {
    scope: Scope<'s>,
    policy: &'p Policy,
}

fn element<'s>(filter: &Filter, attribute: &'s Attribute, policy: &Policy) -> Result<Node<'s>, FilterError> {
    if !attribute.multi_valued && !attribute.is_complex() {
        let message =
            format!("`{}` has a single simple value, square brackets select nothing in it", attribute.name);
        return Err(FilterError::meaning(message));
    }
    Compiler { scope: Scope::Element(attribute), policy }.node(filter)
}

impl<'s> Compiler<'s, '_> {
    fn node(&self, filter: &Filter) -> Result<Node<'s>, FilterError> {
        let nodes = |all: &[Filter]| all.iter().map(|inner| self.node(inner)).collect::<Result<Vec<_>, _>>();
        match filter {
            Filter::And(all) => Ok(Node::All(nodes(all)?)),
            Filter::Or(all) => Ok(Node::Any(nodes(all)?)),
            Filter::Not(inner) => Ok(Node::Not(Box::new(self.node(inner)?))),
            Filter::Present(path) => self.presence(path, Test::Present),
            Filter::Compare { path, op: Op::Eq, value: Literal::Null } => self.presence(path, Test::Missing),
            Filter::Compare { path, op: Op::Ne, value: Literal::Null } => self.presence(path, Test::Present),
            Filter::Compare { path, op, value } => self.comparison(path, *op, value),
            Filter::Element { path, filter } => self.element(path, filter),
        }
    }

    fn presence(&self, path: &AttrPath, test: Test) -> Result<Node<'s>, FilterError> {
        Ok(match self.resolve(path)? {
            Some(target) => Node::Test { keys: target.keys, test },
            None => Node::Constant(matches!(test, Test::Missing)),
        })
    }

    fn comparison(&self, path: &AttrPath, op: Op, literal: &Literal) -> Result<Node<'s>, FilterError> {
        if *literal == Literal::Null {
            let message = format!("`{op}` does not go with null; only `eq` and `ne` do");
            return Err(FilterError::meaning(message));
        }
        let Some(target) = self.resolve(path)? else { return Ok(Node::Constant(op == Op::Ne)) };
        let (keys, leaf) = self.comparable(path, target)?;
        Ok(Node::Test { keys, test: test(path, leaf, op, literal, self.policy)? })
    }

    fn element(&self, path: &AttrPath, filter: &Filter) -> Result<Node<'s>, FilterError> {
        match self.resolve(path)? {
            None => Ok(Node::Constant(false)),
            Some(Target { keys, leaf: Some(attribute) }) => {
                let inner = element(filter, attribute, self.policy)?;
                Ok(Node::Element { keys, inner: Box::new(inner) })
            }
            Some(Target { leaf: None, .. }) => {
                let message =
                    format!("`{path}` is an extension, square brackets select among values of an attribute");
                Err(FilterError::meaning(message))
            }
        }
    }

    /// Where the values of `path` are; `None` where no resource of the type has any.
    fn resolve(&self, path: &AttrPath) -> Result<Option<Target<'s>>, FilterError> {
        match self.scope {
            Scope::Resource { schema, unknown_is_missing } => match bind(schema, path, self.policy) {
                Ok(bound) => Ok(Some(Target::from(bound))),
                Err(_) if unknown_is_missing => Ok(None),
                Err(unknown) => Err(FilterError::meaning(unknown.to_string())),
            },
            Scope::Element(attribute) => {
                let plain = path.schema.is_none() && path.sub.is_none();
                let target = if !attribute.is_complex() {
                    let named_value = path.name.eq_ignore_ascii_case("value");
                    named_value.then_some(Target { keys: Vec::new(), leaf: Some(attribute) })
                } else {
                    attribute.sub(&path.name).map(|sub| Target { keys: vec![&sub.name], leaf: Some(sub) })
                };
                target.filter(|_| plain).map(Some).ok_or_else(|| {
                    FilterError::meaning(format!("`{path}` is not a sub-attribute of `{}`", attribute.name))
                })
            }
        }
    }

    /// The simple value that a comparison with `path` looks at. A complex attribute stands for its `value` where it
    /// is multi-valued (the RFC's own example does so) or the policy says so.
    fn comparable(
        &self,
        path: &AttrPath,
        target: Target<'s>,
    ) -> Result<(Vec<&'s str>, &'s Attribute), FilterError> {
        let Target { mut keys, leaf } = target;
        let Some(attribute) = leaf else {
            let message = format!("`{path}` is an extension, which can be tested with `pr` only");
            return Err(FilterError::meaning(message));
        };
        if !attribute.is_complex() {
            return Ok((keys, attribute));
        }
        match attribute.sub("value") {
            Some(value) if attribute.multi_valued || self.policy.complex_means_value => {
                keys.push(&value.name);
                Ok((keys, value))
            }
            _ => {
                let subs: Vec<_> =
                    attribute.sub_attributes.iter().map(|sub| format!("`{path}.{}`", sub.name)).collect();
                let message = format!("`{path}` is complex; compare a sub-attribute: {}", subs.join(", "));
                Err(FilterError::meaning(message))
            }
        }
    }
}

impl<'s> From<Bound<'s>> for Target<'s> {
    fn from(bound: Bound<'s>) -> Self {
        match bound {
            Bound::Container(extension) => Target { keys: vec![&extension.schema.id], leaf: None },
            Bound::Attribute { container, attribute, sub } => {
                let outer = match container {
                    Container::Core => None,
                    Container::Extension(urn) => Some(urn),
                };
                let inner = sub.map(|sub| sub.name.as_str());
                let keys = outer.into_iter().chain([attribute.name.as_str()]).chain(inner).collect();
                Target { keys, leaf: Some(sub.unwrap_or(attribute)) }
            }
        }
    }
}

/// Binds a path of a filter; the policy may let an extension attribute be named without its URN (Q-L05, Q-U11).
///
/// # Errors
/// The type has no such attribute.
pub fn bind<'s>(
    schema: &'s TypeSchema,
    path: &AttrPath,
    policy: &Policy,
) -> Result<Bound<'s>, UnknownAttribute> {
    let bound = schema.bind(path);
    if bound.is_ok() || path.schema.is_some() || !policy.bare_extension_names {
        return bound;
    }
    let qualified = |urn: &str| AttrPath { schema: Some(urn.to_owned()), ..path.clone() };
    let mut extensions = schema.extensions.iter();
    extensions.find_map(|extension| schema.bind(&qualified(&extension.schema.id)).ok()).map_or(bound, Ok)
}

/// What a comparison with a literal other than null tests, for an attribute that is not complex.
fn test(
    path: &AttrPath,
    attribute: &Attribute,
    op: Op,
    literal: &Literal,
    policy: &Policy,
) -> Result<Test, FilterError> {
    let kind = attribute.kind;
    let textual = matches!(op, Op::Co | Op::Sw | Op::Ew);
    let ordering = matches!(op, Op::Gt | Op::Ge | Op::Lt | Op::Le);
    let supported = match kind {
        Type::Boolean => !textual && !ordering,
        Type::Binary => !ordering,
        Type::Decimal | Type::Integer => !textual,
        _ => true,
    };
    if !supported {
        let message = format!("`{op}` does not go with `{path}`, which is of type {}", kind.keyword());
        return Err(FilterError::meaning(message));
    }
    let operand = operand(attribute, textual, literal, policy).ok_or_else(|| {
        let wanted = match kind {
            Type::Boolean => "`true` or `false`",
            Type::Decimal | Type::Integer => "a number",
            Type::DateTime if !textual => "a dateTime such as `\"2011-05-13T04:42:34Z\"`",
            _ => "a string in double quotes",
        };
        FilterError::meaning(format!("`{path}` is of type {}, compare it with {wanted}", kind.keyword()))
    })?;
    Ok(match op {
        Op::Eq => Test::Equal(operand),
        Op::Ne => Test::Different(operand),
        Op::Co => Test::Contains(operand),
        Op::Sw => Test::Starts(operand),
        Op::Ew => Test::Ends(operand),
        Op::Gt => Test::Order(Ordering::is_gt, operand),
        Op::Ge => Test::Order(Ordering::is_ge, operand),
        Op::Lt => Test::Order(Ordering::is_lt, operand),
        Op::Le => Test::Order(Ordering::is_le, operand),
    })
}

/// The literal, prepared for comparison with values of the attribute; `None` where it does not fit.
fn operand(attribute: &Attribute, textual: bool, literal: &Literal, policy: &Policy) -> Option<Operand> {
    let key = |text: &str| Operand::Text(TextKey::new(text, attribute.case_exact));
    match (attribute.kind, literal) {
        (Type::String | Type::Reference, Literal::String(text)) => Some(key(text)),
        // A number that came without quotes although the attribute holds text.
        (Type::String, Literal::Number(number)) if policy.bare_filter_literals && is_exact(number) => {
            Some(key(&number.to_string()))
        }
        (Type::DateTime | Type::Binary, Literal::String(text)) if textual => Some(key(text)),
        (Type::DateTime, Literal::String(text)) => parse_date_time(text).map(Operand::Instant),
        (Type::Binary, Literal::String(text)) => Some(Operand::binary(text)),
        (Type::Boolean, Literal::Bool(flag)) => Some(Operand::Bool(*flag)),
        (Type::Boolean, Literal::String(text)) if policy.string_booleans => {
            let is = |word: &str| text.eq_ignore_ascii_case(word);
            (is("true") || is("false")).then_some(Operand::Bool(is("true")))
        }
        (Type::Decimal | Type::Integer, Literal::Number(number)) => Some(Operand::Number(number.clone())),
        _ => None,
    }
}

/// Whether the number prints as it was written.
fn is_exact(number: &Number) -> bool {
    number.is_i64() || number.is_u64()
}
