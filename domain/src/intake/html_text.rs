use std::iter::Peekable;
use std::str::CharIndices;

/// The longest reference to a character that is looked for, without `&` and `;`.
const REFERENCE_BYTES_MAX: usize = 10;

/// What a person reads of an HTML mail, as plain text: without tags, comments, styles and scripts, the references to
/// characters resolved, a line for each block. Takes any text; it is a reader's view, not a check of the HTML.
pub(super) fn visible_text(html: &str) -> String {
    let mut reader = Reader {
        html,
        at: html.char_indices().peekable(),
        text: Text::default(),
    };
    reader.run();
    reader.text.text
}

struct Reader<'a> {
    html: &'a str,
    at: Peekable<CharIndices<'a>>,
    text: Text,
}

impl Reader<'_> {
    fn run(&mut self) {
        while let Some((place, character)) = self.at.next() {
            match character {
                '<' => self.markup(place),
                '&' => self.reference(place),
                other => self.text.push(other),
            }
        }
    }

    fn markup(&mut self, place: usize) {
        let rest = &self.html[place + 1..];
        if let Some(comment) = rest.strip_prefix("!--") {
            return self.go_to(place + 4 + comment_length(comment));
        }
        let closing = rest.starts_with('/');
        let name = tag_name(if closing { &rest[1..] } else { rest });
        if name.is_empty() {
            if rest.starts_with(['!', '?', '/']) {
                return self.go_to(place + 1 + rest.find('>').map_or(rest.len(), |end| end + 1));
            }
            // No tag begins so: the sign stands for itself.
            return self.text.push('<');
        }
        let end = place + 1 + tag_length(rest);
        self.go_to(end);
        if is_block(name) {
            self.text.end_line();
        } else if is_cell(name) {
            self.text.push(' ');
        }
        if !closing && is_unseen(name) {
            self.skip_content(name, end);
        }
    }

    /// Goes to the closing tag.
    fn skip_content(&mut self, name: &str, from: usize) {
        let mut at = from;
        while let Some(found) = self.html[at..].find("</") {
            let tag = at + found;
            let found_name = self.html.as_bytes().get(tag + 2..tag + 2 + name.len());
            if found_name.is_some_and(|found| found.eq_ignore_ascii_case(name.as_bytes())) {
                return self.go_to(tag);
            }
            at = tag + 2;
        }
        self.go_to(self.html.len());
    }

    fn reference(&mut self, place: usize) {
        let rest = &self.html[place + 1..];
        match character_of(rest) {
            Some((character, length)) => {
                self.text.push(character);
                self.go_to(place + 1 + length);
            }
            None => self.text.push('&'),
        }
    }

    fn go_to(&mut self, place: usize) {
        while self.at.next_if(|(at, _)| *at < place).is_some() {}
    }
}

/// Letters and digits after a letter; empty when no tag begins here.
fn tag_name(text: &str) -> &str {
    if !text.starts_with(|first: char| first.is_ascii_alphabetic()) {
        return "";
    }
    let end = text.find(|character: char| !character.is_ascii_alphanumeric());
    &text[..end.unwrap_or(text.len())]
}

/// Bytes after the `<!--`, with its end (HTML, 13.2.5.43 to 51).
fn comment_length(comment: &str) -> usize {
    for empty in [">", "->"] {
        if comment.starts_with(empty) {
            return empty.len();
        }
    }
    // One pass, so that many comments do not make it a square.
    let mut ends = comment.match_indices('>').map(|(at, _)| at);
    let end = ends.find(|at| comment[..*at].ends_with("--") || comment[..*at].ends_with("--!"));
    end.map_or(comment.len(), |at| at + 1)
}

/// Bytes up to and with the `>` that ends a tag; one in the quotes of an attribute does not.
fn tag_length(rest: &str) -> usize {
    let mut quote = None;
    let mut value_begins = false;
    for (at, byte) in rest.bytes().enumerate() {
        match (quote, byte) {
            (None, b'>') => return at + 1,
            (None, b'"' | b'\'') if value_begins => quote = Some(byte),
            (Some(open), _) if open == byte => quote = None,
            _ => {}
        }
        value_begins = byte == b'=' || value_begins && byte.is_ascii_whitespace();
    }
    rest.len()
}

/// The character that a reference stands for, and the bytes it takes after the `&` (HTML, 13.5).
fn character_of(rest: &str) -> Option<(char, usize)> {
    if let Some(number) = rest.strip_prefix('#') {
        let (digits, radix, skipped) = match number.strip_prefix(['x', 'X']) {
            Some(digits) => (digits, 16, 2),
            None => (number, 10, 1),
        };
        let length = digits
            .bytes()
            .take(REFERENCE_BYTES_MAX)
            .take_while(|digit| char::from(*digit).is_digit(radix))
            .count();
        let code = u32::from_str_radix(&digits[..length], radix).ok()?;
        let character = char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER);
        let semicolon = usize::from(digits[length..].starts_with(';'));
        return Some((character, skipped + length + semicolon));
    }
    let end = rest
        .bytes()
        .take(REFERENCE_BYTES_MAX)
        .position(|byte| byte == b';')?;
    let character = match &rest[..end] {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        "nbsp" | "ensp" | "emsp" | "thinsp" => ' ',
        "copy" => '©',
        "reg" => '®',
        "trade" => '™',
        "middot" => '·',
        "bull" => '•',
        "hellip" => '…',
        "mdash" => '—',
        "ndash" => '–',
        "ldquo" => '“',
        "rdquo" => '”',
        "lsquo" => '‘',
        "rsquo" => '’',
        "laquo" => '«',
        "raquo" => '»',
        "times" => '×',
        "deg" => '°',
        "yen" => '¥',
        "euro" => '€',
        _ => return None,
    };
    Some((character, end + 1))
}

