use super::RenderProblem;

/// What a variable accepts. The table is in [`crate::template`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum VariableType {
    /// At most this many characters, 1…1000.
    Text {
        characters_max: u16,
    },
    Number,
    Money,
    Date,
    Time,
    Code,
    Url,
    Phone,
}

const TEXT_CHARACTERS_DEFAULT: u16 = 100;
const TEXT_CHARACTERS_MAX: u16 = 1000;
const NUMBER_BYTES_MAX: usize = 20;
const MONEY_INTEGER_DIGITS_MAX: usize = 12;
const CODE_DIGITS: std::ops::RangeInclusive<usize> = 4..=8;
const URL_BYTES_MAX: usize = 512;
const PHONE_BYTES_MAX: usize = 20;
const PHONE_DIGITS_MIN: usize = 3;
const YEARS: std::ops::RangeInclusive<u16> = 1900..=2199;

impl VariableType {
    pub(super) fn parse(text: &str) -> Option<VariableType> {
        Some(match text {
            "text" => VariableType::Text {
                characters_max: TEXT_CHARACTERS_DEFAULT,
            },
            "number" => VariableType::Number,
            "money" => VariableType::Money,
            "date" => VariableType::Date,
            "time" => VariableType::Time,
            "code" => VariableType::Code,
            "url" => VariableType::Url,
            "phone" => VariableType::Phone,
            _ => {
                let digits = text.strip_prefix("text(")?.strip_suffix(')')?;
                let characters_max =
                    number(digits, 1..=4).filter(|max| (1..=TEXT_CHARACTERS_MAX).contains(max))?;
                VariableType::Text { characters_max }
            }
        })
    }

    pub(super) fn check(self, value: &str) -> Result<(), RenderProblem> {
        let (fits, expected) = match self {
            VariableType::Text { characters_max } => return check_text(value, characters_max),
            VariableType::Number => (is_number(value), "a number"),
            VariableType::Money => (is_money(value), "an amount with at most two decimals"),
            VariableType::Date => (is_date(value), "a date like 2026-05-01"),
            VariableType::Time => (is_time(value), "a time like 08:30"),
            VariableType::Code => (digits_only(value, CODE_DIGITS), "a code of 4 to 8 digits"),
            VariableType::Url => (is_url(value), "a link that starts with http:// or https://"),
            VariableType::Phone => (is_phone(value), "a telephone number"),
        };
        if fits {
            Ok(())
        } else {
            Err(RenderProblem::IllTyped { expected })
        }
    }
}

fn check_text(value: &str, characters_max: u16) -> Result<(), RenderProblem> {
    let max = usize::from(characters_max);
    if value.len() > max && value.chars().nth(max).is_some() {
        return Err(RenderProblem::TooLong { characters_max });
    }
    for character in value.chars() {
        if matches!(character, '【' | '】') {
            return Err(RenderProblem::SignatureMark);
        }
        if character.is_control() && character != '\n' {
            return Err(RenderProblem::ControlCharacter);
        }
    }
    Ok(())
}

