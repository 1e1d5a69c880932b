//! Bodies that are broken, too deep, too large or full of tricks (RFC 7644 §3.12, §7.7): a correct target answers with a client
//! error, or takes them for what they are.

use std::sync::Arc;

use bytes::Bytes;
use serde_json::{Value, json};

use super::values::texts;
use crate::conformance::check::{Check, Need, check};
use crate::conformance::discovery::Kind;
use crate::conformance::trial::{Answer, Trial, shortened};
use crate::conformance::verdict::{Stop, Verdict, skip};
use crate::exchange::{Request, SCIM_JSON};

pub(super) const CHECKS: &[Check] = &[
    BROKEN_JSON,
    BROKEN_UPDATE,
    INVALID_UTF8,
    NESTING,
    LARGE,
    MANY_VALUES,
    CONTROLS,
    NUMBERS,
    MEMBER_NAMES,
    DETAILS,
];

/// Sends bytes as a body.
pub(super) async fn raw(t: &Trial, method: &str, path: &str, body: impl Into<Bytes>) -> Result<Answer, Stop> {
    let mut request = Request::new(method, path);
    request.headers.append("Content-Type", SCIM_JSON);
    request.body = body.into();
    t.send(request).await
}

/// Notes an answer that blames the server for what the client sent.
pub(super) fn expect_sane(t: &Trial, answer: &Answer, what: &str) {
    if answer.status >= 500 && answer.status != 501 {
        let flaw =
            answer.flaw(format!("{what} breaks the server")).expected("a client error (4xx), or success");
        t.note(flaw.got(answer.said()).breaks(&["RFC7644-3.12-17"]));
    }
}

fn first(t: &Trial) -> Result<Arc<Kind>, Stop> {
    t.kinds().first().cloned().ok_or_else(|| Stop::Skip("the target has no resource type".to_owned()))
}

/// A body that works, as text that goes on: without its closing brace.
async fn open_body(t: &Trial, kind: &Kind) -> Result<String, Stop> {
    let mut text = t.body(kind).await?.to_string();
    text.pop();
    Ok(text)
}

check! {
    /// A body that is no JSON object is refused with 400: cut off, empty, an array, text, a number, null.
    ///
    /// Why: proxies cut bodies off and scripts send arrays. A 500 makes the client try again for ever; a 2xx creates a resource without
    /// anything in it.
    ///
    /// Fix: catch the parser's error and answer 400 with scimType `invalidSyntax`; check for an object before looking at members.
    BROKEN_JSON = broken_json,
    id: "hostile.broken-json",
    title: "a body that is no JSON object is refused with 400",
    level: Should,
    requirements: ["RFC7644-3.3-11", "RFC7644-3.12-10", "RFC7644-3.12-17"],
    needs: [],
    breaks: [],
}

async fn broken_json(t: &Trial) -> Verdict {
    let kind = first(t)?;
    let open = open_body(t, &kind).await?;
    for (what, body) in broken(&open) {
        let answer = raw(t, "POST", kind.endpoint(), body).await?;
        judge_broken(t, &answer, what);
    }
    Ok(())
}

fn broken(open: &str) -> Vec<(&'static str, String)> {
    vec![
        ("a body that is cut off", open.to_owned()),
        ("a body with text after the object", format!("{open}}} trailing")),
        ("a body with a comma too many", format!("{open},}}")),
        ("an array", format!("[{open}}}]")),
        ("text", "\"user\"".to_owned()),
        ("a number", "42".to_owned()),
        ("null", "null".to_owned()),
        ("no body at all", String::new()),
    ]
}

fn judge_broken(t: &Trial, answer: &Answer, what: &str) {
    let flaw = answer.flaw(format!("{} with {what} answers {}", answer.asked, answer.said()));
    let flaw = flaw.expected("400 invalidSyntax").got(answer.said());
    match answer.status {
        400 => {}
        500.. => t.note(flaw.breaks(&["RFC7644-3.12-17"])),
        // 411 and 415 are answers to a missing body; 422 says the same as 400.
        401..500 if what == "no body at all" => {}
        _ => t.note(flaw.breaks(&["RFC7644-3.12-10"])),
    }
}

