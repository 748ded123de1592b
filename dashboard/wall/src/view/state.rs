//! States as screens show them: what is not current has none.

use carillon_api::live::Health;
use carillon_kit::{class_of, format::Freshness, text::find};

/// Shape and word of a state whose source is that fresh.
pub fn state(health: Health, freshness: Freshness) -> (Health, &'static str) {
    let word = |key: &str| find(&format!("health.{key}")).unwrap_or_default();
    match freshness {
        Freshness::Live | Freshness::Late => (health, word(class_of(health))),
        Freshness::Stale => (Health::None, word("stale")),
        Freshness::Never => (Health::None, word("none")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::texts;

    #[test]
    fn only_what_is_current_has_a_state() {
        texts::load_chinese();
        for (freshness, shown) in [
            (Freshness::Live, (Health::Failed, "故障")),
            (Freshness::Late, (Health::Failed, "故障")),
            (Freshness::Stale, (Health::None, "停更")),
            (Freshness::Never, (Health::None, "无数据")),
        ] {
            assert_eq!(state(Health::Failed, freshness), shown);
        }
    }
}
