use super::catalog::{RELAY, connection_of};
use crate::demo::Accepted;
use crate::ledger::{Answer, Frame, GivenReceipt, Record};
use crate::mail::MailRecord;
use carillon_domain::catalog::Carrier;
use carillon_domain::fact::ReceiptOutcome;
use carillon_domain::number_range::NumberRanges;
use carillon_domain::phone::PhoneNumber;
use carillon_domain::receipt_status;
use std::collections::BTreeMap;

/// What can be counted of a message or segment, in the words of the statistics.
pub const MESSAGES: &str = "accepted";
pub const SUBMITTED: &str = "segments_submitted";
pub const REFUSED: &str = "segments_refused";
pub const DELIVERED: &str = "segments_delivered";
pub const FAILED: &str = "segments_failed";

/// By measure, then by a name of one dimension.
pub type Sums = BTreeMap<&'static str, BTreeMap<String, i64>>;

/// Everything as others have it in their books: callers, carriers and the relay.
#[derive(Debug, Default)]
pub struct Books {
    pub by_account: Sums,
    pub by_kind: Sums,
    pub by_connection: Sums,
    pub by_carrier: Sums,
    pub by_province: Sums,
    /// By connection and the carrier's words in receipts.
    pub codes: BTreeMap<(String, String), i64>,
    /// Receipts on parts of long messages of which another part had failed or was refused before: the message had ended
    /// already.
    pub late_receipts: i64,
}

impl Books {
    pub fn of(accepted: &[Accepted], frames: &[Frame], mails: &[MailRecord], ranges: &NumberRanges) -> Self {
        let mut books = Books::default();
        for message in accepted {
            let kind = if message.by_mail { "mail" } else { "sms" };
            count(&mut books.by_account, MESSAGES, message.account);
            count(&mut books.by_kind, MESSAGES, kind);
            books.count_origin(MESSAGES, &message.phone, ranges);
        }
        let mut connections: BTreeMap<u16, String> = BTreeMap::new();
        for frame in frames {
            match frame {
                Frame::Account(header) => {
                    let connection = connection_of(&header.login).unwrap_or_else(|| header.login.to_string());
                    connections.insert(header.account, connection);
                }
                Frame::Segment(record) => {
                    let connection = connections.get(&record.account).cloned().unwrap_or_default();
                    books.segment(record, &connection, ranges);
                }
                Frame::Summary(_) => {}
            }
        }
        mails.iter().for_each(|mail| books.mail(mail, ranges));
        books.late_receipts = late_receipts(frames);
        books
    }

    fn segment(&mut self, record: &Record, connection: &str, ranges: &NumberRanges) {
        match record.answer {
            Answer::Accepted => self.count_segment(SUBMITTED, connection, "sms", &record.destination, ranges),
            Answer::Refused(_) => self.count_segment(REFUSED, connection, "sms", &record.destination, ranges),
            Answer::None => {}
        }
        if let Some(receipt) = acknowledged(record) {
            let measure = match receipt_status::outcome(&receipt.status) {
                ReceiptOutcome::Delivered => DELIVERED,
                ReceiptOutcome::Failed | ReceiptOutcome::Expired => FAILED,
                ReceiptOutcome::Pending => return,
            };
            self.count_segment(measure, connection, "sms", &record.destination, ranges);
            let key = (connection.to_owned(), receipt.status.to_string());
            *self.codes.entry(key).or_default() += 1;
        }
    }

    /// Addresses hold the number of the person; every mail that is kept gets its report.
    fn mail(&mut self, mail: &MailRecord, ranges: &NumberRanges) {
        let phone: String = mail.to.chars().filter(char::is_ascii_digit).collect();
        if !mail.kept {
            self.count_segment(REFUSED, RELAY, "mail", &phone, ranges);
            return;
        }
        self.count_segment(SUBMITTED, RELAY, "mail", &phone, ranges);
        let measure = if mail.to.starts_with("gone") {
            FAILED
        } else {
            DELIVERED
        };
        self.count_segment(measure, RELAY, "mail", &phone, ranges);
    }

