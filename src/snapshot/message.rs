//! Steps and messages as they are shown, and the text form of them.
//!
//! The text is made of blocks with an empty line between two of them. The first character of a block says what it is: `#` a heading, `{` or
//! `[` a JSON body, `|` a body that is other text, `<` one that is neither; anything else begins a message. No block holds an
//! empty line, so that reading is as simple as writing.

use std::fmt::Write;

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::json;

/// One step of a transcript.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// Its name, on one line.
    pub name: String,
    /// What was sent and what came, in order.
    pub exchanges: Vec<Shown>,
}

/// One exchange as it is shown.
#[derive(Debug, Clone, PartialEq)]
pub struct Shown {
    /// 1, or higher for a retry.
    pub attempt: u32,
    /// The request; its first line is method and target.
    pub request: Message,
    /// The response; its first line is the status, or `no response: …`.
    pub response: Message,
}

/// A request or a response.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// The first line.
    pub start: String,
    /// The headers that are shown.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Body,
}

/// A body as it is shown.
#[derive(Debug, Clone, PartialEq)]
pub enum Body {
    /// There is none.
    None,
    /// A JSON object or array.
    Json(Value),
    /// Other text, control characters escaped.
    Text(String),
    /// Length and digest of what is no text.
    Bytes(String),
}

impl Body {
    /// Finds out what a body is.
    pub fn of(bytes: &[u8]) -> Self {
        if bytes.is_empty() {
            return Body::None;
        }
        if let Ok(value @ (Value::Object(_) | Value::Array(_))) = serde_json::from_slice(bytes) {
            return Body::Json(value);
        }
        match std::str::from_utf8(bytes) {
            Ok(text) => Body::Text(escape(text, |c| matches!(c, '\n' | '\t'))),
            Err(_) => {
                let digest = Sha256::digest(bytes).iter().fold(String::new(), |mut hex, byte| {
                    let _ = write!(hex, "{byte:02x}");
                    hex
                });
                Body::Bytes(format!("<{} bytes, SHA-256 {digest}>", bytes.len()))
            }
        }
    }
}

/// The text on one line.
pub(super) fn one_line(text: &str) -> String {
    escape(text, |_| false).trim().to_owned()
}

/// Escapes control characters, but for those that may stay.
fn escape(text: &str, stays: impl Fn(char) -> bool) -> String {
    if !text.chars().any(|c| c.is_control() && !stays(c)) {
        return text.to_owned();
    }
    text.chars().fold(String::with_capacity(text.len()), |mut out, c| {
        match c.is_control() && !stays(c) {
            true => out.extend(c.escape_default()),
            false => out.push(c),
        }
        out
    })
}

/// Writes steps as text.
pub fn write(steps: &[Step]) -> String {
    let mut blocks: Vec<String> = Vec::new();
    for (index, step) in steps.iter().enumerate() {
        let number = index + 1;
        blocks.push(format!("# {number}. {}", step.name).trim_end().to_owned());
        for (part, shown) in step.exchanges.iter().enumerate() {
            if step.exchanges.len() > 1 || shown.attempt > 1 {
                let attempt =
                    if shown.attempt > 1 { format!(", attempt {}", shown.attempt) } else { String::new() };
                blocks.push(format!("## {number}.{}{attempt}", part + 1));
            }
            write_message(&shown.request, &mut blocks);
            write_message(&shown.response, &mut blocks);
        }
    }
    blocks.join("\n\n") + "\n"
}

fn write_message(message: &Message, blocks: &mut Vec<String>) {
    let mut head = message.start.clone();
    for (name, value) in &message.headers {
        head.push('\n');
        head.push_str(format!("{name}: {value}").trim_end());
    }
    blocks.push(head);
    match &message.body {
        Body::None => {}
        Body::Json(value) => blocks.push(json::pretty(value)),
        Body::Bytes(text) => blocks.push(text.clone()),
        Body::Text(text) => {
            let lines = text.split('\n').map(|line| match line.is_empty() {
                true => "|".to_owned(),
                false => format!("| {line}"),
            });
            blocks.push(lines.collect::<Vec<_>>().join("\n"));
        }
    }
}

