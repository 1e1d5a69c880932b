//! URLs and filters full of tricks (RFC 7643 §9.2, RFC 7644 §7.7).

use std::fmt::Write;

use serde_json::json;

use super::hostile::expect_sane;
use super::list::blocked_by_count;
use super::query::breaking;
use crate::conformance::check::{Check, check};
use crate::conformance::discovery::{Kind, Role};
use crate::conformance::trial::{Answer, Trial, component, shortened};
use crate::conformance::verdict::{Flaw, Stop, Verdict, skip};

pub(super) const CHECKS: &[Check] = &[
    VALUES,
    FILTER_VALUES,
    FILTER_SYNTAX,
    TRAVERSAL,
    ODD_IDS,
    LONG_URL,
    MANY_PARAMETERS,
    DEEP_FILTER,
    HEADERS,
];

/// Text that means something to other query languages.
const TRICKS: &[(&str, &str)] = &[
    ("SQL", "' or '1'='1"),
    ("a second SQL statement", "x'; drop table users; --"),
    ("an LDAP filter", "*)(uid=*))(|(uid=*"),
    ("a MongoDB operator", "{\"$gt\":\"\"}"),
    ("SQL wildcards", "%_%"),
    ("a lookup", "${jndi:ldap://127.0.0.1/x}"),
    ("a template", "{{7*7}}#{7*7}"),
    ("a script", "<script>alert(1)</script>"),
];

check! {
    /// Text that means something to SQL, LDAP, MongoDB or a template engine is just text: it comes back as it was sent.
    ///
    /// Why: values come from people. Whoever may choose a display name must not be able to write queries with it.
    ///
    /// Fix: bind values as parameters and never put them into the text of a statement.
    VALUES = values,
    id: "hostile.injected-values",
    title: "text of other languages in values is just text",
    level: Should,
    requirements: ["RFC7643-9.2-02", "RFC7644-7.7-01", "RFC7644-3.12-17"],
    needs: [],
    breaks: [],
}

async fn values(t: &Trial) -> Verdict {
    let texts: Vec<(&'static str, String)> =
        TRICKS.iter().map(|(what, text)| (*what, (*text).to_owned())).collect();
    for tried in super::values::write(t, &texts).await? {
        expect_sane(t, &tried.answer, &format!("text that looks like {}", tried.what));
        // A refusal is a way to be careful.
        if tried.answer.is_success() && tried.stored.as_deref() != Some(&tried.sent) {
            let flaw = tried
                .answer
                .flaw(format!("text that looks like {} is not stored as it was sent", tried.what));
            let got = tried.stored.as_deref().map_or_else(|| "nothing".to_owned(), shortened);
            let flaw = flaw.expected(tried.sent.as_str()).got(got);
            t.note(flaw.breaks(&["RFC7643-9.2-02", "RFC7644-7.7-01"]));
        }
    }
    Ok(())
}

/// The attribute by which a resource is found.
fn key(kind: &Kind) -> &'static str {
    if kind.role == Role::User { "userName" } else { "displayName" }
}

fn keyed(t: &Trial) -> Result<std::sync::Arc<Kind>, Stop> {
    let kind = t.kinds().iter().find(|kind| kind.role != Role::Other).cloned();
    kind.ok_or_else(|| Stop::Skip("the target has neither users nor groups".to_owned()))
}

fn found(answer: &Answer) -> usize {
    answer.list().map_or(0, |list| list.resources.len())
}

check! {
    /// A filter value that means something to another query language finds only what has that value: nothing.
    ///
    /// Why: if `' or '1'='1` finds people, the filter goes into a statement as text, and whoever may search may read and write
    /// everything.
    ///
    /// Fix: translate the parsed filter into a statement with parameters.
    FILTER_VALUES = filter_values,
    id: "hostile.injected-filter-values",
    title: "filter values of other languages find nothing",
    level: Should,
    requirements: ["RFC7643-9.2-02", "RFC7644-7.7-01", "RFC7644-3.12-17"],
    needs: [Filter],
    breaks: [],
}

async fn filter_values(t: &Trial) -> Verdict {
    let kind = keyed(t)?;
    // So that there is something that must not be found.
    t.create(&kind).await?;
    for (what, text) in TRICKS {
        // No resource has this, whatever else is in the directory.
        let value = format!("{}{text}", t.ground().fresh_name());
        for value in [value.as_str(), *text] {
            let answer = t.search(&kind, &format!("{} eq {}", key(&kind), json!(value))).await?;
            expect_sane(t, &answer, &format!("a filter value that looks like {what}"));
            if found(&answer) > 0 && value != *text {
                note_found(t, &answer, what);
            } else if found(&answer) > 1 {
                // Somebody may have that very name; several cannot.
                note_found(t, &answer, what);
            }
        }
    }
    Ok(())
}

