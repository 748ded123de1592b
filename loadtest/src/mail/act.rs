use compact_str::CompactString;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// Longest time an act may take.
const TIME_MAX: Duration = Duration::from_secs(3_600);

/// What the sink does with mails to one recipient.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Act {
    #[default]
    Accept,
    /// 451 to RCPT until so long after the first try (greylisting).
    Greylist(Duration),
    /// 550 to RCPT.
    Refuse,
    /// 554 after the content.
    RefuseContent,
    /// The mail is kept, and never answered.
    HangKept,
    /// The mail is thrown away, and never answered.
    HangLost,
    /// The connection is dropped in the middle of the content.
    Cut,
    /// The answer to the content comes so much later.
    Slow(Duration),
    /// The mail is accepted, and so much later reported on to its envelope's sender.
    Report(ReportKind, Duration),
}

/// The action of a delivery status notification (RFC 3464 §2.3.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReportKind {
    Failed,
    Delayed,
    Delivered,
}

/// Which recipients an act is for. The first rule that fits counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// An address; `*` at most once, for any characters.
    pub pattern: CompactString,
    pub act: Act,
}

#[derive(Debug, thiserror::Error)]
pub enum RuleError {
    #[error("expected PATTERN=ACT, e.g. refused*=refuse")]
    Form,
    #[error("the pattern has more than one *")]
    Pattern,
    #[error("there is no act {0:?}")]
    Act(String),
    #[error("the act needs a number: {0}:NUMBER")]
    Number(String),
    #[error("the act takes no number")]
    NoNumber,
    #[error("nothing may take longer than {} s", TIME_MAX.as_secs())]
    TooLong,
}

impl Rule {
    pub fn new(pattern: &str, act: Act) -> Self {
        Rule {
            pattern: pattern.into(),
            act,
        }
    }

    /// Without regard to upper and lower case.
    pub fn fits(&self, address: &str) -> bool {
        let address = address.to_ascii_lowercase();
        let pattern = self.pattern.to_ascii_lowercase();
        match pattern.split_once('*') {
            None => address == pattern,
            Some((before, behind)) => {
                address.len() >= before.len() + behind.len()
                    && address.starts_with(before)
                    && address.ends_with(behind)
            }
        }
    }
}

/// What the first fitting rule says; without one the mail is accepted.
pub fn act_for(rules: &[Rule], address: &str) -> Act {
    let rule = rules.iter().find(|rule| rule.fits(address));
    rule.map_or(Act::Accept, |rule| rule.act)
}

impl FromStr for Rule {
    type Err = RuleError;

    fn from_str(text: &str) -> Result<Self, RuleError> {
        let (pattern, act) = text.split_once('=').ok_or(RuleError::Form)?;
        if pattern.is_empty() {
            return Err(RuleError::Form);
        }
        if pattern.matches('*').count() > 1 {
            return Err(RuleError::Pattern);
        }
        Ok(Rule::new(pattern, act.parse()?))
    }
}

impl FromStr for Act {
    type Err = RuleError;

    /// A word, and for some a time behind a colon: seconds of `greylist`, milliseconds of the others.
    fn from_str(text: &str) -> Result<Self, RuleError> {
        let (word, number) = match text.split_once(':') {
            Some((word, number)) => (word, Some(number)),
            None => (text, None),
        };
        let time = |unit: fn(u64) -> Duration| {
            let number = number.and_then(|number| number.parse().ok());
            let time = unit(number.ok_or_else(|| RuleError::Number(word.to_owned()))?);
            if time > TIME_MAX {
                return Err(RuleError::TooLong);
            }
            Ok(time)
        };
        let report = |kind| Ok::<_, RuleError>(Act::Report(kind, time(Duration::from_millis)?));
        let plain = match word {
            "greylist" => return Ok(Act::Greylist(time(Duration::from_secs)?)),
            "slow" => return Ok(Act::Slow(time(Duration::from_millis)?)),
            "bounce" => return report(ReportKind::Failed),
            "delay" => return report(ReportKind::Delayed),
            "deliver" => return report(ReportKind::Delivered),
            "accept" => Act::Accept,
            "refuse" => Act::Refuse,
            "refuse-content" => Act::RefuseContent,
            "hang-kept" => Act::HangKept,
            "hang-lost" => Act::HangLost,
            "cut" => Act::Cut,
            other => return Err(RuleError::Act(other.to_owned())),
        };
        match number {
            None => Ok(plain),
            Some(_) => Err(RuleError::NoNumber),
        }
    }
}

impl fmt::Display for ReportKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ReportKind::Failed => "failed",
            ReportKind::Delayed => "delayed",
            ReportKind::Delivered => "delivered",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_as_they_are_written() {
        let second = Duration::from_secs(1);
        let cases = [
            ("*=accept", Act::Accept),
            ("grey*=greylist:1", Act::Greylist(second)),
            ("a@b=refuse", Act::Refuse),
            ("a@b=refuse-content", Act::RefuseContent),
            ("*@b=hang-kept", Act::HangKept),
            ("*@b=hang-lost", Act::HangLost),
            ("*@b=cut", Act::Cut),
            ("*@b=slow:1000", Act::Slow(second)),
            ("*@b=bounce:1000", Act::Report(ReportKind::Failed, second)),
            ("*@b=delay:1000", Act::Report(ReportKind::Delayed, second)),
            ("*@b=deliver:1000", Act::Report(ReportKind::Delivered, second)),
        ];
        for (text, act) in cases {
            assert_eq!(text.parse::<Rule>().expect(text).act, act, "{text}");
        }
        for wrong in [
            "",
            "accept",
            "=accept",
            "**=accept",
            "a=",
            "a=accept:1",
            "a=greylist",
            "a=slow:-1",
            "a=slow:99999999999",
            "a=explode",
        ] {
            assert!(wrong.parse::<Rule>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_first_rule_that_fits_counts() {
        let rules = [
            Rule::new("full@*", Act::Refuse),
            Rule::new("*@b.example", Act::Cut),
            Rule::new("aba*aba", Act::HangLost),
        ];
        let cases = [
            ("full@b.example", Act::Refuse),
            ("FULL@b.example", Act::Refuse),
            ("a@B.example", Act::Cut),
            ("a@b.example.org", Act::Accept),
            ("aba", Act::Accept),
            ("abaaba", Act::HangLost),
        ];
        for (address, act) in cases {
            assert_eq!(act_for(&rules, address), act, "{address}");
        }
    }
}
