/// How long no password may be tried, after too many wrong ones.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lockout {
    until_ms: i64,
}

impl Lockout {
    /// What `Retry-After` says, counted from now.
    pub fn begin(now_ms: i64, seconds: u64) -> Self {
        // A day is longer than any server asks for.
        let seconds = seconds.min(86_400) as i64;
        Lockout {
            until_ms: now_ms + seconds * 1_000,
        }
    }

    /// Whole seconds that are left; `None` when it is over.
    pub fn left_s(self, now_ms: i64) -> Option<u64> {
        let left = self.until_ms.saturating_sub(now_ms);
        (left > 0).then(|| (left as u64).div_ceil(1_000))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_counts_down_to_its_end() {
        let lockout = Lockout::begin(1_000, 2);
        for (now, left) in [
            (1_000, Some(2)),
            (1_001, Some(2)),
            (2_000, Some(1)),
            (3_000, None),
        ] {
            assert_eq!(lockout.left_s(now), left);
        }
        assert_eq!(Lockout::default().left_s(0), None);
        assert_eq!(Lockout::begin(0, u64::MAX).left_s(0), Some(86_400));
    }
}