fn note_found(t: &Trial, answer: &Answer, what: &str) {
    let flaw =
        answer.flaw(format!("a filter value that looks like {what} finds resources that do not have it"));
    let flaw = flaw.expected("no result").got(format!("{} results", found(answer)));
    t.note(flaw.breaks(&["RFC7643-9.2-02", "RFC7644-7.7-01"]).violation());
}

check! {
    /// Text of another query language in the place of a filter is a filter that cannot be read: 400, and no resources.
    ///
    /// Why: what is not understood must not be handed on, and «everything» is the worst answer to a question that was not understood.
    ///
    /// Fix: parse filters by the grammar of RFC 7644 §3.4.2.2 and answer 400 with scimType `invalidFilter`.
    FILTER_SYNTAX = filter_syntax,
    id: "hostile.injected-filters",
    title: "filters of other languages find nothing",
    level: Should,
    requirements: ["RFC7644-7.7-01", "RFC7644-3.12-19", "RFC7644-3.12-17"],
    needs: [Filter],
    breaks: [],
}

async fn filter_syntax(t: &Trial) -> Verdict {
    let kind = keyed(t)?;
    let created = t.create(&kind).await?;
    let key = key(&kind);
    let nobody = t.ground().fresh_name();
    for filter in [
        "' or '1'='1".to_owned(),
        format!("{key} eq \"{nobody}\" or 1=1"),
        format!("{key} eq \"{nobody}\"; drop table users"),
        format!("{key} eq \"{nobody}\" or true"),
        format!("{key} eq '{nobody}' or '1'='1'"),
        "(objectClass=*)".to_owned(),
        "{\"$gt\":\"\"}".to_owned(),
        format!("{key} eq \"{nobody}\" --"),
    ] {
        let answer = t.search(&kind, &filter).await?;
        expect_sane(t, &answer, &format!("the filter `{filter}`"));
        if found(&answer) > 0 {
            let flaw =
                answer.flaw(format!("the filter `{filter}` finds resources")).expected("400 invalidFilter");
            let flaw = flaw.got(format!("{} results", found(&answer)));
            t.note(flaw.breaks(&["RFC7644-7.7-01", "RFC7644-3.12-19"]).violation());
        }
    }
    // It is still there.
    breaking(t.get(&created.path).await?.expect_status(&[200]), &["RFC7644-7.7-01"])?;
    Ok(())
}

check! {
    /// `..` in an id leads nowhere: encoded slashes and backslashes are part of the id, which nobody has.
    ///
    /// Why: a server that decodes first and resolves the path afterwards hands out other resources, other tenants, or files.
    ///
    /// Fix: split the path before decoding it, and look ids up as they are.
    TRAVERSAL = traversal,
    id: "hostile.path-traversal",
    title: "encoded path segments in an id lead nowhere",
    level: Should,
    requirements: ["RFC7644-7.7-01", "RFC7644-3.12-13", "RFC7644-3.12-17"],
    needs: [],
    breaks: [],
}

async fn traversal(t: &Trial) -> Verdict {
    let Some(kind) = t.kinds().first() else { return skip("the target has no resource type") };
    let endpoint = kind.endpoint();
    for path in [
        format!("{endpoint}/..%2f..%2f..%2f..%2fetc%2fpasswd"),
        format!("{endpoint}/..%2fServiceProviderConfig"),
        format!("{endpoint}/..%5c..%5cwindows%5cwin.ini"),
        format!("{endpoint}/%252e%252e%252fServiceProviderConfig"),
    ] {
        let answer = t.get(&path).await?;
        expect_sane(t, &answer, &format!("GET {path}"));
        if answer.is_success() {
            let flaw =
                answer.flaw(format!("GET {path} leads to something")).expected("404").got(answer.said());
            let text = String::from_utf8_lossy(&answer.body).into_owned();
            let is_file = text.contains("root:") || text.contains("[fonts]");
            t.note(match is_file {
                true => flaw.got(shortened(&text)).breaks(&["RFC7644-7.7-01", "RFC7644-3.12-13"]).violation(),
                false => flaw.breaks(&["RFC7644-3.12-13"]),
            });
        }
    }
    Ok(())
}

