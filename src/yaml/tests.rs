use super::*;
use crate::diagnostic::SourceFile;

const LIMITS: Limits = Limits::SCENARIO;
const MAX_BYTES: usize = LIMITS.bytes;
use proptest::prelude::*;
use serde_json::json;

fn tree(text: &str) -> Node {
    parse(&SourceFile::new("a.yaml", text), LIMITS).unwrap()
}

fn mistakes(text: &str) -> String {
    let found = parse(&SourceFile::new("a.yaml", text), LIMITS).unwrap_err();
    found.iter().map(|mistake| mistake.render(false)).collect::<Vec<_>>().join("\n\n")
}

/// Every scalar of the tree with the characters that its span covers.
fn scalars(node: &Node, file: &str, found: &mut Vec<(String, String)>) {
    match &node.value {
        Value::Seq(items) => items.iter().for_each(|item| scalars(item, file, found)),
        Value::Map(entries) => {
            for entry in entries {
                found.push((entry.key.clone(), file[entry.key_span.clone()].to_owned()));
                scalars(&entry.value, file, found);
            }
        }
        value => found.push((format!("{value:?}"), file[node.span.clone()].to_owned())),
    }
}

#[test]
fn plain_scalars_are_json_or_text() {
    let read = tree(
        "[true, false, null, ~, 12, -3, 0, 1.5, 1e3, yes, no, on, 012, 1_000, 0x1F, 2024-01-01, +1, .5, 'true', \"12\", a b]",
    );
    assert_eq!(
        read.to_json(),
        json!([
            true,
            false,
            null,
            null,
            12,
            -3,
            0,
            1.5,
            1000.0,
            "yes",
            "no",
            "on",
            "012",
            "1_000",
            "0x1F",
            "2024-01-01",
            "+1",
            ".5",
            "true",
            "12",
            "a b"
        ])
    );
}

#[test]
fn nothing_at_all_is_null_at_its_key() {
    let text = "a:\nb: { c: , d }\ne:\n  -\n  - x\n";
    let read = tree(text);
    assert_eq!(read.to_json(), json!({ "a": null, "b": { "c": null, "d": null }, "e": [null, "x"] }));
    assert_eq!(&text[read.get("a").unwrap().span.clone()], "a");
}

#[test]
fn spans_are_bytes_behind_characters_of_any_length() {
    let text = "# ünïcödé 🦀 comment\r\näöü: 'x 🦀 y' # ß\r\nliste:\r\n  - été\r\n  - \"a\\u00e9\"\r\n  - |\r\n    line 🦀\r\n    two\r\nmap: { ключ: значение }\r\n";
    let mut found = Vec::new();
    scalars(&tree(text), text, &mut found);
    let covered: Vec<&str> = found.iter().map(|(_, raw)| raw.as_str()).collect();
    assert_eq!(
        covered,
        ["äöü", "'x 🦀 y'", "liste", "été", "\"a\\u00e9\"", "line 🦀\r\n    two", "map", "ключ", "значение"]
    );
    let marked = format!("\u{feff}{text}");
    let mut with_mark = Vec::new();
    scalars(&tree(&marked), &marked, &mut with_mark);
    assert_eq!(found, with_mark);
}

#[test]
fn collections_span_from_their_first_to_their_last_character() {
    let text = "a:\n  b: 1\n  c: [1, 2]\n\n# comment\nd: { e: 1 }\n";
    let read = tree(text);
    assert_eq!(&text[read.get("a").unwrap().span.clone()], "b: 1\n  c: [1, 2]");
    assert_eq!(&text[read.get("d").unwrap().span.clone()], "{ e: 1 }");
}

#[test]
fn parts_of_a_text_are_found_in_the_file() {
    for (text, part) in [
        ("a: say {{ name }}", "{{ name }}"),
        ("a: \"say {{ name }}\"", "{{ name }}"),
        ("a: \"tab\\t {{ name }}\"", "{{ name }}"),
        ("a: >\n  say\n  {{ name }}\n", "{{ name }}"),
    ] {
        let read = tree(text);
        let node = read.get("a").unwrap();
        let at = node.as_text().unwrap().find(part).unwrap();
        assert_eq!(&text[node.part_span(text, at..at + part.len())], part);
    }
}

