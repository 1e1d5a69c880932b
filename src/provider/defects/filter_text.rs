//! Bugs of reading a filter: quotes, escapes, spaces, letter case, precedence.

use super::Defect;
use super::message::Asked;
use super::tools::crash;
use crate::protocol::error::ScimError;
use crate::protocol::filter::{Filter, Literal, Op, parse};
use crate::protocol::schema::TypeSchema;

/// Changes the text of the filter of a query.
fn change(asked: &mut Asked, change: impl FnOnce(&str) -> String) {
    if let Some(text) = asked.parameter("filter").filter(|_| asked.is_list()) {
        let text = change(&text);
        asked.set_parameter("filter", &text);
    }
}

/// The pieces of a text outside of quotes (even places) and within (odd places).
fn pieces(text: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let (mut start, mut is_escaped, mut is_quoted) = (0, false, false);
    for (at, c) in text.char_indices() {
        if c == '"' && !is_escaped {
            pieces.push(&text[start..at]);
            (start, is_quoted) = (at + 1, !is_quoted);
        }
        is_escaped = is_quoted && c == '\\' && !is_escaped;
    }
    pieces.push(&text[start..]);
    pieces
}

/// The conditions of a filter that brackets do not enclose, each with the word before it.
fn conditions(text: &str) -> Vec<(&str, &str)> {
    let mut found = Vec::new();
    let (mut depth, mut start, mut word, mut is_quoted) = (0, 0, "", false);
    for (at, c) in text.char_indices() {
        match c {
            '"' => is_quoted = !is_quoted,
            '(' | '[' if !is_quoted => depth += 1,
            ')' | ']' if !is_quoted => depth -= 1,
            ' ' if !is_quoted && depth == 0 => {
                let next =
                    ["and", "or"].into_iter().find(|word| text[at + 1..].starts_with(&format!("{word} ")));
                if let Some(next) = next {
                    found.push((word, &text[start..at]));
                    (word, start) = (next, at + next.len() + 2);
                }
            }
            _ => {}
        }
    }
    found.push((word, text.get(start..).unwrap_or_default()));
    found
}

/// The words of a filter that are no literals.
fn words(text: &str) -> Vec<String> {
    let outside = pieces(text).into_iter().step_by(2);
    outside.flat_map(|piece| piece.split([' ', '(', ')', '[', ']'])).map(str::to_owned).collect()
}

/// The operators and the words that join.
const KEYWORDS: &[&str] = &["eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le", "pr", "and", "or", "not"];

/// Whether the schema spells every attribute of a filter as it is written there.
fn is_spelled_well(schemas: &[&TypeSchema], filter: &Filter) -> bool {
    let is_known =
        |name: &str| schemas.iter().any(|schema| schema.attribute(name).is_some_and(|a| a.name == name));
    filter.paths().iter().all(|path| path.schema.is_some() || is_known(&path.name))
}

/// Changes the text of every literal.
fn each_literal(filter: &mut Filter, change: fn(&mut String)) {
    match filter {
        Filter::And(all) | Filter::Or(all) => all.iter_mut().for_each(|inner| each_literal(inner, change)),
        Filter::Not(inner) => each_literal(inner, change),
        Filter::Element { filter, .. } => each_literal(filter, change),
        Filter::Compare { value: Literal::String(text), .. } => change(text),
        Filter::Compare { .. } | Filter::Present(_) => {}
    }
}

