//! The grammar: what parses, what does not and where, and that printing and parsing are inverse.

use proptest::prelude::*;

use super::strategies::filter;
use super::*;
use crate::protocol::error::ScimType;

const LENIENT: Policy = Policy { bare_filter_literals: true, ..Policy::STRICT };

fn canonical(text: &str) -> String {
    parse(text).unwrap_or_else(|error| panic!("{text}: {error}")).to_string()
}

fn mistake(text: &str) -> String {
    parse(text).expect_err(text).to_string()
}

#[test]
fn tolerated_forms_read_as_their_canonical_text() {
    for (text, expected) in [
        ("a PR", "a pr"),
        ("  a   Eq\t1 ", "a eq 1"),
        (r#"a eq"x""#, r#"a eq "x""#),
        ("not(a pr)", "not (a pr)"),
        ("NOT   ( a pr )", "not (a pr)"),
        ("((a pr))", "a pr"),
        ("a pr AND b pr Or c pr", "a pr and b pr or c pr"),
        ("a pr or b pr and c pr", "a pr or b pr and c pr"),
        ("(a pr or b pr) and c pr", "(a pr or b pr) and c pr"),
        ("a[ b pr ]", "a[b pr]"),
        ("members.$ref eq null", "members.$ref eq null"),
        (r#"emails[type eq "work"].value eq "x""#, r#"emails[type eq "work" and value eq "x"]"#),
        ("emails[a pr or b pr].value PR", "emails[(a pr or b pr) and value pr]"),
        ("not pr and not eq 1 and not[not pr]", "not pr and not eq 1 and not[not pr]"),
        ("and pr and or pr or pr pr", "and pr and or pr or pr pr"),
        (r#"a eq "\u00e9\ud83d\ude00\/\"\\\n""#, "a eq \"é😀/\\\"\\\\\\u000a\""),
        (r#"a eq "and ) ] or""#, r#"a eq "and ) ] or""#),
        ("a eq -1.50", "a eq -1.5"),
        (
            "urn:ietf:params:scim:schemas:core:2.0:User:name.x pr",
            "urn:ietf:params:scim:schemas:core:2.0:User:name.x pr",
        ),
    ] {
        assert_eq!(canonical(text), expected, "{text}");
    }
}

#[test]
fn not_binds_before_and_and_and_binds_before_or() {
    let a = || Filter::Present(AttrPath::simple("a"));
    let not = || Filter::Not(Box::new(a()));
    assert_eq!(
        parse("a pr or not (a pr) and a pr or a pr").unwrap(),
        Filter::Or(vec![a(), Filter::And(vec![not(), a()]), a()])
    );
}

#[test]
fn unquoted_and_single_quoted_literals_need_the_policy() {
    for (text, expected) in [
        ("externalId eq jyoung", r#"externalId eq "jyoung""#),
        ("(meta.resourceType eq User) or a pr", r#"meta.resourceType eq "User" or a pr"#),
        ("a gt 2015-10-10T14:38:21.8617979-07:00", r#"a gt "2015-10-10T14:38:21.8617979-07:00""#),
        ("displayName sw 'Group (x) \"y\"'", r#"displayName sw "Group (x) \"y\"""#),
        ("roles[primary eq True]", r#"roles[primary eq "True"]"#),
        ("a eq 007", r#"a eq "007""#),
        ("a eq true and b eq 7", "a eq true and b eq 7"),
    ] {
        assert_eq!(parse_with(text, &LENIENT).unwrap().to_string(), expected, "{text}");
    }
    for text in ["externalId eq jyoung", "displayName sw 'Group'", "a eq True", "a eq 007", "a eq NULL"] {
        assert!(parse(text).is_err(), "{text}");
    }
}

#[test]
fn mistakes_say_where_and_what_would_be_right() {
    insta::assert_snapshot!(mistake(""), @"filter, column 1: the filter is empty");
    insta::assert_snapshot!(mistake("userName foo \"x\""), @"filter, column 10: expected an operator (eq, ne, co, sw, ew, gt, ge, lt, le, pr), found `foo`");
    insta::assert_snapshot!(mistake("userName regex \"x\""), @"filter, column 10: expected an operator (eq, ne, co, sw, ew, gt, ge, lt, le, pr), found `regex`");
    insta::assert_snapshot!(mistake("userName"), @"filter, column 9: expected an operator (eq, ne, co, sw, ew, gt, ge, lt, le, pr), found the end");
    insta::assert_snapshot!(mistake("userName eq"), @"filter, column 12: expected a value (a string in double quotes, a number, true, false or null), found the end");
    insta::assert_snapshot!(mistake("userName eq jyoung"), @"filter, column 13: expected a value (a string in double quotes, a number, true, false or null), found `jyoung`");
    insta::assert_snapshot!(mistake("userName eq \"é\" x"), @"filter, column 17: expected `and`, `or` or the end of the filter, found `x`");
    insta::assert_snapshot!(mistake("userName eq \"x"), @"filter, column 13: this string has no closing quote");
    insta::assert_snapshot!(mistake(r#"userName eq "\x""#), @"filter, column 13: this string holds an escape or a control character that JSON does not allow in strings");
    insta::assert_snapshot!(mistake("title pr and"), @"filter, column 13: expected a space after `and`, found the end");
    insta::assert_snapshot!(mistake("title pr and "), @"filter, column 14: expected an attribute, `not` or `(`, found the end");
    insta::assert_snapshot!(mistake("(title pr)and title pr"), @"filter, column 11: expected a space before `and`");
    insta::assert_snapshot!(mistake("title pr and(title pr)"), @"filter, column 13: expected a space after `and`, found `(`");
    insta::assert_snapshot!(mistake("(title pr"), @"filter, column 10: expected `and`, `or` or `)`, found the end");
    insta::assert_snapshot!(mistake("title pr)"), @"filter, column 9: expected `and`, `or` or the end of the filter, found `)`");
    insta::assert_snapshot!(mistake("emails[type eq \"work\")"), @"filter, column 22: expected `and`, `or` or `]`, found `)`");
    insta::assert_snapshot!(mistake("emails[type pr and x[y pr]]"), @"filter, column 21: square brackets cannot stand within square brackets");
    insta::assert_snapshot!(mistake("emails[type pr].4 pr"), @"filter, column 17: expected a sub-attribute, found `4`");
    insta::assert_snapshot!(mistake("emails [type pr]"), @"filter, column 8: expected an operator (eq, ne, co, sw, ew, gt, ge, lt, le, pr), found `[`");
    insta::assert_snapshot!(mistake("na+me pr"), @"filter, column 3: `na+me` is not an attribute name (a letter, then letters, digits, `-`, `_`)");
    insta::assert_snapshot!(mistake("name.given.x pr"), @"filter, column 11: `given.x` is not an attribute name (a letter, then letters, digits, `-`, `_`)");
    insta::assert_snapshot!(mistake("\"a\" eq \"b\""), @r#"filter, column 1: expected an attribute, `not` or `(`, found `"`"#);
}

#[test]
fn a_mistake_is_an_invalid_filter_with_a_column_in_characters() {
    let error = parse("dépt eq \"x\" y").unwrap_err();
    assert_eq!(error.position, Some(Position { offset: 1, column: 2 }));
    let error = parse("dept eq \"é\" y").unwrap_err();
    assert_eq!(error.position, Some(Position { offset: 13, column: 13 }));
    let error = ScimError::from(error);
    assert_eq!((error.status, error.scim_type), (400, Some(ScimType::InvalidFilter)));
    assert_eq!(error.detail, "filter, column 13: expected `and`, `or` or the end of the filter, found `y`");
}

#[test]
fn nothing_but_the_grammar_and_the_listed_tolerances_passes() {
    for text in [
        "a",
        "pr",
        "a eq",
        "a eq \"x\" b",
        "a eq \"x\"y",
        "a eq 1 1",
        "a pr pr",
        "a pr,b pr",
        "a eq 'x'",
        "a == 1",
        "a eq [1]",
        "a eq {}",
        "a eq 01",
        "a eq 1.",
        "a eq 1e999",
        "a eq +1",
        "a eq TRUE",
        "not a pr",
        "not",
        "not (",
        "()",
        "( )",
        "a pr && b pr",
        "a pr and and b pr x",
        "a[]",
        "a[b pr",
        "a[b pr]]",
        "a[b pr].",
        "a[b pr].c",
        "a[b pr].c.d pr",
        "a[b pr].c[d pr]",
        "a[b pr] pr",
        "a[b pr] eq 1",
        "a. pr",
        ".a pr",
        "a..b pr",
        ":a pr",
        "a: pr",
        "$ pr )",
        "4a pr",
        "a eq \"\t\"",
        "a eq \"\\ud800\"",
        "a eq\u{a0}1",
        "a eq \"x\" and",
        "or",
        "a pr or",
        "a\u{0}pr",
    ] {
        assert!(parse(text).is_err(), "{text:?}");
    }
}

#[test]
fn length_depth_and_number_of_terms_are_bounded() {
    let nested = |depth: usize| format!("{}a pr{}", "(".repeat(depth), ")".repeat(depth));
    let negated = |depth: usize| format!("{}a pr{}", "not (".repeat(depth), ")".repeat(depth));
    let chain = |terms: usize, by: &str| vec!["a pr"; terms].join(by);
    let long = |length: usize| format!("a eq \"{}\"", "x".repeat(length - 7));
    for (good, bad) in [
        (nested(MAX_DEPTH), nested(MAX_DEPTH + 1)),
        (negated(MAX_DEPTH), negated(MAX_DEPTH + 1)),
        (chain(MAX_TERMS, " or "), chain(MAX_TERMS + 1, " or ")),
        (chain(MAX_TERMS, " and "), chain(MAX_TERMS + 1, " and ")),
        (long(MAX_LENGTH), long(MAX_LENGTH + 1)),
        (nested(MAX_DEPTH), "(".repeat(MAX_LENGTH)),
        (negated(MAX_DEPTH), "a[not(".repeat(1000)),
    ] {
        assert!(parse(&good).is_ok(), "{good}");
        assert!(parse(&bad).is_err(), "{bad}");
    }
    insta::assert_snapshot!(mistake(&nested(MAX_DEPTH + 1)), @"filter, column 33: brackets nest deeper than 32 levels");
    insta::assert_snapshot!(mistake(&chain(MAX_TERMS + 1, " or ")), @"filter, column 4001: more than 500 comparisons");
    insta::assert_snapshot!(mistake(&long(MAX_LENGTH + 1)), @"filter, column 1: 8193 bytes are too many, at most 8192 are read");
}

proptest! {
    #[test]
    fn printing_and_parsing_are_inverse(filter in filter()) {
        let text = filter.to_string();
        prop_assume!(text.len() <= MAX_LENGTH);
        prop_assert_eq!(&parse(&text)?, &filter);
        prop_assert_eq!(parse_with(&text, &LENIENT)?, filter);
    }

    #[test]
    fn no_input_panics(
        text in any::<String>(), near in "(a|not|and|or|pr|eq|\\(|\\)|\\[|\\]|\"|'|\\\\|\\.|:| |é|1|true){0,24}",
    ) {
        for text in [text, near] {
            let _ = (parse(&text), parse_with(&text, &LENIENT));
        }
    }

    #[test]
    fn mutated_filters_never_panic_and_point_into_the_text(
        filter in filter(), at: prop::sample::Index, change in "[a-z()\\[\\]\"' .é]{0,2}", cut in 0..3_usize,
    ) {
        let mut text: Vec<char> = filter.to_string().chars().collect();
        let start = at.index(text.len());
        let end = text.len().min(start + cut);
        text.splice(start..end, change.chars());
        let text: String = text.into_iter().collect();
        if let Err(error) = parse(&text) {
            let position = error.position.unwrap();
            prop_assert!(text.is_char_boundary(position.offset));
            prop_assert_eq!(text[..position.offset].chars().count() + 1, position.column);
        }
    }
}