/// Reads the text form back.
///
/// # Errors
/// What is not as [`write()`] writes it; somebody edited the file by hand.
pub fn read(text: &str) -> Result<Vec<Step>, String> {
    let mut steps: Vec<Step> = Vec::new();
    let mut attempt = 1;
    // The request whose response has not come yet.
    let mut open: Option<Message> = None;
    for block in blocks(text) {
        match block.as_bytes().first() {
            Some(b'#') if block.starts_with("##") => {
                let number =
                    block.split_once(", attempt ").map_or(Ok(1), |(_, number)| number.trim().parse());
                attempt = number.map_err(|_| format!("`{block}` holds no attempt number"))?;
            }
            Some(b'#') => {
                let (_, name) = block
                    .split_once(". ")
                    .or_else(|| block.split_once('.'))
                    .ok_or_else(|| format!("`{block}` has no number"))?;
                steps.push(Step { name: name.trim().to_owned(), exchanges: Vec::new() });
                attempt = 1;
            }
            Some(b'{' | b'[' | b'|' | b'<') => {
                let body = read_body(&block)?;
                let last = steps.last_mut().and_then(|step| step.exchanges.last_mut());
                let message = open.as_mut().or(last.map(|shown| &mut shown.response));
                message.ok_or_else(|| "there is a body before the first message".to_owned())?.body = body;
            }
            _ => {
                let message = read_head(&block)?;
                match open.take() {
                    None => open = Some(message),
                    Some(request) => {
                        let step = steps.last_mut().ok_or("there is a message before the first heading")?;
                        step.exchanges.push(Shown { attempt, request, response: message });
                        attempt = 1;
                    }
                }
            }
        }
    }
    match open {
        None => Ok(steps),
        Some(request) => Err(format!("`{}` has no response", request.start)),
    }
}

/// What stands between empty lines.
fn blocks(text: &str) -> impl Iterator<Item = String> {
    let text = text.replace("\r\n", "\n");
    let mut blocks = Vec::new();
    let mut block = String::new();
    for line in text.lines().chain([""]) {
        if !line.trim_end().is_empty() {
            if !block.is_empty() {
                block.push('\n');
            }
            block.push_str(line);
        } else if !block.is_empty() {
            blocks.push(std::mem::take(&mut block));
        }
    }
    blocks.into_iter()
}

fn read_head(block: &str) -> Result<Message, String> {
    let mut lines = block.lines();
    let start = lines.next().unwrap_or_default().to_owned();
    let headers = lines.map(|line| match line.split_once(':') {
        Some((name, value)) => Ok((name.to_owned(), value.trim().to_owned())),
        None => Err(format!("`{line}` is no header")),
    });
    Ok(Message { start, headers: headers.collect::<Result<_, _>>()?, body: Body::None })
}