check! {
    /// A PUT or PATCH whose body is no JSON object is refused with 400 and changes nothing.
    ///
    /// Why: a body that was cut off and is applied as far as it goes leaves half a person.
    ///
    /// Fix: parse the whole body before anything is changed; answer 400 with scimType `invalidSyntax`.
    BROKEN_UPDATE = broken_update,
    id: "hostile.broken-update",
    title: "a broken body changes nothing",
    level: Should,
    requirements: ["RFC7644-3.5.1-17", "RFC7644-3.12-10", "RFC7644-3.12-17"],
    needs: [],
    breaks: [],
}

async fn broken_update(t: &Trial) -> Verdict {
    let kind = first(t)?;
    let body = t.body(&kind).await?;
    let created = t.create_from(&kind, &body).await?;
    let before = t.read(&created).await?;
    let mut open = body.to_string();
    open.pop();
    let patches = t.lacks(Need::Patch).await?.is_none();
    for (what, body) in broken(&open) {
        for method in ["PUT", "PATCH"].into_iter().filter(|method| patches || *method == "PUT") {
            let answer = raw(t, method, &created.path, body.clone()).await?;
            judge_broken(t, &answer, what);
        }
    }
    let after = t.get(&created.path).await?;
    let plain = |resource: &Value| {
        let mut resource = resource.clone();
        if let Some(members) = resource.as_object_mut() {
            members.shift_remove("meta");
        }
        resource
    };
    if after.json.as_ref().map(plain) != Some(plain(&before)) {
        let flaw =
            after.flaw("a broken body has changed the resource").expected(shortened(&before.to_string()));
        let got = after.json.as_ref().map_or_else(|| after.said(), Value::to_string);
        t.note(flaw.got(shortened(&got)).breaks(&["RFC7644-3.5.1-17"]).violation());
    }
    Ok(())
}

check! {
    /// Bytes that are no UTF-8 are refused with 400.
    ///
    /// Why: what cannot be text is stored as question marks, or breaks whoever reads it.
    ///
    /// Fix: decode strictly and answer 400 with scimType `invalidSyntax`.
    INVALID_UTF8 = invalid_utf8,
    id: "hostile.invalid-utf8",
    title: "bytes that are no UTF-8 are refused",
    level: Should,
    requirements: ["RFC7643-2.3.1-01", "RFC7644-3.12-10", "RFC7644-3.12-17"],
    needs: [],
    breaks: [],
}

async fn invalid_utf8(t: &Trial) -> Verdict {
    let (kind, slots) = texts(t).await?;
    let Some(slot) = slots.first() else { return skip("there is no place for text") };
    for (what, bytes) in [
        ("a byte that begins nothing", &b"\xff"[..]),
        ("half a character", &b"\xc3("[..]),
        ("an encoded surrogate", &b"\xed\xa0\x80"[..]),
        ("an overlong slash", &b"\xc0\xaf"[..]),
    ] {
        let mut body = t.body(&kind).await?;
        slot.set(&mut body, json!("MARKMARK"));
        let text = body.to_string();
        let Some(at) = text.find("MARKMARK") else { continue };
        let body = [&text.as_bytes()[..at], bytes, &text.as_bytes()[at + 8..]].concat();
        let answer = raw(t, "POST", kind.endpoint(), body).await?;
        match answer.status {
            400 => {}
            500.. => expect_sane(t, &answer, what),
            200..300 => {
                let flaw = answer
                    .flaw(format!("a body with {what} is taken for text"))
                    .expected("400 invalidSyntax");
                t.note(flaw.got(answer.said()).breaks(&["RFC7643-2.3.1-01", "RFC7644-3.12-10"]));
            }
            _ => {}
        }
    }
    Ok(())
}