fn is_block(name: &str) -> bool {
    const BLOCKS: &[&str] = &[
        "address",
        "article",
        "blockquote",
        "br",
        "dd",
        "div",
        "dl",
        "dt",
        "footer",
        "form",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "header",
        "hr",
        "li",
        "main",
        "nav",
        "ol",
        "p",
        "pre",
        "section",
        "table",
        "tr",
        "ul",
    ];
    BLOCKS.iter().any(|block| name.eq_ignore_ascii_case(block))
}

fn is_cell(name: &str) -> bool {
    ["td", "th"].iter().any(|cell| name.eq_ignore_ascii_case(cell))
}

fn is_unseen(name: &str) -> bool {
    ["style", "script", "title", "template"]
        .iter()
        .any(|unseen| name.eq_ignore_ascii_case(unseen))
}

/// Text as it grows: white space is one space, and no line is empty.
#[derive(Default)]
struct Text {
    text: String,
    space: bool,
    line_ended: bool,
}

impl Text {
    fn push(&mut self, character: char) {
        if character.is_whitespace() {
            self.space = true;
            return;
        }
        // A reference may stand for a character that no reader shows.
        if character.is_control() {
            return;
        }
        if !self.text.is_empty() {
            if self.line_ended {
                self.text.push('\n');
            } else if self.space {
                self.text.push(' ');
            }
        }
        (self.space, self.line_ended) = (false, false);
        self.text.push(character);
    }

    fn end_line(&mut self) {
        self.line_ended = true;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_a_person_reads() {
        for (html, text) in [
            ("", ""),
            ("您好", "您好"),
            ("<p>您好，<b>张三</b></p><p>报告已出</p>", "您好，张三\n报告已出"),
            ("a<br>b<BR/>c", "a\nb\nc"),
            ("<ul><li>一</li><li>二</li></ul>", "一\n二"),
            ("<tr><td>a</td><td>b</td></tr>", "a b"),
            ("  a \n\t b  ", "a b"),
            ("赌<i>博</i>", "赌博"),
            ("赌<!-- x > y -->博", "赌博"),
            ("<style>p > b { }</style>a<script>if (1 < 2) {}</SCRIPT >b", "ab"),
            ("<head><title>t</title></head>a", "a"),
            ("<a title=\"1 > 2\" href='>'>a</a>", "a"),
            (
                "&lt;b&gt; &amp;amp; &#36172;&#x535a;&#36172x",
                "<b> &amp; 赌博赌x",
            ),
            ("a&nbsp;b &unknown; & &; &#; &#x;", "a b &unknown; & &; &#; &#x;"),
            ("1 < 2 <3 </p>", "1 < 2 <3"),
            ("<!doctype html><?xml ?>a", "a"),
            ("a<b", "a"),
            ("a<!-- b", "a"),
            ("<!-->a", "a"),
            ("<!--->a", "a"),
            ("<!-- x --!>a", "a"),
            ("<!-- x --- -->a", "a"),
            ("<!-- x --->a", "a"),
            ("<p'>a<p \">b<p a=b\">c<p a = '>'>d", "a\nb\nc\nd"),
            ("<!a=\">b\">", "b\">"),
            ("a<style>b", "a"),
            ("&#0;&#7;&#1114112;", "\u{fffd}"),
        ] {
            assert_eq!(visible_text(html), text, "{html}");
        }
    }

    #[test]
    fn hostile_html_ends_quickly() {
        const BYTES: usize = 240 * 1024;
        for part in [
            "<",
            "<a",
            "<!--",
            "</",
            "&",
            "&#",
            "<style></",
            "<style>",
            "<a \"",
            "&#36172;",
            "赌",
        ] {
            let html = part.repeat(BYTES / part.len());
            assert!(visible_text(&html).len() <= html.len(), "{part}");
        }
    }

    proptest! {
        #[test]
        fn any_html_is_read(html in "[<>/!a-c&;#x0-9\"' \\-一-三]{0,60}|\\PC{0,60}") {
            let text = visible_text(&html);
            prop_assert!(text.len() <= html.len() + 2);
            prop_assert!(!text.contains("\n\n") && text.trim() == text);
        }

        #[test]
        fn text_that_was_escaped_comes_back(words in proptest::collection::vec("[<>&\"'a-c一-三]{1,8}", 0..8)) {
            let text = words.join(" ");
            let template = crate::template::Template::parse_html("<p>{t:text(1000)}</p>").unwrap();
            let html = template.render_html(|_| Some(&text)).unwrap();
            prop_assert_eq!(visible_text(&html), text);
        }
    }
}
