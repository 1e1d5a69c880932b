//! Conditional requests: `If-Match` and `If-None-Match` (RFC 7644 §3.14, RFC 9110 §13).

use super::query::breaking;
use super::versions::{Subject, opaque, tag, with_headers};
use crate::conformance::check::{Check, check};
use crate::conformance::trial::{Answer, Trial};
use crate::conformance::verdict::{Stop, Verdict};

pub(super) const CHECKS: &[Check] = &[
    STALE_PUT,
    STALE_PATCH,
    STALE_DELETE,
    BOGUS,
    CURRENT,
    STAR,
    LIST,
    NOT_MODIFIED,
    MODIFIED,
    WEAK_COMPARISON,
    NONE_MATCH_WRITE,
    MISSING_FIRST,
    MATCH_FIRST,
    NOT_MODIFIED_FORM,
];

/// A tag that no resource has.
const NOBODYS: &str = "W/\"scimulator-stale\"";

check! {
    /// A PUT whose `If-Match` names an old version is refused with 412 and changes nothing.
    ///
    /// Why: two clients read, both write, and the second undoes the first without knowing. The condition is there to prevent that.
    ///
    /// Fix: compare `If-Match` with the stored version in the same transaction as the write and answer 412.
    STALE_PUT = stale_put,
    id: "versions.stale-put",
    title: "a PUT over a newer version is refused with 412 and changes nothing",
    level: Must,
    requirements: ["RFC7644-3.14-07", "RFC7644-3.12-15", "RFC9110-13.1.1-02", "RFC9110-13.1.1-03"],
    needs: [Etag],
    breaks: [],
}

async fn stale_put(t: &Trial) -> Verdict {
    stale(t, "PUT", "RFC7644-3.14-07").await
}

check! {
    /// A PATCH whose `If-Match` names an old version is refused with 412 and changes nothing.
    ///
    /// Why: a change that was meant for the resource as the client knows it is applied to another one.
    ///
    /// Fix: compare `If-Match` with the stored version in the same transaction as the write and answer 412.
    STALE_PATCH = stale_patch,
    id: "versions.stale-patch",
    title: "a PATCH over a newer version is refused with 412 and changes nothing",
    level: Must,
    requirements: ["RFC7644-3.14-08", "RFC7644-3.12-15", "RFC9110-13.1.1-02", "RFC9110-13.1.1-03"],
    needs: [Etag, Patch],
    breaks: [],
}

async fn stale_patch(t: &Trial) -> Verdict {
    stale(t, "PATCH", "RFC7644-3.14-08").await
}

check! {
    /// A DELETE whose `If-Match` names an old version is refused with 412 and deletes nothing.
    ///
    /// Why: somebody was given a new role a moment ago; who deletes them does not know.
    ///
    /// Fix: compare `If-Match` with the stored version before deleting and answer 412.
    STALE_DELETE = stale_delete,
    id: "versions.stale-delete",
    title: "a DELETE over a newer version is refused with 412",
    level: Must,
    requirements: ["RFC7644-3.14-09", "RFC7644-3.12-15", "RFC9110-13.1.1-02", "RFC9110-13.1.1-03"],
    needs: [Etag],
    breaks: [],
}

async fn stale_delete(t: &Trial) -> Verdict {
    stale(t, "DELETE", "RFC7644-3.14-09").await
}

async fn stale(t: &Trial, method: &str, requirement: &'static str) -> Verdict {
    let subject = Subject::new(t).await?;
    let old = subject.tag(t).await?;
    subject.change(t).await?;
    if subject.tag(t).await? == old {
        return Err(Stop::Blocked(
            "the version does not change with the resource (check `versions.change`)".to_owned(),
        ));
    }
    refused(t, &subject, method, ("If-Match", &old), requirement).await
}

/// A conditional write that must not happen: 412 (409 is a concern), and the resource as before.
async fn refused(
    t: &Trial,
    subject: &Subject,
    method: &str,
    condition: (&str, &str),
    requirement: &'static str,
) -> Verdict {
    let before = subject.text(t).await?;
    let answer = subject.write(t, method, &t.ground().fresh_name(), &[condition]).await?;
    let after = t.get(&subject.created.path).await?;
    let now = after.json.as_ref().and_then(|json| subject.slot.get(json)).and_then(|value| value.as_str());
    let is_there = after.status == 200;
    if !is_there || now != before.as_deref() {
        let what = format!("{method} is done although `{}: {}` rules it out", condition.0, condition.1);
        let flaw = answer.flaw(what).expected("412, and nothing changes").got(answer.said());
        return Err(flaw.breaks(&[requirement, "RFC9110-13.1.1-03", "RFC9110-13.1.1-02"]).into());
    }
    let flaw =
        answer.flaw(format!("{method} with `{}: {}` answers {}", condition.0, condition.1, answer.said()));
    let flaw = flaw.expected("412").got(answer.said());
    match answer.status {
        412 => Ok(()),
        // Table 8 of RFC 7644 §3.12 names 409 for this, too.
        409 => Err(flaw.breaks(&["RFC7644-3.12-15"]).concern().into()),
        400..500 => Err(flaw.breaks(&["RFC7644-3.12-15"]).concern().into()),
        _ => Err(flaw.breaks(&[requirement]).into()),
    }
}

