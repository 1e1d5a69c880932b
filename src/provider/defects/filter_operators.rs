//! Bugs of the operators of a filter.

use super::Defect;
use super::filter::change_parts;
use crate::protocol::attr::AttrPath;
use crate::protocol::filter::{Filter, Literal, Op};

/// Takes one operator for another.
fn mistake(filter: &mut Filter, meant: Op, taken: Op) {
    if let Filter::Compare { op, .. } = filter
        && *op == meant
    {
        *op = taken;
    }
}

/// A filter that everything matches.
fn always() -> Filter {
    Filter::Present(AttrPath::simple("id"))
}

/// The table.
pub(super) const DEFECTS: &[Defect] = &[
    Defect {
        id: "filter-co-as-sw",
        title: "`co` finds the text at the beginning only",
        seen: &[],
        breaks: &["RFC7644-3.4.2.2-12"],
        about: "A search for part of a name misses most of those who have it. Imports by department or domain are \
                incomplete.",
        profile: "rfc",
        install: |seams| {
            seams.on_query(|_, query| {
                change_parts(query, |filter| mistake(filter, Op::Co, Op::Sw));
                Ok(())
            });
        },
    },
    Defect {
        id: "filter-sw-as-co",
        title: "`sw` finds the text anywhere",
        seen: &[],
        breaks: &["RFC7644-3.4.2.2-13"],
        about: "A query for everything with a prefix returns more than that. Clients that sort by prefix mix accounts of \
                different kinds.",
        profile: "rfc",
        install: |seams| {
            seams.on_query(|_, query| {
                change_parts(query, |filter| mistake(filter, Op::Sw, Op::Co));
                Ok(())
            });
        },
    },
    Defect {
        id: "filter-ew-as-co",
        title: "`ew` finds the text anywhere",
        seen: &[],
        breaks: &["RFC7644-3.4.2.2-14"],
        about: "A query for a domain also finds its sub-domains and look-alikes. What is done with the result reaches \
                people that it was not meant for.",
        profile: "rfc",
        install: |seams| {
            seams.on_query(|_, query| {
                change_parts(query, |filter| mistake(filter, Op::Ew, Op::Co));
                Ok(())
            });
        },
    },
    Defect {
        id: "filter-ne-as-eq",
        title: "`ne` is read as `eq`",
        seen: &[],
        breaks: &["RFC7644-3.4.2.2-11"],
        about: "The opposite of what was asked for is returned. A clean-up of everybody except one account removes that \
                one.",
        profile: "rfc",
        install: |seams| {
            seams.on_query(|_, query| {
                change_parts(query, |filter| mistake(filter, Op::Ne, Op::Eq));
                Ok(())
            });
        },
    },
    Defect {
        id: "filter-gt-inclusive",
        title: "`gt` includes the value itself",
        seen: &[],
        breaks: &["RFC7644-3.4.2.2-18"],
        about: "The limit belongs to the result where it must not. Incremental imports return the last known change again \
                and again.",
        profile: "rfc",
        install: |seams| {
            seams.on_query(|_, query| {
                change_parts(query, |filter| mistake(filter, Op::Gt, Op::Ge));
                Ok(())
            });
        },
    },
    Defect {
        id: "filter-ge-exclusive",
        title: "`ge` excludes the value itself",
        seen: &[],
        breaks: &["RFC7644-3.4.2.2-19"],
        about: "The limit is missing from the result. Incremental imports lose what changed in the very moment of the last \
                one.",
        profile: "rfc",
        install: |seams| {
            seams.on_query(|_, query| {
                change_parts(query, |filter| mistake(filter, Op::Ge, Op::Gt));
                Ok(())
            });
        },
    },
    Defect {
        id: "filter-lt-inclusive",
        title: "`lt` includes the value itself",
        seen: &[],
        breaks: &["RFC7644-3.4.2.2-20"],
        about: "The limit belongs to the result where it must not. Neighbouring ranges overlap and count a resource \
                twice.",
        profile: "rfc",
        install: |seams| {
            seams.on_query(|_, query| {
                change_parts(query, |filter| mistake(filter, Op::Lt, Op::Le));
                Ok(())
            });
        },
    },
    Defect {
        id: "filter-le-exclusive",
        title: "`le` excludes the value itself",
        seen: &[],
        breaks: &["RFC7644-3.4.2.2-21"],
        about: "The limit is missing from the result. Neighbouring ranges leave gaps in which resources get lost.",
        profile: "rfc",
        install: |seams| {
            seams.on_query(|_, query| {
                change_parts(query, |filter| mistake(filter, Op::Le, Op::Lt));
                Ok(())
            });
        },
    },
    Defect {
        id: "filter-pr-always-true",
        title: "`pr` is true for attributes without a value",
        seen: &[],
        breaks: &["RFC7644-3.4.2.2-16"],
        about: "A query for those who have a title returns everybody. Clients read attributes that are not there.",
        profile: "rfc",
        install: |seams| {
            seams.on_query(|_, query| {
                change_parts(query, |filter| {
                    if let Filter::Present(_) = filter {
                        *filter = always();
                    }
                });
                Ok(())
            });
        },
    },
    Defect {
        id: "filter-and-as-or",
        title: "`and` is read as `or`",
        seen: &[],
        breaks: &["RFC7644-3.4.2.2-26"],
        about: "One condition of two is enough. Entra ID asks whether a user has a certain manager, and gets the answer for \
                everybody who has.",
        profile: "rfc",
        install: |seams| {
            seams.on_query(|_, query| {
                change_parts(query, |filter| {
                    if let Filter::And(all) = filter {
                        *filter = Filter::Or(std::mem::take(all));
                    }
                });
                Ok(())
            });
        },
    },
    Defect {
        id: "filter-or-first-only",
        title: "of the conditions joined by `or` only the first counts",
        seen: &[],
        breaks: &["RFC7644-3.4.2.2-27", "RFC7644-3.4.2.2-07"],
        about: "A look-up by one of two keys misses accounts that have the other. They are created a second time.",
        profile: "rfc",
        install: |seams| {
            seams.on_query(|_, query| {
                change_parts(query, |filter| {
                    if let Filter::Or(all) = filter {
                        *filter = all.swap_remove(0);
                    }
                });
                Ok(())
            });
        },
    },
    Defect {
        id: "filter-not-ignored",
        title: "`not` is ignored",
        seen: &[],
        breaks: &["RFC7644-3.4.2.2-28"],
        about: "The opposite of what was asked for is returned. Whoever acts on the result acts on exactly the wrong \
                people.",
        profile: "rfc",
        install: |seams| {
            seams.on_query(|_, query| {
                change_parts(query, |filter| {
                    if let Filter::Not(inner) = filter {
                        *filter = (**inner).clone();
                    }
                });
                Ok(())
            });
        },
    },
    Defect {
        id: "filter-orders-booleans",
        title: "`active gt true` is accepted",
        seen: &["15five/scim2-filter-parser#23"],
        breaks: &["RFC7644-3.4.2.2-24", "RFC7644-3.12-19"],
        about: "A filter without a meaning gets a result. The mistake in the query stays unnoticed.",
        profile: "rfc",
        install: |seams| {
            seams.on_query(|_, query| {
                change_parts(query, |filter| {
                    if let Filter::Compare { op, value: Literal::Bool(_), .. } = filter
                        && matches!(op, Op::Gt | Op::Ge | Op::Lt | Op::Le)
                    {
                        *op = Op::Eq;
                    }
                });
                Ok(())
            });
        },
    },
];
