use hashbrown::HashMap;
use std::time::Duration;

/// Recipients that are remembered; one beyond them is let in at once.
const REMEMBERED_MAX: usize = 100_000;

/// When somebody first tried to reach each greylisted recipient.
#[derive(Default)]
pub struct Greylist {
    first_ms: HashMap<String, u64>,
}

impl Greylist {
    /// Whether `wait` has passed since the first try.
    pub fn admits(&mut self, recipient: &str, wait: Duration, now_ms: u64) -> bool {
        if let Some(first_ms) = self.first_ms.get(recipient) {
            return now_ms.saturating_sub(*first_ms) >= wait.as_millis() as u64;
        }
        if self.first_ms.len() >= REMEMBERED_MAX {
            return true;
        }
        self.first_ms.insert(recipient.to_owned(), now_ms);
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_try_is_put_off_and_a_later_one_is_not() {
        let mut greylist = Greylist::default();
        let mut admits = |who, now_ms| greylist.admits(who, Duration::from_secs(2), now_ms);
        assert!(!admits("a@b", 1_000));
        assert!(!admits("a@b", 2_999));
        assert!(!admits("c@b", 3_000));
        assert!(admits("a@b", 3_000));
        assert!(admits("a@b", 9_000));
        assert!(!admits("c@b", 4_999));
    }
}