#[test]
fn aliases_repeat_their_anchor() {
    assert_eq!(tree("a: &x { b: 1 }\nc: *x").to_json(), json!({ "a": { "b": 1 }, "c": { "b": 1 } }));
}

#[test]
fn an_alias_bomb_is_refused() {
    let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for level in 1..20 {
        let before = format!("*a{}, ", level - 1).repeat(10);
        bomb.push_str(&format!("a{level}: &a{level} [{before}]\n"));
    }
    assert!(mistakes(&bomb).contains("more than 10000 values"));
}

#[test]
fn a_chain_of_aliases_cannot_nest_deeper_than_the_limit() {
    let mut chain = String::from("a0: &a0 []\n");
    for level in 1..200 {
        chain.push_str(&format!("a{level}: &a{level} [*a{}]\n", level - 1));
    }
    assert!(mistakes(&chain).contains("nested deeper than 64 levels"));
}

#[test]
fn limits_hold_for_hostile_files_quickly() {
    assert!(mistakes(&"[".repeat(MAX_BYTES)).contains("nested"));
    assert!(mistakes(&"- ".repeat(MAX_BYTES / 2)).contains("nested deeper"));
    assert!(mistakes(&"a: b\n".repeat(MAX_BYTES / 5)).contains("more than 10000 values"));
    assert!(mistakes(&" ".repeat(MAX_BYTES + 1)).contains("more than the 1048576"));
    assert!(mistakes(&"{a: ".repeat(MAX_BYTES / 4)).contains("nested"));
    assert!(mistakes(&"? ".repeat(MAX_BYTES / 2)).contains("a key is text"));
}

