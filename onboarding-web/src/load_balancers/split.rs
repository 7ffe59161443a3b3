//! Takes a line of text apart into entries.

/// Takes a line apart. A comma inside a tag's value does not end the entry, so that the value can
/// be refused as a whole instead of being cut short.
pub(super) fn items(line: &str) -> Vec<&str> {
    let words = words(line);
    let mut found: Vec<&str> = Vec::new();
    let mut begin = 0;
    let mut end = 0;
    for (index, word) in words.iter().enumerate() {
        let item = line.get(begin..end).unwrap_or_default();
        let next = words.get(index + 1).map_or("", |word| word.text);
        let tag = is_tag_item(item);
        if end == 0 {
            begin = word.begin;
        } else if begins_item(word.text, next) || is_arn(item) || (word.separated && !tag) {
            found.push(item);
            begin = word.begin;
        }
        end = word.begin + word.text.len();
    }
    found.extend(line.get(begin..end).filter(|item| !item.is_empty()));
    found
}

struct Word<'a> {
    begin: usize,
    text: &'a str,
    /// Whether a comma or semicolon stands before it.
    separated: bool,
}

fn words(line: &str) -> Vec<Word<'_>> {
    let mut words: Vec<Word<'_>> = Vec::new();
    let mut begin = 0;
    let mut separated = false;
    for part in line.split_inclusive(|c: char| c == ',' || c == ';' || c.is_whitespace()) {
        let text = part.trim_end_matches(|c: char| c == ',' || c == ';' || c.is_whitespace());
        if !text.is_empty() {
            words.push(Word { begin, text, separated });
            separated = false;
        }
        separated = separated || part.ends_with([',', ';']);
        begin += part.len();
    }
    words
}

fn begins_item(word: &str, next: &str) -> bool {
    let word = word.trim_start_matches(is_wrapping);
    is_arn(word) || (looks_like_region(word) && is_what(next.trim_end_matches(is_wrapping)))
}

fn is_arn(item: &str) -> bool {
    item.trim_start_matches(is_wrapping).starts_with("arn:")
}

/// Whether an entry is a tag, with or without its region.
pub(super) fn is_tag_item(item: &str) -> bool {
    item.split_whitespace().take(2).any(|word| word.starts_with("tag:"))
}

/// What can follow a region: `all` or a tag.
pub(super) fn is_what(word: &str) -> bool {
    word.eq_ignore_ascii_case("all") || word.starts_with("tag:")
}

/// Whether a word has the shape of a region's name; there may be no such region.
pub(super) fn looks_like_region(word: &str) -> bool {
    let plain = word.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    let numbered = word.rsplit('-').next().is_some_and(|end| end.parse::<u8>().is_ok());
    plain && numbered && word.matches('-').count() >= 2
}

/// What JSON and mails put around an ARN.
pub(super) fn is_wrapping(c: char) -> bool {
    c.is_whitespace() || "\"'[]<>".contains(c)
}

/// Characters that nobody sees and nobody typed.
pub(super) fn is_zero_width(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}' | '\u{2060}' | '\u{feff}')
}