fn read_body(block: &str) -> Result<Body, String> {
    match block.as_bytes().first() {
        Some(b'|') => {
            let lines = block.lines().map(|line| {
                let line = line.strip_prefix('|').unwrap_or(line);
                line.strip_prefix(' ').unwrap_or(line)
            });
            Ok(Body::Text(lines.collect::<Vec<_>>().join("\n")))
        }
        Some(b'<') => Ok(Body::Bytes(block.to_owned())),
        _ => {
            serde_json::from_str(block).map(Body::Json).map_err(|error| format!("a body is no JSON: {error}"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn message(start: &str, body: &[u8]) -> Message {
        Message { start: start.to_owned(), headers: Vec::new(), body: Body::of(body) }
    }

    fn shown(request: Message, response: Message) -> Shown {
        Shown { attempt: 1, request, response }
    }

    #[test]
    fn bodies_are_json_text_or_a_digest() {
        let page = message("200 OK", b"<h1>\r\n\n# 2. not a step\n200 OK\n{");
        let number = message("200 OK", b"17");
        let image = message("no response: timeout", &[0xff, 0xd8]);
        let steps = [Step {
            name: "all kinds".into(),
            exchanges: [page, number, image].map(|m| shown(message("GET /", b""), m)).into(),
        }];
        let text = write(&steps);
        insta::assert_snapshot!(text, @r#"
        # 1. all kinds

        ## 1.1

        GET /

        200 OK

        | <h1>\r
        |
        | # 2. not a step
        | 200 OK
        | {

        ## 1.2

        GET /

        200 OK

        | 17

        ## 1.3

        GET /

        no response: timeout

        <2 bytes, SHA-256 71563ad80061407ede9c6f316836284bd3710a520c5a792b5eda1cb703690815>
        "#);
        assert_eq!(read(&text).unwrap(), steps);
        assert_eq!(read(&text.replace('\n', "\r\n")).unwrap(), steps);
    }

    #[test]
    fn what_somebody_broke_by_hand_is_explained() {
        let problems = [
            "# 1. a\n\nGET /",
            "GET /\n\n200 OK",
            "{}",
            "# 1. a\n\nGET /\nX",
            "# 1. a\n\nGET /\n\n{]",
            "# a",
            "## 1.1, attempt x",
        ]
        .map(|text| read(text).unwrap_err());
        insta::assert_snapshot!(problems.join("\n"), @"
        `GET /` has no response
        there is a message before the first heading
        there is a body before the first message
        `X` is no header
        a body is no JSON: key must be a string at line 1 column 2
        `# a` has no number
        `## 1.1, attempt x` holds no attempt number
        ");
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let plain = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            "\\PC{0,8}|[\\n\\r\"\\\\]{0,3}".prop_map(Value::from),
        ];
        let nested = plain.prop_recursive(4, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::vec(("\\PC{0,6}", inner), 0..4)
                    .prop_map(|members| members.into_iter().collect::<serde_json::Map<_, _>>().into()),
            ]
        });
        prop_oneof![
            nested.clone().prop_map(|value| json!([value])),
            nested.prop_map(|value| json!({ "a": value }))
        ]
    }

    fn any_message(start: &'static str) -> impl Strategy<Value = Message> {
        let body = prop_oneof![
            Just(Vec::new()),
            any_json().prop_map(|value| value.to_string().into_bytes()),
            "(?s).{0,30}".prop_map(String::into_bytes),
            prop::collection::vec(any::<u8>(), 0..9),
        ];
        let headers = prop::collection::vec(("[A-Z][a-z-]{0,8}", "[!-~]([ -~]{0,8}[!-~])?"), 0..3);
        (start, headers, body).prop_map(|(start, headers, body)| Message {
            start,
            headers,
            body: Body::of(&body),
        })
    }

    fn any_steps() -> impl Strategy<Value = Vec<Step>> {
        let shown = (
            1..4u32,
            any_message("[A-Z]{3,6} /[!-~]{0,12}"),
            any_message("[1-5][0-9]{2}( [A-Z][a-z]{1,8})?"),
        )
            .prop_map(|(attempt, request, response)| Shown { attempt, request, response });
        let step = ("([!-~ä]([ -~]{0,10}[!-~])?)?", prop::collection::vec(shown, 0..4))
            .prop_map(|(name, exchanges)| Step { name, exchanges });
        prop::collection::vec(step, 0..4)
    }

    proptest! {
        #[test]
        fn reading_is_the_inverse_of_writing(steps in any_steps()) {
            prop_assert_eq!(read(&write(&steps)).unwrap(), steps);
        }

        #[test]
        fn reading_never_panics(text in "([#{}|<>a0-9:. \\n\"]|\\PC){0,60}") {
            let _ = read(&text);
        }
    }
}
