//! Text of all kinds (RFC 7643 §2.3.1).

use std::sync::Arc;

use serde_json::{Value, json};

use super::attributes::creatable;
use crate::conformance::check::{Check, check};
use crate::conformance::discovery::Kind;
use crate::conformance::trial::{Answer, Slot, Trial, shortened};
use crate::conformance::verdict::{Stop, Verdict, skip};
use crate::protocol::value::prepare_exact;

pub(super) const CHECKS: &[Check] = &[UNICODE, SIGNS, SPACES, LONG, EMPTY];

/// The first type that has a place for text, with all such places.
pub(super) async fn texts(t: &Trial) -> Result<(Arc<Kind>, Vec<Slot>), Stop> {
    let mut last = None;
    for kind in creatable(t).await? {
        match t.texts(&kind, 1).await {
            Ok(slots) => return Ok((kind, slots)),
            Err(Stop::Skip(reason)) => last = Some(reason),
            Err(stop) => return Err(stop),
        }
    }
    skip(last.unwrap_or_else(|| "the target has no resource type".to_owned()))
}

/// Text that was written and what came of it.
pub(super) struct Tried {
    pub(super) what: &'static str,
    pub(super) sent: String,
    pub(super) answer: Answer,
    /// What a GET shows afterwards; nothing where the text was refused or is gone.
    pub(super) stored: Option<String>,
}

