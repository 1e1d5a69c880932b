//! Random filters for property tests.

use proptest::prelude::*;
use serde_json::json;

use super::{Filter, Literal, Op};
use crate::protocol::attr::AttrPath;

/// Any name, also one that is a keyword of the grammar.
pub(in crate::protocol) fn name() -> impl Strategy<Value = String> {
    prop_oneof!["[a-zA-Z$][a-zA-Z0-9_$-]{0,6}", "not|and|or|pr|eq|true|null"]
}

/// Any attribute path.
pub(in crate::protocol) fn path() -> impl Strategy<Value = AttrPath> {
    let schema = prop::option::of("urn(:[a-z0-9.]{1,6}){1,3}");
    (schema, name(), prop::option::of(name())).prop_map(|(schema, name, sub)| AttrPath { schema, name, sub })
}

fn literal() -> impl Strategy<Value = Literal> {
    let number = prop_oneof![
        any::<i64>().prop_map(|n| json!(n)),
        any::<u64>().prop_map(|n| json!(n)),
        prop::num::f64::NORMAL.prop_map(|n| json!(n)),
    ];
    prop_oneof![
        any::<String>().prop_map(Literal::String),
        "[a-z\"\\\\()\\[\\] \u{0}-\u{20}]{0,8}".prop_map(Literal::String),
        number.prop_filter_map("a number", |n| n.as_number().cloned().map(Literal::Number)),
        any::<bool>().prop_map(Literal::Bool),
        Just(Literal::Null),
    ]
}

/// `leaf` joined and negated in any way that the type allows.
fn nested(leaf: BoxedStrategy<Filter>) -> BoxedStrategy<Filter> {
    let grown = leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 2..4).prop_map(Filter::And),
            prop::collection::vec(inner.clone(), 2..4).prop_map(Filter::Or),
            inner.prop_map(|inner| Filter::Not(Box::new(inner))),
        ]
    });
    grown.boxed()
}

/// Any filter without a value path, which is what may stand within square brackets.
pub(in crate::protocol) fn element_filter() -> BoxedStrategy<Filter> {
    let compare = (path(), prop::sample::select(Op::ALL), literal());
    let test = prop_oneof![
        path().prop_map(Filter::Present),
        compare.prop_map(|(path, op, value)| Filter::Compare { path, op, value }),
    ];
    nested(test.boxed())
}

/// Any filter.
pub(in crate::protocol) fn filter() -> BoxedStrategy<Filter> {
    let element = (path(), element_filter())
        .prop_map(|(path, filter)| Filter::Element { path, filter: Box::new(filter) });
    nested(prop_oneof![3 => element_filter(), 1 => element].boxed())
}