/// What a GET with something odd in it is answered. An answer that is no HTTP is the target's doing where a plain GET beside it is
/// answered, and where it is so twice: then the odd bytes went into the answer as they came, and the flaw is noted.
async fn heard(t: &Trial, odd: &str, plain: &str) -> Result<Option<Answer>, Stop> {
    for is_last in [false, true] {
        match t.get(odd).await {
            Ok(answer) => return Ok(Some(answer)),
            Err(stop) => {
                let (Some(exchange), Stop::Error(reason)) = (t.garbled(), &stop) else { return Err(stop) };
                if is_last {
                    let what = format!("bytes of the request break the answer to GET {}", shortened(odd));
                    let expected = "an answer that is HTTP";
                    t.note(Flaw::new(what).expected(expected).got(shortened(reason)).at(exchange));
                    return Ok(None);
                }
                t.get(plain).await?;
            }
        }
    }
    Ok(None)
}

check! {
    /// An id of odd form is an id that nobody has: 404.
    ///
    /// Why: ids are opaque to clients; what is no UUID or no number for the database is still only a resource that does not exist. A 500
    /// is tried again, a 404 is not.
    ///
    /// Fix: answer 404 when an id cannot be converted into the key of the database.
    ODD_IDS = odd_ids,
    id: "hostile.odd-ids",
    title: "an id of odd form is not found",
    level: Should,
    requirements: ["RFC7644-3.12-13", "RFC7644-3.12-17"],
    needs: [],
    breaks: [],
}

async fn odd_ids(t: &Trial) -> Verdict {
    let Some(kind) = t.kinds().first() else { return skip("the target has no resource type") };
    let long = "x".repeat(1_000);
    let mut unanswered = Ok(());
    for id in [
        "%27",
        "%22%3E",
        "null",
        "undefined",
        "-1",
        "0x1F",
        "%F0%9F%98%80",
        "%FF",
        "%00",
        "1e400",
        long.as_str(),
    ] {
        let (odd, plain) =
            (format!("{}/scimulator{id}", kind.endpoint()), format!("{}/scimulator", kind.endpoint()));
        let answer = match heard(t, &odd, &plain).await {
            Ok(Some(answer)) => answer,
            Ok(None) => continue,
            // The others are tried all the same.
            Err(stop) => {
                unanswered = Err(stop);
                continue;
            }
        };
        let shown: String = id.chars().take(20).collect();
        expect_sane(t, &answer, &format!("the id `scimulator{shown}`"));
        if answer.is_success() {
            let flaw = answer.flaw(format!("the id `scimulator{shown}` leads to something")).expected("404");
            t.note(flaw.got(answer.said()).breaks(&["RFC7644-3.12-13"]));
        }
    }
    unanswered
}

check! {
    /// A URL of eight kilobytes is read, or refused with a client error.
    ///
    /// Why: filters with many alternatives grow that long. The client must learn that it has to use `.search`; a connection that is cut off
    /// is tried again.
    ///
    /// Fix: answer 414, or 400 for a filter that is too complex.
    LONG_URL = long_url,
    id: "hostile.long-url",
    title: "a long URL is read or refused",
    level: Should,
    requirements: ["RFC7644-3.12-17"],
    needs: [Filter],
    breaks: [],
}

async fn long_url(t: &Trial) -> Verdict {
    let kind = keyed(t)?;
    let value = format!("{}{}", t.ground().fresh_name(), "a".repeat(7_900));
    let answer = t.search(&kind, &format!("{} eq \"{value}\"", key(&kind))).await?;
    expect_sane(t, &answer, "a filter of eight kilobytes");
    if found(&answer) > 0 {
        let flaw = answer
            .flaw("a filter of eight kilobytes finds what does not have that value")
            .expected("no result, or 414");
        t.note(flaw.got(format!("{} results", found(&answer))).violation());
    }
    Ok(())
}

check! {
    /// Hundreds of query parameters, unknown ones and one many times over, do not break the server.
    ///
    /// Why: a parser that cannot say no is an easy way to keep a server busy.
    ///
    /// Fix: ignore unknown parameters; limit their number and answer 400.
    MANY_PARAMETERS = many_parameters,
    id: "hostile.many-parameters",
    title: "hundreds of query parameters do not break the server",
    level: Should,
    requirements: ["RFC7644-3.12-17"],
    needs: [],
    breaks: [],
}

