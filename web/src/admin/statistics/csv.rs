use carillon_domain::spreadsheet::marked;

/// A table in CSV (RFC 4180) that spreadsheets read as UTF-8 and in which no text is taken for a formula.
pub struct Table {
    text: String,
    is_row_begun: bool,
}

/// Tells spreadsheets that it is UTF-8.
const BYTE_ORDER_MARK: char = '\u{feff}';

impl Default for Table {
    fn default() -> Self {
        Table {
            text: BYTE_ORDER_MARK.into(),
            is_row_begun: false,
        }
    }
}

impl Table {
    pub fn text(&mut self, value: &str) {
        self.next_cell();
        self.text.push('"');
        // Names are given by whoever configures.
        self.text.push_str(&marked(value).replace('"', "\"\""));
        self.text.push('"');
    }

    pub fn number(&mut self, value: i64) {
        self.next_cell();
        self.text.push_str(&value.to_string());
    }

    pub fn end_row(&mut self) {
        self.text.push_str("\r\n");
        self.is_row_begun = false;
    }

    pub fn finish(self) -> String {
        self.text
    }

    fn next_cell(&mut self) {
        if self.is_row_begun {
            self.text.push(',');
        }
        self.is_row_begun = true;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_quoted_and_no_formula_runs() {
        for (value, cell) in [
            ("his", "\"his\""),
            ("", "\"\""),
            ("一院, \"东区\"", "\"一院, \"\"东区\"\"\""),
            ("=HYPERLINK(\"http://x\")", "\"'=HYPERLINK(\"\"http://x\"\")\""),
        ] {
            let mut table = Table::default();
            table.text(value);
            assert_eq!(table.finish(), format!("\u{feff}{cell}"));
        }
    }

    #[test]
    fn rows_have_commas_between_their_cells() {
        let mut table = Table::default();
        for row in [[1, -2], [3, 4]] {
            row.into_iter().for_each(|value| table.number(value));
            table.end_row();
        }
        assert_eq!(table.finish(), "\u{feff}1,-2\r\n3,4\r\n");
    }
}
