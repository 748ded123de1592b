//! What a screen may show: everything, or one organisation.

/// How long each scene stays while they rotate.
pub const ROTATE_EVERY_MS: u64 = 30_000;

/// The scope of a scene: 0 is everything (`None`), then the organisations in their order. `None` outside when there is no
/// such scene.
pub fn scope_of(scene: usize, scopes: &[String]) -> Option<Option<String>> {
    match scene.checked_sub(1) {
        None => Some(None),
        Some(index) => scopes.get(index).cloned().map(Some),
    }
}

/// The scope after `current`; everything comes after the last organisation.
pub fn next(current: &str, scopes: &[String]) -> Option<String> {
    let after = scopes
        .iter()
        .position(|scope| scope == current)
        .map_or(0, |index| index + 1);
    scopes.get(after).cloned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scenes_go_round() {
        let scopes = ["东院".to_owned(), "西院".to_owned()];
        assert_eq!(scope_of(0, &scopes), Some(None));
        assert_eq!(scope_of(2, &scopes), Some(Some("西院".to_owned())));
        assert_eq!(scope_of(3, &scopes), None);
        assert_eq!(next("", &scopes).as_deref(), Some("东院"));
        assert_eq!(next("东院", &scopes).as_deref(), Some("西院"));
        assert_eq!(next("西院", &scopes), None);
        assert_eq!(next("gone", &[]), None);
    }
}
