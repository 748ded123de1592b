use crate::browser;
use carillon_kit::settings;
use leptos::prelude::*;

const KEPT_AS: &str = "carillon.theme";

/// Light or dark: what was chosen here, else what the system has.
#[derive(Clone, Copy)]
pub struct Theme {
    is_dark: RwSignal<bool>,
}

impl Theme {
    pub fn use_kept() -> Self {
        let is_dark = match settings::kept(KEPT_AS).as_deref() {
            Some("dark") => true,
            Some("light") => false,
            _ => browser::prefers_dark(),
        };
        let theme = Theme {
            is_dark: RwSignal::new(is_dark),
        };
        browser::set_theme(theme.word());
        theme
    }

    pub fn switch(self) {
        self.is_dark.update(|is_dark| *is_dark = !*is_dark);
        settings::keep(KEPT_AS, self.word());
        browser::set_theme(self.word());
    }

    fn word(self) -> &'static str {
        if self.is_dark.get_untracked() {
            "dark"
        } else {
            "light"
        }
    }
}
