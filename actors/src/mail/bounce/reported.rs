use super::super::return_path::ReturnPath;
use std::collections::HashMap;

/// Reports that are noted of one mail: of some delays, and of its end.
const REPORTS_MAX: u8 = 32;
/// Mails whose reports are counted; with more of them the count begins anew.
const MAILS_MAX: usize = 100_000;

/// How many reports were noted of each mail. Whoever was sent a mail knows its return path, and could fill the journal by it.
#[derive(Default)]
pub struct Reported(HashMap<ReturnPath, u8>);

impl Reported {
    /// Nothing new is to be expected of this mail.
    pub fn has_enough(&self, path: ReturnPath) -> bool {
        self.0.get(&path).is_some_and(|count| *count >= REPORTS_MAX)
    }

    /// One more report was noted.
    pub fn count(&mut self, path: ReturnPath) {
        if self.0.len() >= MAILS_MAX && !self.0.contains_key(&path) {
            self.0.clear();
        }
        let count = self.0.entry(path).or_default();
        *count = count.saturating_add(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use carillon_domain::ids::{ConnectionId, MessageId};

    fn path(message: u64) -> ReturnPath {
        ReturnPath {
            message: MessageId(message),
            attempt: 0,
            connection: ConnectionId(1),
        }
    }

    #[test]
    fn each_mail_has_its_own_count_and_the_memory_an_end() {
        let mut reported = Reported::default();
        for _ in 0..REPORTS_MAX {
            assert!(!reported.has_enough(path(1)));
            reported.count(path(1));
        }
        assert!(reported.has_enough(path(1)) && !reported.has_enough(path(2)));
        for message in 2..=MAILS_MAX as u64 + 1 {
            reported.count(path(message));
        }
        assert!(reported.0.len() <= MAILS_MAX && !reported.has_enough(path(1)));
    }
}
