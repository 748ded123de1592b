//! The request of another gateway, Kannel's `GET /cgi-bin/sendsms` (Kannel user's guide, chapter "Using the HTTP interface to
//! send SMS messages"), for comparisons.

use super::acknowledgement::Outcome;
use super::source::{LineKey, SHORT};
use crate::http::Answer;
use crate::marker;
use carillon_domain::ids::MessageId;
use std::fmt::Write;

/// Stands before every text, as Carillon puts its account's signature there.
const SIGNATURE: &str = "【示例医院】";
const SENDER: &str = "10690000";
/// Success and failure of the delivery, as the carrier reports them.
const DELIVERY_REPORTS: u8 = 3;

/// Messages with the texts of [`super::PatternSource`]'s short lines, one per request, in UCS-2.
#[derive(Clone, Debug)]
pub struct SendSms {
    /// Up to the recipient's number.
    before_phone: String,
    /// From there up to the marker.
    before_marker: String,
    after_marker: String,
}

impl SendSms {
    /// With `receipts` the carrier is asked for them.
    pub fn new(user: &str, password: &str, receipts: bool) -> Self {
        let (user, password) = (percent_encoded(user), percent_encoded(password));
        let reports = match receipts {
            true => format!("&dlr-mask={DELIVERY_REPORTS}"),
            false => String::new(),
        };
        SendSms {
            before_phone: format!(
                "/cgi-bin/sendsms?username={user}&password={password}&from={SENDER}&coding=2&charset=UTF-8{reports}&to="
            ),
            before_marker: format!("&text={}", percent_encoded(&format!("{SIGNATURE}{SHORT}"))),
            after_marker: percent_encoded("。"),
        }
    }

    /// Path and query for one line.
    pub fn path(&self, line: &LineKey) -> String {
        let marker = percent_encoded(&marker::text(line.marker.unwrap_or_default()));
        let SendSms {
            before_phone,
            before_marker,
            after_marker,
        } = self;
        format!(
            "{before_phone}{}{before_marker}{marker}{after_marker}",
            line.phone
        )
    }

    /// It gives no ids: a line that was taken is named by its marker.
    pub fn outcome(answer: &Answer, line: &LineKey) -> Outcome {
        match answer.status {
            200 | 202 => Outcome::Accepted(MessageId(line.marker.unwrap_or_default() + 1)),
            status => Outcome::Refused {
                code: format!("http_{status}").into(),
                field: "".into(),
            },
        }
    }
}

/// Everything but letters and digits as `%XX` of its UTF-8 (RFC 3986, section 2.1).
fn percent_encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(3 * text.len());
    for byte in text.bytes() {
        match byte {
            b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' => encoded.push(char::from(byte)),
            // Writing into a String cannot fail.
            _ => {
                let _ = write!(encoded, "%{byte:02X}");
            }
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_becomes_a_request() {
        let line = LineKey {
            line: 8,
            marker: Some(7),
            phone: "13800000007".into(),
        };
        let path = SendSms::new("user", "a b", true).path(&line);
        assert!(
            path.starts_with("/cgi-bin/sendsms?username=user&password=a%20b&from=10690000&"),
            "{path}"
        );
        assert!(
            path.contains("&dlr-mask=3&to=13800000007&text=%E3%80%90"),
            "{path}"
        );
        assert!(path.ends_with("%230000000007%E3%80%82"), "{path}");
        assert!(
            !SendSms::new("user", "a b", false)
                .path(&line)
                .contains("dlr-mask")
        );
    }

    #[test]
    fn only_a_yes_is_taken_for_one() {
        let line = LineKey {
            line: 8,
            marker: Some(7),
            phone: "13800000007".into(),
        };
        let answer = |status| Answer {
            status,
            retry_after_s: None,
            cookie: None,
            body: Default::default(),
        };
        assert_eq!(
            SendSms::outcome(&answer(202), &line),
            Outcome::Accepted(MessageId(8))
        );
        assert!(matches!(
            SendSms::outcome(&answer(403), &line),
            Outcome::Refused { .. }
        ));
    }
}