#[test]
fn duplicate_keys_are_all_reported() {
    insta::assert_snapshot!(mistakes("a: 1\nb: { c: 1, c: 2 }\na: 2\n"), @r"
    error: the key `c` stands twice in one map
     --> a.yaml:2:12
      |
    2 | b: { c: 1, c: 2 }
      |      -     ^ again here
      |      |
      |      first here

    error: the key `a` stands twice in one map
     --> a.yaml:3:1
      |
    1 | a: 1
      | - first here
    2 | b: { c: 1, c: 2 }
    3 | a: 2
      | ^ again here
    ");
}

/// The members of sections, as they are handed out, and what is left of the tree.
fn handed_out(text: &str) -> (Vec<(String, String)>, Node) {
    let mut out = Vec::new();
    let left = parse_with(&SourceFile::new("a.yaml", text), LIMITS, &mut |section, entry| {
        let json = entry.value.clone().into_json();
        assert_eq!(json, entry.value.to_json());
        out.push((format!("{section}.{}", entry.key), json.to_string()));
        None
    });
    (out, left.unwrap())
}

#[test]
fn members_of_sections_are_handed_out() {
    let text = "a: { b: 1, c: [{ d: 2 }] }\ne:\n  f:\n  g: { h: { i: 3 } }\nj: [k]\nl: m\n";
    let (out, left) = handed_out(text);
    let out: Vec<_> = out.iter().map(|(key, json)| (key.as_str(), json.as_str())).collect();
    assert_eq!(out, [("a.b", "1"), ("a.c", r#"[{"d":2}]"#), ("e.f", "null"), ("e.g", r#"{"h":{"i":3}}"#)]);
    assert_eq!(left.to_json(), json!({ "a": {}, "e": {}, "j": ["k"], "l": "m" }));
    assert_eq!(&text[left.get("e").unwrap().span.clone()], "f:\n  g: { h: { i: 3 } }");
}

#[test]
fn what_is_repeated_elsewhere_is_not_handed_out() {
    let (out, left) = handed_out("a: &a { b: 1 }\nc: *a\n");
    assert!(out.is_empty());
    assert_eq!(left.to_json(), json!({ "a": { "b": 1 }, "c": { "b": 1 } }));
    let (out, left) = handed_out("&r\na: { b: &x { c: 1 }, d: *x }\n");
    assert!(out.is_empty());
    assert_eq!(left.to_json(), json!({ "a": { "b": { "c": 1 }, "d": { "c": 1 } } }));
}

#[test]
fn a_tab_in_the_indentation() {
    insta::assert_snapshot!(mistakes("steps:\n\t- request: GET /Users\n"), @r"
    error: a tab cannot be used for indentation in YAML
     --> a.yaml:2:1
      |
    2 |     - request: GET /Users
      | ^^^^ here
      |
      = help: indent with spaces
    ");
}

#[test]
fn a_second_document() {
    insta::assert_snapshot!(mistakes("a: 1\n---\nb: 2\n"), @r"
    error: a file holds one document
     --> a.yaml:2:1
      |
    2 | ---
      | ^^^ a second one begins here
      |
      = help: move it to a file of its own, or remove the `---`
    ");
}

#[test]
fn a_variable_without_quotes() {
    insta::assert_snapshot!(mistakes("body:\n  userName: {{ ada.userName }}\n"), @r#"
    error: text that begins with `{{` needs quotes
     --> a.yaml:2:13
      |
    2 |   userName: {{ ada.userName }}
      |             ^^ YAML reads a map here
      |
      = help: write `"{{ name }}"`
    "#);
}

#[test]
fn a_merge_key() {
    insta::assert_snapshot!(mistakes("a: &a { b: 1 }\nc:\n  <<: *a\n"), @r"
    error: merge keys (`<<`) are not used here
     --> a.yaml:3:3
      |
    3 |   <<: *a
      |   ^^ a merge key
      |
      = help: write the members out, or use a variable (`vars`)
    ");
}

#[test]
fn a_tag() {
    insta::assert_snapshot!(mistakes("a: !!str 12\n"), @r"
    error: YAML tags (`!…`) are not used here
     --> a.yaml:1:10
      |
    1 | a: !!str 12
      |          ^^ this value has one
      |
      = help: put a text that begins with `!`, or a number that is meant as text, into quotes
    ");
}

#[test]
fn a_boolean_in_another_spelling() {
    insta::assert_snapshot!(mistakes("active: True\n"), @r#"
    error: `True` is text to some readers of YAML and not to others
     --> a.yaml:1:9
      |
    1 | active: True
      |         ^^^^ not clear what is meant
      |
      = help: write `true`, or `"True"` for the text
    "#);
}

#[test]
fn a_number_that_would_lose_digits() {
    insta::assert_snapshot!(mistakes("id: 123456789012345678901234567890\n"), @r#"
    error: this number is too large to be kept exactly
     --> a.yaml:1:5
      |
    1 | id: 123456789012345678901234567890
      |     ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ more than 64 bits
      |
      = help: write `"123456789012345678901234567890"` if it is meant as text
    "#);
}

#[test]
fn a_colon_in_plain_text() {
    insta::assert_snapshot!(mistakes("about: this: that\n"), @r#"
    error: a `: ` is not possible here
     --> a.yaml:1:12
      |
    1 | about: this: that
      |            ^ here
      |
      = help: either this line is indented too far, or the text has a colon in it and needs quotes: `"…"`
    "#);
}

#[test]
fn a_key_that_is_indented_too_far() {
    insta::assert_snapshot!(mistakes("steps:\n  - name: x\n      request: GET /Users\n"), @r#"
    error: a `: ` is not possible here
     --> a.yaml:3:14
      |
    3 |       request: GET /Users
      |              ^ here
      |
      = help: either this line is indented too far, or the text has a colon in it and needs quotes: `"…"`
    "#);
}

#[test]
fn a_key_that_is_indented_like_a_list() {
    insta::assert_snapshot!(mistakes("steps:\n  - name: x\n  request: GET /Users\n"), @r"
    error: this line is indented like the items of a list but does not begin with `- `
     --> a.yaml:3:3
      |
    3 |   request: GET /Users
      |   ^ here
      |
      = help: indent it like the other keys of its item, or less when it belongs to what holds the list
    ");
}

#[test]
fn a_key_between_two_levels() {
    insta::assert_snapshot!(mistakes("a:\n    b: 1\n  c: 1\n"), @r"
    error: this line does not fit the indentation of the lines before it
     --> a.yaml:3:3
      |
    3 |   c: 1
      |   ^ here
      |
      = help: keys of one map begin in the same column
    ");
}

#[test]
fn a_quote_that_is_never_closed() {
    insta::assert_snapshot!(mistakes("a: \"b\nc: d\n"), @r#"
    error: a quote is opened and not closed
     --> a.yaml:1:4
      |
    1 | a: "b
      |    ^ here
      |
      = help: close it; a quote that belongs to the text is doubled in `'…'` and `\"` in `"…"`
    "#);
}

#[test]
fn a_brace_that_is_never_closed() {
    insta::assert_snapshot!(mistakes("a: { b: 1\nc: d\n"), @r"
    error: a `{` is not closed, or a `,` is missing
     --> a.yaml:2:2
      |
    2 | c: d
      |  ^ here
      |
      = help: write `{ key: value, key: value }`
    ");
}

#[test]
fn text_that_begins_with_a_special_character() {
    insta::assert_snapshot!(mistakes("a: @b\n"), @r"
    error: text cannot begin with this character
     --> a.yaml:1:4
      |
    1 | a: @b
      |    ^ here
      |
      = help: put it into quotes
    ");
    insta::assert_snapshot!(mistakes("a: *b\n"), @r"
    error: an alias without an anchor of that name before it
     --> a.yaml:1:4
      |
    1 | a: *b
      |    ^ here
      |
      = help: text that begins with `*` needs quotes
    ");
}

#[test]
fn text_behind_a_closing_quote() {
    insta::assert_snapshot!(mistakes("request: \"GET /Users\" ?x\n"), @r#"
    error: text goes on after the closing quote
     --> a.yaml:1:23
      |
    1 | request: "GET /Users" ?x
      |                       ^ here
      |
      = help: quote the whole text with `'…'`; `''` in it stands for one quote
    "#);
}

#[test]
fn a_control_character() {
    insta::assert_snapshot!(mistakes("a: b\u{0}c\n"), @r#"
    error: the control character U+0000 cannot stand in a YAML file
     --> a.yaml:1:5
      |
    1 | a: b␀c
      |     ^ here
      |
      = help: write it as an escape in double quotes, such as `"\u0007"`
    "#);
}

#[test]
fn an_empty_file() {
    insta::assert_snapshot!(mistakes("# nothing\n"), @r"error: `a.yaml` is empty");
}

/// Text made of what YAML gives a meaning to.
fn yamlish() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("a"),
        Just("b: "),
        Just(": "),
        Just(":"),
        Just("- "),
        Just("-"),
        Just("? "),
        Just("\n"),
        Just("\n  "),
        Just("\n    "),
        Just("\t"),
        Just("{"),
        Just("}"),
        Just("["),
        Just("]"),
        Just(", "),
        Just(","),
        Just("\""),
        Just("'"),
        Just("|"),
        Just(">"),
        Just("|2-"),
        Just("&x "),
        Just("*x "),
        Just("!!str "),
        Just("!"),
        Just("%YAML 1.2\n"),
        Just("---"),
        Just("..."),
        Just("# c"),
        Just("#"),
        Just("\r\n"),
        Just("\r"),
        Just("\\"),
        Just("\\u00e9"),
        Just("é"),
        Just("🦀"),
        Just("~"),
        Just("<<"),
        Just("true"),
        Just("12"),
        Just("\u{85}"),
        Just("\u{2028}"),
        Just("\u{feff}"),
        Just("@"),
        Just("`"),
        Just(" "),
    ];
    proptest::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

/// JSON, which is YAML too.
fn json_value() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        "[ -~äß🦀]{0,12}".prop_map(Into::into),
    ];
    leaf.prop_recursive(4, 40, 5, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..5).prop_map(Into::into),
            proptest::collection::btree_map("[ -~é]{1,8}", inner, 0..5)
                .prop_map(|map| serde_json::Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn no_input_panics_and_every_span_is_good(text in yamlish()) {
        let source = SourceFile::new("f", text.as_str());
        match parse(&source, LIMITS) {
            Ok(node) => scalars(&node, &text, &mut Vec::new()),
            Err(mistakes) => {
                prop_assert!(!mistakes.is_empty());
                for mistake in mistakes {
                    mistake.render(false);
                }
            }
        }
    }

    #[test]
    fn json_is_read_as_it_is(value in json_value()) {
        prop_assert_eq!(&tree(&value.to_string()).to_json(), &value);
        prop_assert_eq!(tree(&serde_json::to_string_pretty(&value).unwrap()).to_json(), value);
    }
}
