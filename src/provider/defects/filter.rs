//! Bugs of what a filter means.

use serde_json::Value;

use super::Defect;
use super::tools::elements;
use crate::protocol::Resource;
use crate::protocol::attr::AttrPath;
use crate::protocol::filter::{Filter, Literal, Op};
use crate::protocol::query::Query;

/// Changes every part of a filter, from the inside out.
fn each_part(filter: &mut Filter, change: fn(&mut Filter)) {
    match filter {
        Filter::And(all) | Filter::Or(all) => all.iter_mut().for_each(|inner| each_part(inner, change)),
        Filter::Not(inner) => each_part(inner, change),
        Filter::Element { filter, .. } => each_part(filter, change),
        Filter::Compare { .. } | Filter::Present(_) => {}
    }
    change(filter);
}

/// Changes every part of the filter of a query.
pub(super) fn change_parts(query: &mut Query, change: fn(&mut Filter)) {
    if let Some(filter) = &mut query.filter {
        each_part(filter, change);
    }
}

/// A filter that nothing matches.
pub(super) fn never() -> Filter {
    let id = || Filter::Present(AttrPath::simple("id"));
    Filter::And(vec![id(), Filter::Not(Box::new(id()))])
}

/// The text with which a query compares that attribute for equality, when that is all that it asks.
fn wanted<'q>(query: &'q Query, name: &str) -> Option<&'q str> {
    match query.filter.as_ref()? {
        Filter::Compare { path, op: Op::Eq, value: Literal::String(text) }
            if path.sub.is_none() && path.name.eq_ignore_ascii_case(name) =>
        {
            Some(text)
        }
        _ => None,
    }
}

/// The text of an attribute.
fn text<'r>(resource: &'r Resource, name: &str) -> Option<&'r str> {
    resource.get(name)?.as_str()
}