/// Writes texts, as many with one request as there are places; each alone where that is refused.
pub(super) async fn write(t: &Trial, all: &[(&'static str, String)]) -> Result<Vec<Tried>, Stop> {
    let (kind, slots) = texts(t).await?;
    let mut tried = Vec::new();
    let mut waiting: Vec<&[(&'static str, String)]> = all.chunks(slots.len()).rev().collect();
    while let Some(batch) = waiting.pop() {
        let mut body = t.body(&kind).await?;
        for (slot, (_, text)) in slots.iter().zip(batch) {
            slot.set(&mut body, json!(text));
        }
        let answer = t.post(kind.endpoint(), &body).await?;
        if !answer.is_success() && batch.len() > 1 {
            waiting.extend(batch.chunks(1).rev());
            continue;
        }
        let stored = match answer.is_success() {
            true => t.read(&t.created_by(&kind, &answer)?).await?,
            false => Value::Null,
        };
        for (slot, (what, text)) in slots.iter().zip(batch) {
            let stored = slot.get(&stored).and_then(Value::as_str).map(str::to_owned);
            tried.push(Tried { what, sent: text.clone(), answer: answer.clone(), stored });
        }
    }
    Ok(tried)
}

/// Notes text that breaks the server, or that is not stored as it was sent. `tolerated` says which changes weigh as concerns only.
fn judge(t: &Trial, tried: &[Tried], tolerated: impl Fn(&str, &str) -> bool) {
    for Tried { what, sent, answer, stored } in tried {
        if answer.status >= 500 {
            let flaw = answer.flaw(format!("text with {what} breaks the server"));
            t.note(flaw.expected("the text is stored, or 400").got(answer.said()).violation());
        }
        // A format may stand behind a refusal (RFC 7643 §2.3.1).
        if !answer.is_success() || stored.as_deref() == Some(sent) {
            continue;
        }
        let flaw =
            answer.flaw(format!("text with {what} is not stored as it was sent")).expected(visible(sent));
        let flaw = flaw.got(stored.as_deref().map_or_else(|| "nothing".to_owned(), visible));
        let is_concern = stored.as_deref().is_some_and(|stored| tolerated(sent, stored));
        t.note(if is_concern { flaw.concern() } else { flaw });
    }
}

/// Text with its characters as they are, escaped where they could not be seen.
fn visible(text: &str) -> String {
    let escaped: String = text
        .chars()
        .map(|c| match c {
            c if c.is_control() || ('\u{200b}'..='\u{206f}').contains(&c) => c.escape_unicode().to_string(),
            c if ('\u{300}'..='\u{36f}').contains(&c) => c.escape_unicode().to_string(),
            c => c.to_string(),
        })
        .collect();
    format!("{} ({} characters)", shortened(&escaped), text.chars().count())
}

check! {
    /// Text is Unicode: letters of any script, combining marks, characters beyond the basic plane come back as they were sent.
    ///
    /// Why: names are not ASCII. A column in Latin-1 turns «Zoë 漢字» into question marks, and an emoji in a display name cuts off the
    /// rest in a database that holds three bytes for a character.
    ///
    /// Fix: UTF-8 from end to end: request parsing, database connection and columns (utf8mb4), response.
    UNICODE = unicode,
    id: "values.unicode",
    title: "text of any script comes back as it was sent",
    level: Must,
    requirements: ["RFC7643-2.3.1-01"],
    needs: [],
    breaks: [Okta, Entra, OneLogin, JumpCloud, Ping],
}

async fn unicode(t: &Trial) -> Verdict {
    let texts = [
        ("accents (composed)", "Zo\u{eb} \u{c5}ngstr\u{f6}m"),
        ("accents (decomposed)", "Zoe\u{308} A\u{30a}ngstro\u{308}m"),
        ("Chinese characters", "\u{6f22}\u{5b57}\u{540d}\u{524d}"),
        ("emoji", "Ada \u{1f600}\u{1f469}\u{1f3fd}\u{200d}\u{1f4bb} Lovelace"),
        ("Hebrew and Arabic", "\u{5e9}\u{5dc}\u{5d5}\u{5dd} \u{645}\u{631}\u{62d}\u{628}\u{627} x"),
        ("several combining marks", "a\u{301}\u{323}\u{302}b"),
        ("an upper-case sharp s and ligatures", "Stra\u{df}e STRA\u{1e9e}E \u{fb01}n"),
        ("characters beyond the basic plane", "\u{20000}\u{1d54f}"),
    ];
    let texts = texts.map(|(what, text)| (what, text.to_owned()));
    let tried = write(t, &texts).await?;
    // The composed form of a letter is the same letter.
    judge(t, &tried, |sent, stored| prepare_exact(sent) == prepare_exact(stored));
    Ok(())
}

check! {
    /// Text with signs that mean something elsewhere is just text: quotation marks, backslashes, markup, percent signs, braces.
    ///
    /// Why: what is escaped for HTML before it is stored comes back as `O&#39;Brien`, and is escaped again with the next update.
    ///
    /// Fix: escape where text is put into another language (SQL parameters, HTML templates), not where it is stored.
    SIGNS = signs,
    id: "values.signs",
    title: "quotation marks, backslashes and markup come back as sent",
    level: Must,
    requirements: ["RFC7643-2.3.1-01"],
    needs: [],
    breaks: [Okta, Entra, OneLogin],
}

async fn signs(t: &Trial) -> Verdict {
    let texts = [
        ("an apostrophe", "Miles O'Brien"),
        ("quotation marks", "Dwayne \"The Rock\" Johnson"),
        ("backslashes", "CORP\\ada \\n \\u0041"),
        ("markup", "R&D <b>team</b> &amp;"),
        ("percent signs and plus", "100% a+b %20"),
        ("braces and dollar signs", "${x} {{y}} $1"),
        ("a word that means nothing else", "null"),
        ("digits only", "00123"),
    ];
    let tried = write(t, &texts.map(|(what, text)| (what, text.to_owned()))).await?;
    judge(t, &tried, |_, _| false);
    Ok(())
}

check! {
    /// Spaces at the ends of text, several spaces in a row, tabs and line breaks are kept.
    ///
    /// Why: an identity provider that compares what it sent with what it reads sees a difference in every cycle if the server trims, and
    /// addresses have line breaks.
    ///
    /// Fix: store text as it comes; if text is to be trimmed, refuse other text with 400 or trim in comparisons only.
    SPACES = spaces,
    id: "values.spaces",
    title: "spaces and line breaks in text are kept",
    level: Should,
    requirements: ["RFC7643-2.3.1-01"],
    needs: [],
    breaks: [],
}

async fn spaces(t: &Trial) -> Verdict {
    let texts = [
        ("spaces at the ends", "  ada  "),
        ("several spaces in a row", "ada   king"),
        ("a tab", "ada\tking"),
        ("line breaks", "first\nsecond\r\nthird"),
        ("a no-break space", "ada\u{a0}king"),
    ];
    let tried = write(t, &texts.map(|(what, text)| (what, text.to_owned()))).await?;
    judge(t, &tried, |_, _| true);
    Ok(())
}

check! {
    /// Long text is stored whole or refused with a client error; it is never cut off.
    ///
    /// Why: what is cut off is lost without anybody knowing, and two long names that differ at the end become the same. A 500 is tried
    /// again for ever.
    ///
    /// Fix: check the length before storing and answer 400 with scimType `invalidValue` and the limit, or use a column without one.
    LONG = long,
    id: "values.long",
    title: "long text is stored whole or refused, never cut off",
    level: Must,
    requirements: ["RFC7643-2.3.1-01", "RFC7644-3.5.1-03", "RFC7644-3.12-17"],
    needs: [],
    breaks: [Entra],
}

async fn long(t: &Trial) -> Verdict {
    let (kind, slots) = texts(t).await?;
    let Some(slot) = slots.first() else { return skip("there is no place for text") };
    let base = t.body(&kind).await?;
    let created = t.create_from(&kind, &base).await?;
    for length in [300, 1_000, 10_000] {
        let text: String = "Long text, ".chars().cycle().take(length - 1).chain(['!']).collect();
        let mut body = base.clone();
        slot.set(&mut body, json!(text));
        let answer = t.put(&created.path, &body).await?;
        if answer.status >= 500 {
            let flaw = answer
                .flaw(format!("text of {length} characters breaks the server"))
                .expected("the text is stored, or 400");
            t.note(flaw.got(answer.said()).breaks(&["RFC7644-3.12-17"]));
            break;
        }
        if !answer.is_success() {
            break;
        }
        let stored = t.read(&created).await?;
        let found = slot.get(&stored).and_then(Value::as_str).unwrap_or_default();
        if found != text {
            let flaw = answer.flaw(format!("text of {length} characters is not stored whole"));
            t.note(
                flaw.expected(format!("{length} characters, or 400"))
                    .got(format!("{} characters", found.chars().count()))
                    .breaks(&["RFC7643-2.3.1-01", "RFC7644-3.5.1-03"]),
            );
            break;
        }
    }
    Ok(())
}

check! {
    /// Text without any characters is stored, taken for «no value», or refused with 400: it neither breaks the server nor turns into
    /// something else.
    ///
    /// Why: Entra and others send `""` to clear a value. A server that stores the word `null`, or answers 500, makes a mess of it.
    ///
    /// Fix: decide for one of the three and do it everywhere.
    EMPTY = empty,
    id: "values.empty-text",
    title: "empty text is stored, dropped or refused",
    level: Must,
    requirements: ["RFC7643-2.3.1-01", "RFC7644-3.12-17"],
    needs: [],
    breaks: [Entra],
}

async fn empty(t: &Trial) -> Verdict {
    let tried = write(t, &[("no characters", String::new())]).await?;
    for Tried { answer, stored, .. } in &tried {
        if answer.status >= 500 {
            let flaw = answer.flaw("empty text breaks the server").expected("201 or 400").got(answer.said());
            t.note(flaw.breaks(&["RFC7644-3.12-17"]));
        } else if let Some(stored) = stored.as_deref().filter(|stored| !stored.is_empty()) {
            let flaw = answer.flaw("empty text turns into something else").expected("empty text, or nothing");
            t.note(flaw.got(visible(stored)).breaks(&["RFC7643-2.3.1-01"]));
        }
    }
    Ok(())
}