check! {
    /// A write whose `If-Match` names a version that the resource never had is not done.
    ///
    /// Why: a server that looks only whether the header is there, or only at its form, protects nothing.
    ///
    /// Fix: compare the tag with the stored version; what does not match is 412, whatever it looks like.
    BOGUS = bogus,
    id: "versions.unknown-version",
    title: "a write with a version that never was is refused with 412",
    level: Must,
    requirements: ["RFC9110-13.1.1-02", "RFC9110-13.1.1-03", "RFC7644-3.12-15"],
    needs: [Etag],
    breaks: [],
}

async fn bogus(t: &Trial) -> Verdict {
    let subject = Subject::new(t).await?;
    subject.tag(t).await?;
    for method in Subject::methods(t).await? {
        for condition in [NOBODYS, "\"one\", \"two\""] {
            if method != "DELETE" || condition == NOBODYS {
                t.soft(refused(t, &subject, method, ("If-Match", condition), "RFC9110-13.1.1-03").await)?;
            }
            if !t.is_clean() {
                return Ok(());
            }
        }
    }
    Ok(())
}

check! {
    /// A PUT, PATCH or DELETE whose `If-Match` names the current version is done, also when the version is a weak one.
    ///
    /// Why: RFC 7644 shows `If-Match: W/"…"` and clients send it. By the letter of HTTP a weak tag never matches there; a server that
    /// sends weak tags and refuses them back makes conditional writes impossible.
    ///
    /// Fix: compare the text of the tags and leave `W/` out of it, or send strong tags.
    CURRENT = current,
    id: "versions.current",
    title: "a write over the current version is done",
    level: Must,
    requirements: ["RFC7644-3.14-10", "RFC9110-13.1.1-01"],
    needs: [Etag],
    breaks: [],
}

async fn current(t: &Trial) -> Verdict {
    let subject = Subject::new(t).await?;
    for method in Subject::methods(t).await? {
        let now = subject.tag(t).await?;
        let answer = subject.write(t, method, &t.ground().fresh_name(), &[("If-Match", &now)]).await?;
        if answer.is_success() {
            continue;
        }
        let flaw = answer.flaw(format!("{method} over the current version {now} answers {}", answer.said()));
        let flaw = flaw.expected("success").got(answer.said());
        // RFC 9110 §13.1.1 wants the strong comparison, under which a weak tag never matches.
        let strict = answer.status == 412 && now.starts_with("W/");
        t.note(if strict { flaw.breaks(&["RFC7644-3.14-10"]).concern() } else { flaw });
    }
    Ok(())
}

check! {
    /// `If-Match: *` holds for every resource that exists.
    ///
    /// Why: it means «only if it is still there». A server that looks for a version named `*` refuses every such write.
    ///
    /// Fix: treat `*` as what it is before tags are compared.
    STAR = star,
    id: "versions.star",
    title: "If-Match: * lets a write pass",
    level: Must,
    requirements: ["RFC9110-13.1.1-04"],
    needs: [Etag],
    breaks: [],
}

async fn star(t: &Trial) -> Verdict {
    let subject = Subject::new(t).await?;
    let text = t.ground().fresh_name();
    let answer = subject.write(t, "PUT", &text, &[("If-Match", "*")]).await?;
    answer.expect_success()?;
    Ok(())
}

check! {
    /// `If-Match` may name several versions; one that matches is enough.
    ///
    /// Why: the header is a list by its grammar, and proxies join header lines.
    ///
    /// Fix: read the header as a list of entity tags separated by commas. A comma may stand within the quotation marks.
    LIST = list,
    id: "versions.list-of-tags",
    title: "If-Match with several versions matches by one of them",
    level: Must,
    requirements: ["RFC9110-13.1.1-05"],
    needs: [Etag],
    breaks: [],
}

