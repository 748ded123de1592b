use crate::browser;
use carillon_kit::settings;
use carillon_kit::text::Language;

const KEPT_AS: &str = "carillon.language";

/// What was chosen here, else Chinese.
pub fn kept() -> Language {
    Language::parse(&settings::kept(KEPT_AS).unwrap_or_default())
}

/// The other one; texts are loaded with the page, so that it is loaded anew.
pub fn switch() {
    let other = match kept() {
        Language::Zh => Language::En,
        Language::En => Language::Zh,
    };
    settings::keep(KEPT_AS, other.tag());
    browser::reload();
}