check! {
    /// A body that is nested a thousand levels deep is refused or its unknown part is ignored; the server stays up.
    ///
    /// Why: a recursive parser runs out of stack, which takes the process down for everybody.
    ///
    /// Fix: limit the depth of the parser (64 is plenty) and answer 400.
    NESTING = nesting,
    id: "hostile.nesting",
    title: "deep nesting does not break the server",
    level: Should,
    requirements: ["RFC7644-3.12-17"],
    needs: [],
    breaks: [],
}

async fn nesting(t: &Trial) -> Verdict {
    let kind = first(t)?;
    for (what, open, close) in
        [("a thousand nested arrays", "[", "]"), ("a thousand nested objects", "{\"a\":", "}")]
    {
        let inner = format!("{}1{}", open.repeat(1_000), close.repeat(1_000));
        let body = format!("{},\"scimulatorUnknown\":{inner}}}", open_body(t, &kind).await?);
        let answer = raw(t, "POST", kind.endpoint(), body).await?;
        expect_sane(t, &answer, what);
    }
    // Whether somebody is still there.
    t.get(&format!("{}?count=1", kind.endpoint())).await?;
    Ok(())
}

check! {
    /// A value of a megabyte is stored whole or refused with a client error.
    ///
    /// Why: large values come by mistake (a photo in a text attribute). The client must learn that it is too much; a 500 is tried
    /// again.
    ///
    /// Fix: limit the size of bodies and answer 413, or 400 for a single value.
    LARGE = large,
    id: "hostile.large-value",
    title: "a value of a megabyte is stored or refused",
    level: Should,
    requirements: ["RFC7644-3.12-17"],
    needs: [],
    breaks: [],
}

async fn large(t: &Trial) -> Verdict {
    let (kind, slots) = texts(t).await?;
    let Some(slot) = slots.first() else { return skip("there is no place for text") };
    let mut body = t.body(&kind).await?;
    slot.set(&mut body, json!("large ".repeat(170_000)));
    let answer = t.post(kind.endpoint(), &body).await?;
    expect_sane(t, &answer, "a value of a megabyte");
    Ok(())
}

check! {
    /// A list with thousands of values is stored or refused with a client error.
    ///
    /// Why: nobody has five thousand addresses, but a script may send them. A server that runs out of memory or time takes others with
    /// it.
    ///
    /// Fix: limit the number of values of an attribute and answer 400.
    MANY_VALUES = many_values,
    id: "hostile.many-values",
    title: "a list of thousands of values does not break the server",
    level: Should,
    requirements: ["RFC7644-3.12-17"],
    needs: [],
    breaks: [],
}

async fn many_values(t: &Trial) -> Verdict {
    let kind = first(t)?;
    let list = t.list(&kind).await?;
    let tag = t.ground().fresh_name();
    let elements: Vec<Value> = (0..3_000).map(|at| list.element(&format!("{tag}x{at}"), at)).collect();
    let mut body = t.body(&kind).await?;
    list.slot.set(&mut body, json!(elements));
    let answer = t.post(kind.endpoint(), &body).await?;
    expect_sane(t, &answer, "a list of 3000 values");
    Ok(())
}

check! {
    /// Control characters in text, NUL among them, are stored or refused; they neither break the server nor cut the text off.
    ///
    /// Why: many databases cannot store NUL in text, and fail with an error of their own; languages with C strings end there.
    ///
    /// Fix: refuse control characters with 400 and scimType `invalidValue`, or store them.
    CONTROLS = controls,
    id: "hostile.control-characters",
    title: "control characters in text do no harm",
    level: Should,
    requirements: ["RFC7643-2.3.1-01", "RFC7644-3.12-17"],
    needs: [],
    breaks: [],
}