/// The table.
pub(super) const DEFECTS: &[Defect] = &[
    Defect {
        id: "filter-precedence",
        title: "`and` and `or` are evaluated from left to right",
        seen: &["scim2/filter-parser#18", "simpleidserver/SimpleIdServer#912", "scim2-parse-filter#55"],
        breaks: &["RFC7644-3.4.2.2-40"],
        about: "`a or b and c` means `(a or b) and c`. Queries that mix both words return the wrong people.",
        profile: "rfc",
        install: |seams| {
            seams.on_request(|asked| {
                change(asked, |text| {
                    let joined = |before: String, (word, next): (&str, &str)| match word {
                        "" => next.to_owned(),
                        word => format!("({before} {word} {next})"),
                    };
                    conditions(text).into_iter().fold(String::new(), joined)
                });
                Ok(())
            });
        },
    },
    Defect {
        id: "filter-parentheses-ignored",
        title: "parentheses in a filter are ignored",
        seen: &[],
        breaks: &["RFC7644-3.4.2.2-29", "RFC7644-3.4.2.2-40"],
        about: "`(a or b) and c` means `a or b and c`. More is returned than was asked for.",
        profile: "rfc",
        install: |seams| {
            seams.on_request(|asked| {
                change(asked, |text| {
                    let plain = |(at, piece): (usize, &str)| match at % 2 {
                        0 if !piece.contains("not") => piece.replace(['(', ')'], ""),
                        _ => piece.to_owned(),
                    };
                    pieces(text).into_iter().enumerate().map(plain).collect::<Vec<_>>().join("\"")
                });
                Ok(())
            });
        },
    },
    Defect {
        id: "filter-invalid-crashes",
        title: "a filter that cannot be read ends in an internal error",
        seen: &["AzureAD/SCIMReferenceCode#44"],
        breaks: &["RFC7644-3.12-19", "RFC7644-3.4.2.2-34", "RFC7644-3.12-17", "Q-L03", "Q-L08"],
        about: "An exception of the parser reaches the client. It takes a mistake in its query for a passing trouble and \
                repeats it.",
        profile: "rfc",
        install: |seams| {
            seams.on_answer(|asked, answer| {
                if asked.is_list() && answer.scim_type() == Some("invalidFilter") {
                    answer.refuse(&crash("Exception of type 'FilterParseException' was thrown"));
                }
            });
        },
    },
    Defect {
        id: "filter-invalid-finds-all",
        title: "a filter that cannot be read returns everybody",
        seen: &["wso2/product-is#11182"],
        breaks: &["RFC7644-3.12-19", "RFC7644-3.4.2.2-34", "RFC7644-3.4.2.2-02", "Q-L03"],
        about: "What is not understood is left out of the query. The client takes the first user of the list for the one \
                it asked for.",
        profile: "rfc",
        install: |seams| {
            seams.on_request(|asked| {
                if asked.is_list() && asked.parameter("filter").is_some_and(|text| parse(&text).is_err()) {
                    asked.drop_parameter("filter");
                }
                Ok(())
            });
        },
    },
    Defect {
        id: "filter-unknown-operator-as-eq",
        title: "an unknown operator is read as `eq`",
        seen: &[],
        breaks: &["RFC7644-3.4.2.2-47", "RFC7644-3.12-19"],
        about: "A typing mistake in an operator changes the meaning of the query without an error. The result looks \
                plausible and is wrong.",
        profile: "rfc",
        install: |seams| {
            seams.on_request(|asked| {
                change(asked, |text| {
                    let mut words = text.splitn(3, ' ');
                    match (words.next(), words.next(), words.next()) {
                        (Some(path), Some(op), Some(value))
                            if !KEYWORDS.contains(&op.to_ascii_lowercase().as_str()) =>
                        {
                            format!("{path} eq {value}")
                        }
                        _ => text.to_owned(),
                    }
                });
                Ok(())
            });
        },
    },
    Defect {
        id: "filter-operators-case-sensitive",
        title: "operators are only known in lower case",
        seen: &["scim2/filter-parser#13"],
        breaks: &["RFC7644-3.4.2.2-04", "Q-L07"],
        about: "`Eq` is an error. PingOne writes operators that way, so that it finds nobody.",
        profile: "rfc",
        install: |seams| {
            seams.on_request(|asked| {
                let text = asked.parameter("filter").filter(|_| asked.is_list()).unwrap_or_default();
                let is_loud = |word: &String| {
                    !KEYWORDS.contains(&word.as_str())
                        && KEYWORDS.contains(&word.to_ascii_lowercase().as_str())
                };
                match words(&text).iter().find(|word| is_loud(word)) {
                    Some(word) => Err(ScimError::invalid_filter(format!("`{word}` is not an operator"))),
                    None => Ok(()),
                }
            });
        },
    },
    Defect {
        id: "filter-names-case-sensitive",
        title: "attributes in a filter are only known in the letter case of the schema",
        seen: &["jelhub/scimgateway#89"],
        breaks: &["RFC7644-3.4.2.2-03", "RFC7644-3.10-05", "RFC7643-2.1-02", "Q-H13", "Q-L07"],
        about: "`username eq` finds nobody. Clients that write names in another letter case create everybody again.",
        profile: "rfc",
        install: |seams| {
            seams.on_query(|schemas, query| {
                if query.filter.as_ref().is_some_and(|filter| !is_spelled_well(schemas, filter)) {
                    query.filter = Some(super::filter::never());
                }
                Ok(())
            });
        },
    },
    Defect {
        id: "filter-value-ends-at-space",
        title: "a value in a filter ends at its first space",
        seen: &["audriga/scim-server-php#1"],
        breaks: &["RFC7644-3.4.2.2-35", "Q-L06", "Q-L16"],
        about: "`\"EDU All\"` is read as `\"EDU\"`. Groups with spaces in their name are never found, and created again \
                in every cycle.",
        profile: "rfc",
        install: |seams| {
            seams.on_query(|_, query| {
                if let Some(filter) = &mut query.filter {
                    each_literal(filter, |text| {
                        *text = text.split(' ').next().unwrap_or_default().to_owned();
                    });
                }
                Ok(())
            });
        },
    },
    Defect {
        id: "filter-escapes-unknown",
        title: "escapes in a value of a filter are taken literally",
        seen: &["Captain-P-Goldfish/SCIM-SDK#913", "apache/directory-scimple#981"],
        breaks: &["RFC7644-3.4.2.2-35", "Q-L16"],
        about: "`\\\"` means a backslash and a quote. A group with a quote in its name is never found.",
        profile: "rfc",
        install: |seams| {
            seams.on_query(|_, query| {
                if let Some(filter) = &mut query.filter {
                    each_literal(filter, |text| *text = text.replace('\\', "\\\\").replace('"', "\\\""));
                }
                Ok(())
            });
        },
    },
    Defect {
        id: "filter-ascii-only",
        title: "letters beyond ASCII in a filter become question marks",
        seen: &["Captain-P-Goldfish/SCIM-SDK#913"],
        breaks: &["RFC7644-3.4.2.2-35", "RFC7644-7.8-01", "RFC7644-3.8-01", "Q-L16"],
        about: "The query is read in the wrong encoding. People with an umlaut in their name are never found.",
        profile: "rfc",
        install: |seams| {
            seams.on_query(|_, query| {
                if let Some(filter) = &mut query.filter {
                    each_literal(filter, |text| {
                        *text = text.chars().map(|c| if c.is_ascii() { c } else { '?' }).collect();
                    });
                }
                Ok(())
            });
        },
    },
    Defect {
        id: "filter-words-in-quotes",
        title: "`and`, `or` and `pr` within a quoted value are taken for keywords",
        seen: &["thunderid#5110"],
        breaks: &["RFC7644-3.4.2.2-35", "Q-L16"],
        about: "The text is split before quotes are looked at. `Research and Development` is a broken filter.",
        profile: "rfc",
        install: |seams| {
            seams.on_request(|asked| {
                let text = asked.parameter("filter").filter(|_| asked.is_list()).unwrap_or_default();
                let mut quoted = pieces(&text).into_iter().skip(1).step_by(2);
                let is_keyword = |word: &str| ["and", "or", "pr"].contains(&word);
                match quoted.any(|value| value.split(' ').any(is_keyword)) {
                    true => Err(ScimError::invalid_filter("expected an operator")),
                    false => Ok(()),
                }
            });
        },
    },
    Defect {
        id: "filter-plus-is-plus",
        title: "`+` in a query is not decoded as a space",
        seen: &[],
        breaks: &["Q-H09", "Q-T01"],
        about: "`userName+eq+\"…\"` is one word and no filter. That is how Entra ID writes spaces, so that its connection \
                test fails.",
        profile: "interop",
        install: |seams| {
            seams.on_request(|asked| {
                asked.query = asked.query.replace('+', "%2B");
                Ok(())
            });
        },
    },
    Defect {
        id: "filter-user-name-must-be-email",
        title: "a filter on userName is refused when the value is no e-mail address",
        seen: &["MicrosoftDocs/azure-docs#94189"],
        breaks: &["RFC7644-3.4.2-11", "Q-T01"],
        about: "The value is validated before it is searched. Entra ID tests the connection with a random id, and the test \
                fails.",
        profile: "rfc",
        install: |seams| {
            seams.on_query(|_, query| match &query.filter {
                Some(Filter::Compare { path, op: Op::Eq, value: Literal::String(name) })
                    if path.name == "userName" && !name.contains('@') =>
                {
                    Err(ScimError::invalid_value("userName must be a valid e-mail address"))
                }
                _ => Ok(()),
            });
        },
    },
];