async fn list(t: &Trial) -> Verdict {
    let subject = Subject::new(t).await?;
    let now = subject.tag(t).await?;
    let single = subject.write(t, "PUT", &t.ground().fresh_name(), &[("If-Match", &now)]).await?;
    if !single.is_success() {
        return Err(Stop::Blocked(format!(
            "{} over the current version answers {} (check `versions.current`)",
            single.asked, single.status
        )));
    }
    let now = subject.tag(t).await?;
    let condition = format!("\"scimulator-other\", {now}");
    let answer = subject.write(t, "PUT", &t.ground().fresh_name(), &[("If-Match", &condition)]).await?;
    answer.expect_success()?;
    Ok(())
}

// --- If-None-Match ---

async fn get_unless(t: &Trial, subject: &Subject, condition: &str) -> Result<Answer, Stop> {
    with_headers(t, "GET", &subject.created.path, &[("If-None-Match", condition)], None).await
}

check! {
    /// A GET whose `If-None-Match` names the current version is answered with 304 and no body.
    ///
    /// Why: a client that polls saves the transfer; a 200 with the whole resource makes the header useless.
    ///
    /// Fix: compare with the stored version before the resource is serialized.
    NOT_MODIFIED = not_modified,
    id: "versions.not-modified",
    title: "a GET with the current version is answered with 304",
    level: Must,
    requirements: ["RFC7644-3.14-05", "RFC9110-13.1.2-02", "RFC9110-15.4.5-02"],
    needs: [Etag],
    breaks: [],
}

async fn not_modified(t: &Trial) -> Verdict {
    let subject = Subject::new(t).await?;
    let now = subject.tag(t).await?;
    for condition in [now.as_str(), "*"] {
        let answer = get_unless(t, &subject, condition).await?;
        let rules: &[&'static str] = match condition {
            "*" => &["RFC9110-13.1.2-02"],
            _ => &["RFC7644-3.14-05", "RFC9110-13.1.2-02"],
        };
        let verdict = breaking(answer.expect_status(&[304]).map(drop), rules);
        let Some(()) = t.soft(verdict)? else { continue };
        if !answer.body.is_empty() {
            t.note(answer.flaw("a 304 has a body").expected("no body").breaks(&["RFC9110-15.4.5-02"]));
        }
    }
    Ok(())
}

check! {
    /// A GET whose `If-None-Match` names an old version is answered with 200 and the resource.
    ///
    /// Why: with a 304 the client keeps what it has, for ever.
    ///
    /// Fix: compare the tags; the mere presence of the header says nothing.
    MODIFIED = modified,
    id: "versions.modified",
    title: "a GET with an old version brings the resource",
    level: Must,
    requirements: ["RFC7644-3.14-06"],
    needs: [Etag],
    breaks: [],
}

async fn modified(t: &Trial) -> Verdict {
    let subject = Subject::new(t).await?;
    let old = subject.tag(t).await?;
    subject.change(t).await?;
    for condition in [old.as_str(), NOBODYS] {
        let answer = get_unless(t, &subject, condition).await?;
        if condition == old && tag(&answer) == Some(&old) {
            return Err(Stop::Blocked(
                "the version does not change with the resource (check `versions.change`)".to_owned(),
            ));
        }
        answer.expect_status(&[200])?;
        answer.object()?;
    }
    Ok(())
}

check! {
    /// `If-None-Match` compares weakly: with or without `W/`, the same text is the same version.
    ///
    /// Why: proxies that compress turn strong tags into weak ones. A byte for byte comparison never matches again after that.
    ///
    /// Fix: leave `W/` out of the comparison.
    WEAK_COMPARISON = weak_comparison,
    id: "versions.weak-comparison",
    title: "If-None-Match compares tags without regard to W/",
    level: Must,
    requirements: ["RFC9110-8.8.3.2-01", "RFC9110-13.1.2-01"],
    needs: [Etag],
    breaks: [],
}

async fn weak_comparison(t: &Trial) -> Verdict {
    let subject = Subject::new(t).await?;
    let now = subject.tag(t).await?;
    let plain = get_unless(t, &subject, &now).await?;
    if plain.status != 304 {
        return Err(Stop::Blocked(format!(
            "{} answers {} (check `versions.not-modified`)",
            plain.asked, plain.status
        )));
    }
    let toggled = if now.starts_with("W/") { opaque(&now).to_owned() } else { format!("W/{now}") };
    get_unless(t, &subject, &toggled).await?.expect_status(&[304])?;
    Ok(())
}