async fn controls(t: &Trial) -> Verdict {
    let tried = super::values::write(
        t,
        &[
            ("NUL", "before\u{0}after".to_owned()),
            ("control characters", "a\u{1}\u{7}\u{8}\u{1b}[31mz".to_owned()),
            ("a direction override", "abc\u{202e}fdp.exe".to_owned()),
        ],
    )
    .await?;
    for tried in &tried {
        expect_sane(t, &tried.answer, tried.what);
        let is_cut = tried.stored.as_deref().is_some_and(|stored| {
            stored.len() < tried.sent.len() && !stored.is_empty() && tried.sent.starts_with(stored)
        });
        if tried.answer.is_success() && is_cut {
            let flaw =
                tried.answer.flaw(format!("text is cut off at {}", tried.what)).expected("the text, or 400");
            t.note(
                flaw.got(shortened(tried.stored.as_deref().unwrap_or_default()))
                    .breaks(&["RFC7643-2.3.1-01"]),
            );
        }
    }
    Ok(())
}

check! {
    /// Numbers beyond every range are refused or ignored, in bodies and in query parameters.
    ///
    /// Why: 1e400 is valid JSON and no number of any language; what comes of it is infinity, an exception, or zero.
    ///
    /// Fix: check the range when a number is read, and answer 400.
    NUMBERS = numbers,
    id: "hostile.huge-numbers",
    title: "numbers beyond every range do not break the server",
    level: Should,
    requirements: ["RFC7644-3.12-17"],
    needs: [],
    breaks: [],
}

async fn numbers(t: &Trial) -> Verdict {
    let kind = first(t)?;
    let nines = "9".repeat(400);
    // Where any count breaks it, that is told by `paging.count`.
    let counts = t.get(&format!("{}?count=1", kind.endpoint())).await?.status < 500;
    for number in ["1e400", "-1e999999999", nines.as_str()] {
        let shown = shortened(&number.chars().take(14).collect::<String>());
        let body = format!("{},\"scimulatorUnknown\":{number}}}", open_body(t, &kind).await?);
        let answer = raw(t, "POST", kind.endpoint(), body).await?;
        expect_sane(t, &answer, &format!("the number {shown}"));
        let query = format!("{}?startIndex={number}", kind.endpoint());
        expect_sane(t, &t.get(&query).await?, &format!("startIndex={shown}"));
        if !counts {
            continue;
        }
        // The other sign.
        let other = |number: &str| match number.strip_prefix('-') {
            Some(number) => number.to_owned(),
            None => format!("-{number}"),
        };
        let query = format!("{}?startIndex=1&count={}", kind.endpoint(), other(number));
        expect_sane(t, &t.get(&query).await?, &format!("count={}", other(&shown)));
    }
    Ok(())
}

check! {
    /// Members with names that mean something to a programming language (`__proto__`, `constructor`) or to a database (`$where`) are
    /// unknown attributes like any other: ignored or refused, and of no consequence for other resources.
    ///
    /// Why: code that merges bodies into objects changes the prototype of all objects; from then on every resource has the attribute, until
    /// the process is restarted.
    ///
    /// Fix: copy known attributes into a new object instead of merging what comes.
    MEMBER_NAMES = member_names,
    id: "hostile.member-names",
    title: "names like __proto__ are just unknown attributes",
    level: Should,
    requirements: ["RFC7644-3.12-17", "RFC7644-7.7-01"],
    needs: [],
    breaks: [],
}

async fn member_names(t: &Trial) -> Verdict {
    let kind = first(t)?;
    let mark = format!("polluted{}", t.ground().fresh_name());
    for name in ["__proto__", "constructor", "$where", "", "a.b[0]"] {
        let open = open_body(t, &kind).await?;
        let value = json!({ &mark: "yes", "prototype": { &mark: "yes" }, "$gt": "" });
        let answer = raw(t, "POST", kind.endpoint(), format!("{open},{}:{value}}}", json!(name))).await?;
        expect_sane(t, &answer, &format!("a member named `{name}`"));
    }
    let other = t.create(&kind).await?;
    let read = t.get(&other.path).await?;
    if String::from_utf8_lossy(&read.body).contains(&mark) {
        let flaw = read
            .flaw("another resource has what was sent below a special name")
            .expected(format!("no `{mark}`"));
        return Err(flaw
            .got(shortened(&String::from_utf8_lossy(&read.body)))
            .breaks(&["RFC7644-7.7-01"])
            .violation()
            .into());
    }
    Ok(())
}