fn digits_only(text: &str, lengths: std::ops::RangeInclusive<usize>) -> bool {
    lengths.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Digits without sign, of so many places.
fn number(text: &str, lengths: std::ops::RangeInclusive<usize>) -> Option<u16> {
    digits_only(text, lengths).then(|| text.parse().ok()).flatten()
}

fn is_number(value: &str) -> bool {
    let unsigned = value.strip_prefix('-').unwrap_or(value);
    let (integer, fraction) = unsigned.split_once('.').unwrap_or((unsigned, "0"));
    value.len() <= NUMBER_BYTES_MAX
        && digits_only(integer, 1..=NUMBER_BYTES_MAX)
        && digits_only(fraction, 1..=NUMBER_BYTES_MAX)
}

fn is_money(value: &str) -> bool {
    let (integer, fraction) = value.split_once('.').unwrap_or((value, "0"));
    digits_only(integer, 1..=MONEY_INTEGER_DIGITS_MAX) && digits_only(fraction, 1..=2)
}

fn is_date(value: &str) -> bool {
    let fields = match value.strip_suffix('日') {
        Some(chinese) => chinese.split_once('年').zip(Some('月')),
        None => value
            .split_once(['-', '/'])
            .zip(value.chars().find(|character| matches!(character, '-' | '/'))),
    };
    let Some(((year, rest), separator)) = fields else {
        return false;
    };
    let Some((month, day)) = rest.split_once(separator) else {
        return false;
    };
    match (number(year, 4..=4), number(month, 1..=2), number(day, 1..=2)) {
        (Some(year), Some(month), Some(day)) => {
            YEARS.contains(&year) && day >= 1 && day <= days_in_month(year, month)
        }
        _ => false,
    }
}

/// 0 for a month that does not exist.
fn days_in_month(year: u16, month: u16) -> u16 {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    match month {
        2 => 28 + u16::from(leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => 0,
    }
}

fn is_time(value: &str) -> bool {
    let Some((hour, rest)) = value.split_once(':') else {
        return false;
    };
    let (minute, second) = rest.split_once(':').unwrap_or((rest, "00"));
    let below = |text, lengths, bound| number(text, lengths).is_some_and(|found| found < bound);
    below(hour, 1..=2, 24) && below(minute, 2..=2, 60) && below(second, 2..=2, 60)
}

fn is_url(value: &str) -> bool {
    let Some(rest) = value
        .strip_prefix("https://")
        .or_else(|| value.strip_prefix("http://"))
    else {
        return false;
    };
    value.len() <= URL_BYTES_MAX
        && rest.starts_with(|first: char| first.is_ascii_alphanumeric())
        && rest.bytes().all(|byte| byte.is_ascii_graphic())
}

fn is_phone(value: &str) -> bool {
    value.len() <= PHONE_BYTES_MAX
        && value
            .bytes()
            .all(|byte| byte.is_ascii_digit() || b"+-() ".contains(&byte))
        && value.bytes().filter(u8::is_ascii_digit).count() >= PHONE_DIGITS_MIN
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values() {
        let cases: [(&str, &[&str], &[&str]); 8] = [
            (
                "number",
                &["0", "-3", "12.50", "007"],
                &["", "-", ".5", "5.", "1,000", "１", "1e3", "123456789012345678901"],
            ),
            (
                "money",
                &["0", "12.5", "999999999999.99"],
                &["", "-1", "1.234", "1.", "¥1", "1234567890123"],
            ),
            (
                "date",
                &[
                    "2026-05-01",
                    "2026/5/1",
                    "2026年5月1日",
                    "2024-02-29",
                    "2000-2-29",
                ],
                &[
                    "",
                    "2026-02-29",
                    "1900-02-29",
                    "2026-13-01",
                    "2026-0-1",
                    "2026-05/01",
                    "26-05-01",
                    "2026年5月1",
                    "2026-05-01日",
                    "2026-05-01 ",
                ],
            ),
            (
                "time",
                &["08:30", "8:30", "23:59:59"],
                &["", "24:00", "08:60", "08:3", "08:30:60", "08：30", "08:30:00:00"],
            ),
            (
                "code",
                &["1234", "12345678"],
                &["", "123", "123456789", "12a4", "１２３４"],
            ),
            (
                "url",
                &["https://a.example/x?y=1", "http://a"],
                &[
                    "",
                    "ftp://a",
                    "https://",
                    "https:// a",
                    "https://a b",
                    "https://例",
                    "HTTPS://a",
                ],
            ),
            (
                "phone",
                &["120", "400-800-0000", "+86 138 0000 0001", "(010)1234567"],
                &["", "12", "12a", "123456789012345678901"],
            ),
            (
                "text(3)",
                &["", "a", "中文字", "a\nb"],
                &["abcd", "中文字符", "【", "a】", "\r", "\u{1b}"],
            ),
        ];
        for (kind, good, bad) in cases {
            let kind = VariableType::parse(kind).unwrap();
            for value in good {
                assert_eq!(kind.check(value), Ok(()), "{kind:?}: {value:?}");
            }
            for value in bad {
                assert!(kind.check(value).is_err(), "{kind:?}: {value:?}");
            }
        }
        let https_only = format!("https://{}", "a".repeat(URL_BYTES_MAX));
        assert!(VariableType::Url.check(&https_only).is_err());
    }
}