check! {
    /// A write whose `If-None-Match` holds the current version or `*` is refused with 412 and not done.
    ///
    /// Why: it says «only if nobody has it yet». A server that knows the header for GET alone overwrites what should be left alone.
    ///
    /// Fix: evaluate both conditions for every method; for writes a failed condition is 412.
    NONE_MATCH_WRITE = none_match_write,
    id: "versions.none-match-write",
    title: "If-None-Match keeps a write from happening",
    level: Must,
    requirements: ["RFC9110-13.1.2-03"],
    needs: [Etag],
    breaks: [],
}

async fn none_match_write(t: &Trial) -> Verdict {
    let subject = Subject::new(t).await?;
    subject.tag(t).await?;
    for method in Subject::methods(t).await? {
        t.soft(
            refused(t, &subject, method, ("If-None-Match", "*"), "RFC9110-13.1.2-03")
                .await
                .map_err(only_none_match),
        )?;
        if !t.is_clean() {
            break;
        }
    }
    Ok(())
}

/// The rule of `If-None-Match` is the one that is broken here.
fn only_none_match(stop: Stop) -> Stop {
    match stop {
        Stop::Problem(flaw) => flaw.breaks(&["RFC9110-13.1.2-03"]).into(),
        other => other,
    }
}

check! {
    /// A condition is looked at only where the request would succeed otherwise: what does not exist is 404, whatever `If-Match` says.
    ///
    /// Why: a 412 for a deleted resource sends the client back to read and try again, instead of telling that there is nothing
    /// left.
    ///
    /// Fix: find the resource first, then evaluate its conditions.
    MISSING_FIRST = missing_first,
    id: "versions.missing-first",
    title: "a missing resource is 404 also with If-Match",
    level: Must,
    requirements: ["RFC9110-13.2.1-01"],
    needs: [Etag],
    breaks: [],
}

async fn missing_first(t: &Trial) -> Verdict {
    let subject = Subject::new(t).await?;
    let path = t.absent(&subject.kind).await?;
    // With names of its own, so that nothing else is wrong with it.
    let body = t.body(&subject.kind).await?;
    let answer = with_headers(t, "PUT", &path, &[("If-Match", NOBODYS)], Some(&body)).await?;
    answer.expect_status(&[404, 410])?;
    Ok(())
}

check! {
    /// Where a request has both conditions, `If-Match` is evaluated first: if it fails, the answer is 412, whatever `If-None-Match` says.
    ///
    /// Why: the order is fixed by HTTP, so that client, cache and server come to the same result.
    ///
    /// Fix: evaluate in the order of RFC 9110 §13.2.2.
    MATCH_FIRST = match_first,
    id: "versions.match-first",
    title: "If-Match is evaluated before If-None-Match",
    level: Must,
    requirements: ["RFC9110-13.2.2-01"],
    needs: [Etag],
    breaks: [],
}

async fn match_first(t: &Trial) -> Verdict {
    let subject = Subject::new(t).await?;
    let now = subject.tag(t).await?;
    let headers = [("If-Match", NOBODYS), ("If-None-Match", now.as_str())];
    let answer = with_headers(t, "GET", &subject.created.path, &headers, None).await?;
    match answer.status {
        412 => Ok(()),
        // Many servers evaluate If-Match for writes only; that loses nothing.
        _ => {
            let flaw = answer.flaw(format!("a GET with an `If-Match` that fails answers {}", answer.said()));
            Err(flaw.expected("412").got(answer.said()).concern().into())
        }
    }
}

check! {
    /// A 304 carries the `ETag` that the 200 would have had.
    ///
    /// Why: caches update what they hold from the header fields of the 304, and choose by the tag among several copies.
    ///
    /// Fix: set the header before it is decided between 200 and 304.
    NOT_MODIFIED_FORM = not_modified_form,
    id: "versions.not-modified-tag",
    title: "a 304 carries the ETag",
    level: Must,
    requirements: ["RFC9110-15.4.5-01"],
    needs: [Etag],
    breaks: [],
}

async fn not_modified_form(t: &Trial) -> Verdict {
    let subject = Subject::new(t).await?;
    let now = subject.tag(t).await?;
    let answer = get_unless(t, &subject, &now).await?;
    if answer.status != 304 {
        return Err(Stop::Blocked(format!(
            "{} answers {} (check `versions.not-modified`)",
            answer.asked, answer.status
        )));
    }
    match tag(&answer) {
        Some(tag) if opaque(tag) == opaque(&now) => Ok(()),
        got => Err(answer
            .flaw("a 304 does not carry the ETag")
            .expected(now)
            .got(got.unwrap_or("no ETag"))
            .into()),
    }
}