/// The table.
pub(super) const DEFECTS: &[Defect] = &[
    Defect {
        id: "filter-ignored",
        title: "`filter` is ignored",
        seen: &["wso2/product-is#11182"],
        breaks: &["RFC7644-3.4.2.2-02", "RFC7643-5-20", "Q-T01", "Q-L10"],
        about: "Every query returns everybody. A look-up takes the first user of the list for the one it asked for, and \
                that account is then overwritten.",
        profile: "rfc",
        install: |seams| {
            seams.on_query(|_, query| {
                query.filter = None;
                Ok(())
            });
        },
    },
    Defect {
        id: "filter-not-implemented",
        title: "ServiceProviderConfig announces filters, and they are answered 501",
        seen: &["Yuzu#2027"],
        breaks: &["RFC7643-5-20", "RFC7644-3.4.2.2-01", "Q-T01", "Q-T09"],
        about: "The discovery document promises what the provider cannot do. The connection test of Entra ID is a filter \
                and fails.",
        profile: "rfc",
        install: |seams| seams.on_profile(|profile| profile.features.filter = false),
    },
    Defect {
        id: "filter-user-name-case-sensitive",
        title: "a filter on userName respects letter case",
        seen: &["pond/scimitar#36", "pond/scimitar#37"],
        breaks: &["RFC7643-4.1.1-05", "RFC7644-3.4.2.2-49", "Q-L01"],
        about: "`ADA@x` does not find `ada@x`. The identity provider creates the account and gets a conflict, for ever.",
        profile: "rfc",
        install: |seams| {
            seams.on_match(|query, resource, is_match| {
                if let Some(name) = wanted(query, "userName") {
                    *is_match = text(resource, "userName") == Some(name);
                }
            });
        },
    },
    Defect {
        id: "filter-external-id-any-case",
        title: "a filter on externalId does not respect letter case",
        seen: &[],
        breaks: &["RFC7643-3.1-19", "RFC7643-7-17", "RFC7644-3.4.2.2-49", "Q-L02"],
        about: "Keys that differ in letter case only are taken for each other. Two people of another directory become one \
                account.",
        profile: "rfc",
        install: |seams| {
            seams.on_match(|query, resource, is_match| {
                if let Some(key) = wanted(query, "externalId") {
                    *is_match = text(resource, "externalId").is_some_and(|own| own.eq_ignore_ascii_case(key));
                }
            });
        },
    },
    Defect {
        id: "filter-id-any-case",
        title: "a filter on id does not respect letter case",
        seen: &["pond/scimitar#36"],
        breaks: &["RFC7643-3.1-12", "RFC7643-7-17"],
        about: "An id in the wrong letter case finds a resource that a GET with it does not. Clients cannot tell which of \
                the two is right.",
        profile: "rfc",
        install: |seams| {
            seams.on_match(|query, resource, is_match| {
                if let Some(id) = wanted(query, "id") {
                    *is_match = text(resource, "id").is_some_and(|own| own.eq_ignore_ascii_case(id));
                }
            });
        },
    },
    Defect {
        id: "filter-external-id-unsupported",
        title: "a filter on externalId finds nothing",
        seen: &["OctopusDeploy/Issues#9841", "better-auth/better-auth#10420", "goauthentik/authentik#25837"],
        breaks: &["RFC7643-3.1-21", "RFC7644-3.4.2.2-08", "Q-L02"],
        about: "The attribute is stored and cannot be searched. Clients that match by externalId create everybody again.",
        profile: "rfc",
        install: |seams| {
            seams.on_query(|_, query| {
                if wanted(query, "externalId").is_some() {
                    query.filter = Some(never());
                }
                Ok(())
            });
        },
    },
    Defect {
        id: "filter-value-path-first-term",
        title: "in `emails[type eq \"work\" and value co \"x\"]` only the first condition counts",
        seen: &[],
        breaks: &["RFC7644-3.4.2.2-30", "RFC7644-3.4.2.2-32", "Q-L04"],
        about: "What stands behind `and` within brackets is dropped. A look-up by work address finds everybody who has \
                one.",
        profile: "rfc",
        install: |seams| {
            seams.on_query(|_, query| {
                change_parts(query, |filter| {
                    if let Filter::Element { filter, .. } = filter
                        && let Filter::And(all) = &mut **filter
                    {
                        **filter = all.swap_remove(0);
                    }
                });
                Ok(())
            });
        },
    },
    Defect {
        id: "filter-value-path-across-elements",
        title: "the conditions in brackets may hold for different values",
        seen: &[],
        breaks: &["RFC7644-3.4.2.2-31"],
        about: "A private address counts as the work address of somebody who has both. Look-ups by work address find the \
                wrong person.",
        profile: "rfc",
        install: |seams| {
            seams.on_query(|_, query| {
                change_parts(query, |filter| {
                    if let Filter::Element { path, filter: inner } = filter
                        && let Filter::And(all) = &**inner
                    {
                        let alone = |one: &Filter| Filter::Element {
                            path: path.clone(),
                            filter: Box::new(one.clone()),
                        };
                        *filter = Filter::And(all.iter().map(alone).collect());
                    }
                });
                Ok(())
            });
        },
    },
    Defect {
        id: "filter-first-value-only",
        title: "of a multi-valued attribute only the first value is searched",
        seen: &[],
        breaks: &["RFC7644-3.4.2.2-42"],
        about: "Second addresses and later members are not found. Whether somebody is a member depends on the order in \
                which people joined.",
        profile: "rfc",
        install: |seams| {
            seams.on_match(|query, resource, is_match| {
                if let Some(Filter::Compare { path, op: Op::Eq, value: Literal::String(text) }) =
                    &query.filter
                    && let [first, ..] = elements(resource.get(&path.name))
                {
                    *is_match = first
                        .get("value")
                        .and_then(Value::as_str)
                        .is_some_and(|v| v.eq_ignore_ascii_case(text));
                }
            });
        },
    },
    Defect {
        id: "filter-dates-as-text",
        title: "dates are compared as text",
        seen: &[],
        breaks: &["RFC7644-3.4.2.2-10", "RFC7644-3.4.2.2-22"],
        about: "The same moment in another time zone is another one. Incremental imports of clients east or west of \
                Greenwich miss hours of changes.",
        profile: "rfc",
        install: |seams| {
            seams.on_match(|query, resource, is_match| {
                if let Some(Filter::Compare { path, op, value: Literal::String(text) }) = &query.filter
                    && let Some(Value::String(own)) =
                        resource.get("meta").and_then(|meta| meta.get(path.sub.as_deref()?))
                {
                    *is_match = match op {
                        Op::Eq => own == text,
                        Op::Gt => own > text,
                        Op::Ge => own >= text,
                        Op::Lt => own < text,
                        Op::Le => own <= text,
                        _ => *is_match,
                    };
                }
            });
        },
    },
    Defect {
        id: "filter-unknown-attribute-finds-all",
        title: "a filter on an unknown attribute returns everybody",
        seen: &["wso2/product-is#11182", "AzureAD/SCIMReferenceCode#44"],
        breaks: &["RFC7644-3.4.2.2-52", "RFC7644-3.4.2.2-02", "Q-L07"],
        about: "What is not understood is left out of the query. A mistake in the mapping makes the client take the first \
                user for the one it asked for.",
        profile: "rfc",
        install: |seams| {
            seams.on_query(|schemas, query| {
                let paths = query.filter.as_ref().map(Filter::paths).unwrap_or_default();
                if paths.iter().any(|path| schemas.iter().all(|schema| schema.bind(path).is_err())) {
                    query.filter = None;
                }
                Ok(())
            });
        },
    },
    Defect {
        id: "filter-booleans-unknown",
        title: "`active eq true` finds nothing",
        seen: &[],
        breaks: &["RFC7644-3.4.2.2-09"],
        about: "Booleans are only compared with texts. A query for active accounts says that there are none.",
        profile: "rfc",
        install: |seams| {
            seams.on_query(|_, query| {
                change_parts(query, |filter| {
                    if let Filter::Compare { value: Literal::Bool(_), .. } = filter {
                        *filter = never();
                    }
                });
                Ok(())
            });
        },
    },
    Defect {
        id: "filter-wildcards",
        title: "`%` in a value stands for any text",
        seen: &[],
        breaks: &["RFC7644-3.4.2.2-15", "RFC7644-7.7-01"],
        about: "Values go into a LIKE of the database as they are. A name with `%` finds everybody, and so does an \
                attacker.",
        profile: "rfc",
        install: |seams| {
            seams.on_query(|_, query| {
                change_parts(query, |filter| {
                    if let Filter::Compare {
                        op: Op::Co | Op::Sw | Op::Ew,
                        value: Literal::String(text),
                        ..
                    } = filter
                    {
                        *text = text.replace('%', "");
                    }
                });
                Ok(())
            });
        },
    },
    Defect {
        id: "filter-sub-attributes-unknown",
        title: "`name.familyName eq \"…\"` finds nothing",
        seen: &[],
        breaks: &["RFC7644-3.4.2.2-38", "RFC7644-3.4.2.2-43", "RFC7644-3.10-04"],
        about: "Only attributes at the top level can be searched. Look-ups by a part of the name never match.",
        profile: "rfc",
        install: |seams| {
            seams.on_query(|_, query| {
                change_parts(query, |filter| {
                    if let Filter::Compare { path: AttrPath { sub: Some(_), .. }, .. } = filter {
                        *filter = never();
                    }
                });
                Ok(())
            });
        },
    },
    Defect {
        id: "filter-extension-unknown",
        title: "a filter on an extension attribute finds nothing",
        seen: &[],
        breaks: &["RFC7644-3.4.2.2-39", "RFC7644-3.10-03"],
        about: "Department and employee number cannot be searched. Clients that match by employee number create everybody \
                again.",
        profile: "rfc",
        install: |seams| {
            seams.on_query(|_, query| {
                change_parts(query, |filter| {
                    if let Filter::Compare { path: AttrPath { schema: Some(urn), .. }, .. } = filter
                        && urn.contains(":extension:")
                    {
                        *filter = never();
                    }
                });
                Ok(())
            });
        },
    },
    Defect {
        id: "filter-urn-unknown",
        title: "an attribute with the URI of its schema before it is not found",
        seen: &[],
        breaks: &["RFC7644-3.4.2.2-37", "RFC7644-3.10-01"],
        about: "The full name of an attribute means nothing. Clients that always write the full name find nobody.",
        profile: "rfc",
        install: |seams| {
            seams.on_query(|_, query| {
                change_parts(query, |filter| {
                    if let Filter::Compare { path: AttrPath { schema: Some(urn), .. }, .. } = filter
                        && urn.contains(":core:")
                    {
                        *filter = never();
                    }
                });
                Ok(())
            });
        },
    },
];
