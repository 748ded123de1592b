//! Texts in tables that people open in a spreadsheet, which runs what looks like a formula, wherever it comes from.

use std::borrow::Cow;

/// Begins what spreadsheets run, in the narrow and the wide form.
const BEGINNINGS: [char; 11] = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];

/// Tells spreadsheets that it is text.
const MARK: char = '\'';

/// The text as a cell that no spreadsheet runs.
pub fn marked(text: &str) -> Cow<'_, str> {
    // A mark of its own gets another one, so that the first can be taken away again.
    if text.starts_with(BEGINNINGS) || text.starts_with(MARK) {
        return Cow::Owned(format!("{MARK}{text}"));
    }
    Cow::Borrowed(text)
}

/// The text of a cell that [`marked`] made.
pub fn unmarked(cell: &str) -> &str {
    cell.strip_prefix(MARK).unwrap_or(cell)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn nothing_is_run() {
        for (text, cell) in [
            ("", ""),
            ("手机号", "手机号"),
            ("a=b", "a=b"),
            ("=HYPERLINK(\"http://x\")", "'=HYPERLINK(\"http://x\")"),
            ("+1", "'+1"),
            ("-1", "'-1"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("\t=1", "'\t=1"),
            ("＝1", "'＝1"),
            ("'=1", "''=1"),
        ] {
            assert_eq!(marked(text), cell);
            assert_eq!(unmarked(cell), text);
        }
    }

    proptest! {
        #[test]
        fn texts_come_back(text in "['=+@a＝\t]{0,6}") {
            let cell = marked(&text);
            prop_assert!(!cell.starts_with(BEGINNINGS));
            prop_assert_eq!(unmarked(&cell), text.as_str());
        }
    }
}
