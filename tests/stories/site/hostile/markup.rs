//! Reads the site's own pages closely enough to see whether somebody's text became a part of them.

use harness::site::Answered;

/// A tag as it stands in a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Tag {
    pub(super) name: String,
    pub(super) attributes: Vec<(String, String)>,
}

/// All tags of a page, in order. The site writes every value in double quotation marks, so anything
/// else is an error.
pub(super) fn tags(html: &str) -> Result<Vec<Tag>, String> {
    let mut tags = Vec::new();
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        rest = &rest[at + 1..];
        let (tag, after) = tag(rest).map_err(|why| {
            let near: String = rest.chars().take(80).collect();
            format!("{why}: <{near}")
        })?;
        rest = after;
        tags.push(tag);
    }
    Ok(tags)
}

fn tag(text: &str) -> Result<(Tag, &str), &'static str> {
    let end = text.find(|c: char| c.is_whitespace() || c == '>').ok_or("a tag does not end")?;
    let name = text[..end].to_owned();
    let letters = name.trim_start_matches(['/', '!']);
    if letters.is_empty() || !letters.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Err("no name of a tag");
    }
    let (mut rest, mut attributes) = (&text[end..], Vec::new());
    loop {
        rest = rest.trim_start();
        if let Some(after) = rest.strip_prefix('>').or_else(|| rest.strip_prefix("/>")) {
            return Ok((Tag { name, attributes }, after));
        }
        let end = rest.find(|c: char| c.is_whitespace() || "=/>".contains(c));
        let (attribute, after) = rest.split_at(end.ok_or("a tag does not end")?);
        if attribute.is_empty() || attribute.contains(['"', '\'', '<']) {
            return Err("no name of an attribute");
        }
        let mut value = "";
        rest = after;
        if let Some(after) = after.strip_prefix('=') {
            let quoted = after.strip_prefix('"').ok_or("a value without quotation marks")?;
            (value, rest) = quoted.split_once('"').ok_or("a value does not end")?;
        }
        attributes.push((attribute.to_owned(), value.to_owned()));
    }
}

/// A page without its words and values: what must be the same whatever is stored.
pub(super) fn skeleton(html: &str) -> Result<Vec<String>, String> {
    let names = |tag: &Tag| {
        let attributes: Vec<&str> = tag.attributes.iter().map(|(name, _)| name.as_str()).collect();
        format!("{} {}", tag.name, attributes.join(" "))
    };
    Ok(tags(html)?.iter().map(names).collect())
}

const ADDRESSES: [&str; 7] =
    ["href", "src", "action", "formaction", "data-live", "data-poll", "data-row"];
const NEVER: [&str; 12] = [
    "iframe", "object", "embed", "base", "style", "math", "video", "audio", "marquee", "template",
    "frame", "x-probe",
];

/// What is wrong with an answer to somebody's text; `url` is the site's own address.
pub(super) fn fault(answer: &Answered, text: &str, url: &str) -> Option<String> {
    if answer.status.is_server_error() {
        return Some(answer.status.to_string());
    }
    for (name, value) in &answer.headers {
        if value.as_bytes().contains(&b'\n') || name == "bcc" {
            return Some(format!("the header {name}"));
        }
    }
    let kind = answer.headers.get("content-type").and_then(|kind| kind.to_str().ok());
    let kind = kind.unwrap_or_default();
    if !kind.starts_with("text/html") {
        let known = ["", "text/csv", "text/plain", "application/json", "application/yaml"];
        let kind = kind.split(';').next().unwrap_or_default();
        return (!known.contains(&kind)).then(|| format!("content of the kind {kind}"));
    }
    let html = &answer.text;
    if let Some(raw) = fragments(text).find(|raw| html.contains(raw)) {
        return Some(format!("{raw:?} is in the page as it is"));
    }
    let tags = match tags(html) {
        Ok(tags) => tags,
        Err(why) => return Some(why),
    };
    let scripts = tags.iter().filter(|tag| tag.name.eq_ignore_ascii_case("script")).count();
    if scripts > 1 || html.matches("<script").count() != scripts {
        return Some(format!("{scripts} scripts"));
    }
    tags.iter().find_map(|tag| live(tag, url))
}

/// What a tag would do that no tag of the site does.
fn live(tag: &Tag, url: &str) -> Option<String> {
    let shown = || format!("{tag:?}");
    if NEVER.contains(&tag.name.to_ascii_lowercase().as_str()) {
        return Some(shown());
    }
    for (name, value) in &tag.attributes {
        if name.starts_with("on") || ["style", "srcdoc", "http-equiv"].contains(&name.as_str()) {
            return Some(shown());
        }
        let leads_out = |value: &str| {
            let own = value.is_empty()
                || value.starts_with(['#', '?'])
                || (value.starts_with('/') && !value.starts_with("//"))
                || value.starts_with(url);
            !own && !value.starts_with("mailto:") && !is_aws(value)
        };
        if ADDRESSES.contains(&name.as_str()) && leads_out(value) {
            return Some(shown());
        }
    }
    None
}

fn is_aws(value: &str) -> bool {
    let value = value.replace("&#38;", "&");
    let host = url::Url::parse(&value).ok().filter(|url| url.scheme() == "https");
    let host = host.and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default();
    host.ends_with(".console.aws.amazon.com") || host.ends_with(".amazonaws.com")
}

/// Lines of a text that would do something if they stood in a page as they are.
fn fragments(text: &str) -> impl Iterator<Item = &str> {
    let lines = text.lines().map(str::trim);
    lines.filter(|line| line.len() > 4 && line.contains(['<', '"', '\'']))
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderValue, StatusCode};

    use super::*;

    fn page(html: &str) -> Answered {
        let mut headers = HeaderMap::new();
        headers.insert("content-type", HeaderValue::from_static("text/html; charset=utf-8"));
        let (status, location) = (StatusCode::OK, String::new());
        Answered { status, location, text: html.to_owned(), headers }
    }

    #[test]
    fn what_is_alive_is_found() {
        let dead = "<p class=\"a\">&#60;b&#62;</p><a href=\"/x?a=1\">x</a><input hidden>";
        assert_eq!(fault(&page(dead), "<b>x</b>", "http://own"), None);
        for alive in [
            "<p>x<script>alert(1)</script></p><script src=\"/x\"></script>",
            "<p onclick=\"x\">",
            "<p class=x>",
            "<p class=\"a\" \"b>",
            "<a href=\"javascript:x\">",
            "<a href=\"//evil.test\">",
            "<a href=\"https://evil.test/?.console.aws.amazon.com\">",
            "<iframe src=\"/x\">",
            "<p",
            "a < b",
            "<p title=\"x>",
        ] {
            assert!(fault(&page(alive), "", "http://own").is_some(), "{alive}");
        }
        let text = "<b>bold</b>";
        assert!(fault(&page("<p>Hello <b>bold</b></p>"), text, "http://own").is_some());
    }
}