async fn many_parameters(t: &Trial) -> Verdict {
    let Some(kind) = t.kinds().first() else { return skip("the target has no resource type") };
    let mut unknown = format!("{}?count=1", kind.endpoint());
    let mut repeated = unknown.clone();
    for at in 0..300 {
        let _ = write!(unknown, "&x{at}={at}");
        let _ = write!(repeated, "&startIndex={at}");
    }
    for (what, target) in
        [("hundreds of unknown query parameters", unknown), ("a parameter hundreds of times", repeated)]
    {
        let answer = t.get(&target).await?;
        blocked_by_count(t, &answer).await?;
        expect_sane(t, &answer, what);
    }
    Ok(())
}

check! {
    /// A filter with hundreds of parentheses or alternatives is evaluated, or refused with a client error.
    ///
    /// Why: a recursive parser runs out of stack, a naive planner out of time.
    ///
    /// Fix: limit depth and number of terms and answer 400 with scimType `invalidFilter`, or `tooMany`.
    DEEP_FILTER = deep_filter,
    id: "hostile.deep-filter",
    title: "a deep filter does not break the server",
    level: Should,
    requirements: ["RFC7644-3.12-17", "RFC7644-3.12-19"],
    needs: [Filter],
    breaks: [],
}

async fn deep_filter(t: &Trial) -> Verdict {
    let kind = keyed(t)?;
    let nobody = t.ground().fresh_name();
    let one = format!("{} eq \"{nobody}\"", key(&kind));
    let deep = format!("{}{one}{}", "(".repeat(500), ")".repeat(500));
    let negated = format!("{}{one}{}", "not (".repeat(101), ")".repeat(101));
    let wide = vec![one.as_str(); 80].join(" or ");
    for (what, filter) in
        [("500 parentheses", &deep), ("101 negations", &negated), ("80 alternatives", &wide)]
    {
        let filter = format!("{filter} and {one}");
        // Negations of an odd number are everything but nobody; together with nobody they are nothing.
        let answer = t.get(&format!("{}?filter={}&count=1", kind.endpoint(), component(&filter))).await?;
        expect_sane(t, &answer, &format!("a filter with {what}"));
        if found(&answer) > 0 {
            let flaw = answer
                .flaw(format!("a filter with {what} finds what it rules out"))
                .expected("no result, or 400");
            t.note(flaw.got("a resource").breaks(&["RFC7644-3.12-19"]).violation());
        }
    }
    Ok(())
}

check! {
    /// Line breaks in values and in queries do not end up as header fields of the answer.
    ///
    /// Why: a name that goes into `Location` or into an error header unescaped lets whoever chose it write header fields for others.
    ///
    /// Fix: percent-encode what goes into URLs, and never copy input into headers.
    HEADERS = headers,
    id: "hostile.header-injection",
    title: "line breaks in values do not become header fields",
    level: Must,
    requirements: ["RFC9110-2.2-01", "RFC7644-7.7-01", "RFC7644-3.12-17"],
    needs: [],
    breaks: [],
}

async fn headers(t: &Trial) -> Verdict {
    let kind = keyed(t)?;
    let mut body = t.body(&kind).await?;
    let name = format!("{}\r\nX-Scimulator-Injected: yes\r\n\r\nx", t.ground().fresh_name());
    body[key(&kind)] = json!(name);
    body["externalId"] = json!(name);
    let encoded = component(&name);
    let answers = [
        t.post(kind.endpoint(), &body).await?,
        t.get(&format!("{}?filter={}%20eq%20%22{encoded}%22", kind.endpoint(), key(&kind))).await?,
        t.get(&format!("{}?sortBy={encoded}&attributes={encoded}", kind.endpoint())).await?,
    ];
    let plain = format!("{}/scimulator", kind.endpoint());
    let by_id = heard(t, &format!("{}/{encoded}", kind.endpoint()), &plain).await?;
    for answer in answers.iter().chain(&by_id) {
        if answer.status >= 500 && answer.status != 501 {
            let flaw = answer.flaw("a line break in a value breaks the server");
            let flaw = flaw.expected("a client error (4xx), or success").got(answer.said());
            t.note(flaw.breaks(&["RFC7644-3.12-17"]).concern());
        }
        if answer.headers.contains("x-scimulator-injected") {
            let flaw =
                answer.flaw("a line break in a value becomes a header field").expected("no such field");
            t.note(flaw.got("X-Scimulator-Injected: yes").breaks(&["RFC9110-2.2-01", "RFC7644-7.7-01"]));
        }
    }
    Ok(())
}
