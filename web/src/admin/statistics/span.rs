use crate::http::Failure;
use crate::http::time::now;
use crate::query::moment;
use carillon_domain::time::UnixMs;
use carillon_storage::history::Resolution;
use std::time::Duration;

const DAY: Duration = Duration::from_secs(24 * 3600);

/// A time in buckets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    pub resolution: Resolution,
    /// The beginning of a bucket.
    pub from: UnixMs,
    pub until: UnixMs,
}

impl Span {
    /// Without `until` it ends now, without `from` it begins a usual time before.
    pub fn of(resolution: Option<&str>, from: Option<&str>, until: Option<&str>) -> Result<Span, Failure> {
        Span::at(now(), resolution, moment("from", from)?, moment("until", until)?)
    }

    fn at(
        now: UnixMs,
        resolution: Option<&str>,
        from: Option<UnixMs>,
        until: Option<UnixMs>,
    ) -> Result<Span, Failure> {
        let resolution = match resolution {
            None => Resolution::Hour,
            Some(word) => Resolution::ALL
                .into_iter()
                .find(|resolution| resolution_word(*resolution) == word)
                .ok_or_else(|| Failure::parameter("resolution", "minute, hour or day"))?,
        };
        let until = until.unwrap_or(UnixMs(now.0 + 1));
        let usual = UnixMs(until.0.saturating_sub(usual(resolution).as_millis() as u64));
        let from = resolution.begin(from.unwrap_or(usual));
        let longest = longest(resolution);
        if until.saturating_since(from) > longest {
            let days = longest.as_secs() / DAY.as_secs();
            return Err(Failure::parameter(
                "from",
                format!(
                    "{} figures are given for at most {days} days",
                    resolution_word(resolution)
                ),
            ));
        }
        Ok(Span {
            resolution,
            from,
            until,
        })
    }
}

fn usual(resolution: Resolution) -> Duration {
    match resolution {
        Resolution::Minute => DAY / 24,
        Resolution::Hour => DAY,
        Resolution::Day => 30 * DAY,
    }
}

/// A bucket more than whole days, since a range seldom begins with a bucket.
fn longest(resolution: Resolution) -> Duration {
    match resolution {
        Resolution::Minute => 2 * DAY + Duration::from_secs(60),
        Resolution::Hour => 100 * DAY + Duration::from_secs(3600),
        Resolution::Day => 3_701 * DAY,
    }
}

pub fn resolution_word(resolution: Resolution) -> &'static str {
    match resolution {
        Resolution::Minute => "minute",
        Resolution::Hour => "hour",
        Resolution::Day => "day",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixMs = UnixMs(1_769_891_696_789);
    const DAY_MS: u64 = 86_400_000;

    #[test]
    fn a_span_begins_with_a_bucket() {
        for (resolution, begins_before) in [
            (None, DAY_MS),
            (Some("minute"), DAY_MS / 24),
            (Some("hour"), DAY_MS),
            (Some("day"), 30 * DAY_MS),
        ] {
            let span = Span::at(NOW, resolution, None, None).unwrap();
            assert_eq!(span.until, UnixMs(NOW.0 + 1));
            assert_eq!(
                span.from,
                span.resolution.begin(UnixMs(NOW.0 + 1 - begins_before))
            );
        }
    }

    #[test]
    fn what_is_too_long_is_refused() {
        let at = |resolution, from, until| {
            Span::at(NOW, Some(resolution), Some(UnixMs(from)), Some(UnixMs(until))).is_ok()
        };
        assert!(at("minute", NOW.0 - 2 * DAY_MS, NOW.0));
        assert!(!at("minute", NOW.0 - 3 * DAY_MS, NOW.0));
        assert!(at("hour", NOW.0 - 100 * DAY_MS, NOW.0));
        assert!(!at("hour", 0, NOW.0));
        assert!(at("day", NOW.0 - 3_700 * DAY_MS, NOW.0));
        assert!(!at("day", 0, u64::MAX));
        // Nothing is in it, which is no error.
        assert!(at("minute", NOW.0, 0));
        assert!(Span::at(NOW, Some("week"), None, None).is_err());
    }
}
