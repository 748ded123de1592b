use crate::browser;
use crate::model::row_cursor::RowCursor;
use leptos::ev;
use leptos::prelude::*;

/// The keys of a list: `j` and `k` move, `Enter` opens, `x` ticks.
#[derive(Clone, Copy)]
pub struct RowKeys {
    pub cursor: RwSignal<RowCursor>,
    open: Memo<Option<String>>,
}

impl RowKeys {
    /// `rows` are the names of the rows in their order, `open` that of the one in the drawer: moving then opens the next one.
    pub fn listen(
        rows: Memo<Vec<String>>,
        open: Memo<Option<String>>,
        on_open: Callback<String>,
        ticks: bool,
    ) -> Self {
        let cursor = RwSignal::new(RowCursor::default());
        Effect::new(move || rows.with(|rows| cursor.update(|cursor| cursor.keep(rows))));
        let listener = window_event_listener(ev::keydown, move |event| {
            let is_plain = !event.ctrl_key() && !event.meta_key() && !event.alt_key();
            if !is_plain || event.default_prevented() || browser::is_typing(&event) || browser::is_covered() {
                return;
            }
            let step = |by| {
                cursor.update(|cursor| {
                    cursor.at = cursor.at.take().or_else(|| open.get_untracked());
                    rows.with_untracked(|rows| cursor.step(rows, by));
                });
                browser::reveal("tr.at");
                if open.with_untracked(Option::is_some) {
                    cursor
                        .with_untracked(|cursor| cursor.at.clone())
                        .inspect(|at| on_open.run(at.clone()));
                }
            };
            let at = || cursor.with_untracked(|cursor| cursor.at.clone());
            match event.key().as_str() {
                "j" | "ArrowDown" => step(1),
                "k" | "ArrowUp" => step(-1),
                "Enter" if browser::is_on_button(&event) => return,
                "Enter" => drop(at().inspect(|at| on_open.run(at.clone()))),
                "x" if ticks => drop(at().inspect(|at| cursor.update(|cursor| cursor.tick(at)))),
                _ => return,
            }
            event.prevent_default();
        });
        on_cleanup(move || listener.remove());
        RowKeys { cursor, open }
    }

    /// Whether the row is open, or the keys stand on it.
    pub fn is_at(self, row: &str) -> bool {
        let is_open = self.open.with(|open| open.as_deref() == Some(row));
        is_open || self.cursor.with(|cursor| cursor.at.as_deref() == Some(row))
    }

    pub fn is_ticked(self, row: &str) -> bool {
        self.cursor.with(|cursor| cursor.ticked.contains(row))
    }

    pub fn stand_on(self, row: &str) {
        self.cursor.update(|cursor| cursor.at = Some(row.to_owned()));
    }
}