/// What appears in messages that were not meant for clients.
const LEAKS: &[&str] = &[
    "Traceback (most recent call last)",
    "SQLSTATE",
    "ORA-0",
    "syntax error at or near",
    "You have an error in your SQL syntax",
    "psycopg",
    "sqlalchemy",
    "PDOException",
    "org.hibernate",
    "org.springframework",
    "java.lang.",
    "javax.persistence",
    "System.NullReferenceException",
    "Microsoft.EntityFrameworkCore",
    "MongoError",
    "MongoServerError",
    "SequelizeDatabaseError",
    "PrismaClient",
    "ActiveRecord::",
    "node_modules/",
    "goroutine 1 [",
    "panicked at",
    "INSERT INTO ",
    "SELECT * FROM",
    "violates foreign key constraint",
    "violates not-null constraint",
    "duplicate key value violates",
];

check! {
    /// Errors tell what is wrong with the request; they hold no stack traces, SQL statements or names of classes.
    ///
    /// Why: administrators see `detail` in the console of their identity provider, and so does everybody who tries. Internals do not help
    /// the first and do help the second.
    ///
    /// Fix: catch errors of the database and of the framework, log them, and answer with words of your own.
    DETAILS = details,
    id: "hostile.error-details",
    title: "errors do not show stack traces or SQL",
    level: Should,
    requirements: ["RFC7644-3.12-17", "RFC7644-7.7-01"],
    needs: [],
    breaks: [],
}

async fn details(t: &Trial) -> Verdict {
    let kind = first(t)?;
    let mut answers = Vec::new();
    let mut wrong = t.body(&kind).await?;
    wrong["meta"] = json!("x");
    wrong["emails"] = json!([{ "value": { "a": [1] } }, 7]);
    wrong["name"] = json!([]);
    answers.push(t.post(kind.endpoint(), &wrong).await?);
    let taken = t.body(&kind).await?;
    let created = t.create_from(&kind, &taken).await?;
    answers.push(t.post(kind.endpoint(), &taken).await?);
    answers.push(raw(t, "POST", kind.endpoint(), "{\"schemas\":[").await?);
    answers.push(t.get(&format!("{}?filter=userName eq", kind.endpoint())).await?);
    answers.push(t.get(&format!("{}?filter=userName eq \"it's\\u0000\"", kind.endpoint())).await?);
    // What gets no answer at all is judged by `hostile.odd-ids`.
    answers.extend(t.get(&format!("{}/%27%22%00x", kind.endpoint())).await.ok());
    if t.lacks(Need::Patch).await?.is_none() {
        let value = json!({ "x": [1, { "y": null }] });
        answers.push(
            t.patch(&created.path, json!([{ "op": "replace", "path": "emails[", "value": value }])).await?,
        );
        answers.push(t.patch(&created.path, json!([{ "op": 1 }, null, "x"])).await?);
    }
    if let Ok(groups) = t.groups()
        && let Ok(mut body) = t.body(&groups).await
    {
        body["members"] = json!([{ "value": "not-an-id'; --" }]);
        answers.push(t.post(groups.endpoint(), &body).await?);
    }
    for answer in answers.iter().filter(|answer| answer.status >= 400) {
        let text = String::from_utf8_lossy(&answer.body);
        if let Some(leak) = LEAKS.iter().find(|leak| text.contains(**leak)) {
            let flaw = answer
                .flaw(format!("the error of {} shows internals", answer.asked))
                .expected("words for the client");
            let at = text.find(*leak).unwrap_or_default();
            let from = text[..at].char_indices().rev().nth(40).map_or(0, |(at, _)| at);
            t.note(flaw.got(shortened(&text[from..])));
        }
    }
    Ok(())
}