    fn count_segment(
        &mut self,
        measure: &'static str,
        connection: &str,
        kind: &str,
        phone: &str,
        ranges: &NumberRanges,
    ) {
        count(&mut self.by_connection, measure, connection);
        count(&mut self.by_kind, measure, kind);
        self.count_origin(measure, phone, ranges);
    }

    fn count_origin(&mut self, measure: &'static str, phone: &str, ranges: &NumberRanges) {
        let origin = PhoneNumber::parse(phone).ok().map(|phone| ranges.origin(phone));
        let (carrier, province) = match origin {
            Some(origin) => (carrier_word(origin.carrier), origin.unit.name()),
            None => (carrier_word(Carrier::Unknown), ""),
        };
        count(&mut self.by_carrier, measure, carrier);
        count(&mut self.by_province, measure, province);
    }
}

/// A long message as its carrier saw it.
#[derive(Default)]
struct Parts {
    /// When a receipt on a part came, and whether it told a failure.
    receipts: Vec<(u64, bool)>,
    /// When each part came the last time, and whether it was refused then. A part that was refused for a while comes again.
    newest: BTreeMap<u8, (u64, bool)>,
}

impl Parts {
    /// Receipts after the moment in which one part failed or was refused for good.
    fn late(&self) -> usize {
        let failed = self.receipts.iter().filter(|(_, is_failure)| *is_failure);
        let refused = self.newest.values().filter(|(_, is_refused)| *is_refused);
        let ended = failed.chain(refused).map(|(at_us, _)| *at_us).min();
        let is_late = |(at_us, _): &&(u64, bool)| ended.is_some_and(|ended| *at_us > ended);
        self.receipts.iter().filter(is_late).count()
    }
}

fn late_receipts(frames: &[Frame]) -> i64 {
    let mut messages: BTreeMap<(u16, &str, u16), Parts> = BTreeMap::new();
    for frame in frames {
        let Frame::Segment(record) = frame else { continue };
        let Some(part) = record.part else { continue };
        let parts = messages
            .entry((record.account, &record.destination, part.reference))
            .or_default();
        let newest = parts.newest.entry(part.number).or_default();
        *newest = (*newest).max((record.at_us, matches!(record.answer, Answer::Refused(_))));
        if let Some(receipt) = acknowledged(record) {
            let is_failure = receipt_status::outcome(&receipt.status) != ReceiptOutcome::Delivered;
            parts.receipts.push((receipt.at_us, is_failure));
        }
    }
    messages.values().map(Parts::late).sum::<usize>() as i64
}

/// The receipt that counts: one that nobody acknowledged is nobody's, and of several the first decides (RCP-1).
fn acknowledged(record: &Record) -> Option<&GivenReceipt> {
    record
        .receipts
        .iter()
        .find(|receipt| receipt.acknowledged_us.is_some())
}

fn count(sums: &mut Sums, measure: &'static str, name: &str) {
    *sums
        .entry(measure)
        .or_default()
        .entry(name.to_owned())
        .or_default() += 1;
}

fn carrier_word(carrier: Carrier) -> &'static str {
    match carrier {
        Carrier::Mobile => "mobile",
        Carrier::Unicom => "unicom",
        Carrier::Telecom => "telecom",
        Carrier::Broadnet => "broadnet",
        Carrier::Virtual => "virtual",
        Carrier::Unknown => "unknown",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_receipt_is_late_when_another_part_has_failed_or_was_refused_for_good() {
        let late = |receipts: &[(u64, bool)], newest: &[(u64, bool)]| {
            let newest = (1..).zip(newest.iter().copied()).collect();
            let receipts = receipts.to_vec();
            Parts { receipts, newest }.late()
        };
        assert_eq!(late(&[(5, false), (6, false)], &[(1, false), (2, false)]), 0);
        assert_eq!(late(&[(5, true), (6, false)], &[(1, false), (2, false)]), 1);
        assert_eq!(late(&[(6, true), (5, false)], &[(1, false), (2, false)]), 0);
        assert_eq!(late(&[(6, false)], &[(1, true), (2, false)]), 1);
        assert_eq!(late(&[(6, false), (9, false)], &[(7, true), (2, false)]), 1);
    }
}
