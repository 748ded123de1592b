use super::failure::title_of;
use crate::text::find;
use carillon_api::Code;

/// What a raw cause means: one of our own codes, or a word that carriers' specifications define (SMPP 3.4 Appendix B, CMPP 2.0
/// §7.4.5.1). Empty for anything else: a guess would be worse than the raw code.
pub fn cause_words(cause: &str) -> String {
    if let Some(code) = Code::from_word(cause) {
        return title_of(code).to_owned();
    }
    let key = format!("cause.{}", cause.trim().to_ascii_lowercase());
    find(&key).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn causes_are_known_or_left_alone() {
        assert_eq!(cause_words("quota_exceeded"), "当日配额已用完");
        assert_eq!(cause_words("campaign_stopped"), "任务被停止");
        assert!(!cause_words("UNDELIV").is_empty());
        for unknown in ["", "MK:0001", "x.y", "5.1.1"] {
            assert_eq!(cause_words(unknown), "", "{unknown}");
        }
    }
}
