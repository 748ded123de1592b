use super::behaviour::IdForm;
use super::config::ProtocolName;
use crate::clock::LocalTime;
use carillon_protocols::session::SegmentId;

/// Gives each segment its carrier id, unique for the life of a carrier account.
#[derive(Debug)]
pub struct IdMaker {
    protocol: ProtocolName,
    form: IdForm,
    next: u64,
}

/// Bits of a CMPP Msg_Id below the time of day (CMPP 2.0 §7.4.3.2: gateway and sequence).
const CMPP_LOW_BITS: u32 = 38;
/// SMPP ids stay below this, so that they fit the ten digits of a receipt's `id:` field (SMPP 3.4 appendix B).
const SMPP_LIMIT: u64 = 1 << 32;

impl IdMaker {
    /// `unix_s` moves the start, so that ids of one run do not come again in the next.
    pub fn new(protocol: ProtocolName, form: IdForm, unix_s: u64) -> Self {
        IdMaker {
            protocol,
            form,
            next: unix_s << 20,
        }
    }

    /// The first of `count` ids in a row; the others follow by 1 (CMPP 2.0 §7.4.3.2, group send).
    pub fn make(&mut self, count: u64, unix_s: u64) -> u64 {
        // Inside a range only the 16-bit sequence would count up, so a range never crosses its end.
        if (self.next & 0xffff) + count > 0x1_0000 {
            self.next = (self.next | 0xffff) + 1;
        }
        let low = self.next;
        self.next += count;
        match self.protocol {
            ProtocolName::Smpp34 => low % SMPP_LIMIT,
            ProtocolName::Cmpp20 | ProtocolName::Cmpp30 => {
                let time = LocalTime::of(unix_s);
                let fields = [(time.day, 5), (time.hour, 5), (time.minute, 6), (time.second, 6)];
                let time = fields.iter().fold(u64::from(time.month), |bits, (value, width)| {
                    bits << width | u64::from(*value)
                });
                time << CMPP_LOW_BITS | low & ((1 << CMPP_LOW_BITS) - 1)
            }
        }
    }

    /// The id as the submit response names it.
    pub fn in_response(&self, id: u64) -> SegmentId {
        self.written(id, self.form == IdForm::ResponseHex)
    }

    /// The id as the receipt names it.
    pub fn in_receipt(&self, id: u64) -> SegmentId {
        self.written(id, self.form == IdForm::ReceiptHex)
    }

    fn written(&self, id: u64, hexadecimal: bool) -> SegmentId {
        match self.protocol {
            ProtocolName::Cmpp20 | ProtocolName::Cmpp30 => SegmentId::Number(id),
            ProtocolName::Smpp34 if hexadecimal => SegmentId::Text(format!("{id:x}").into()),
            ProtocolName::Smpp34 => SegmentId::Text(id.to_string().into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cmpp_id_carries_its_time() {
        let mut ids = IdMaker::new(ProtocolName::Cmpp20, IdForm::Same, 0);
        // 2024-11-09 17:21:12 in UTC+8.
        let id = ids.make(1, 1_731_144_072);
        assert_eq!(id >> CMPP_LOW_BITS, 0xB4C5_5300_0001_0000 >> CMPP_LOW_BITS);
    }

    #[test]
    fn ranges_do_not_overlap_or_cross_the_sequence() {
        let mut ids = IdMaker::new(ProtocolName::Cmpp30, IdForm::Same, 0);
        let mut end = 0;
        for _ in 0..3_000 {
            let first = ids.make(99, 0);
            assert!(first >= end);
            assert_eq!(first >> 16, (first + 98) >> 16);
            end = first + 99;
        }
    }

    #[test]
    fn smpp_forms() {
        let cases = [
            (IdForm::Same, "255", "255"),
            (IdForm::ResponseHex, "ff", "255"),
            (IdForm::ReceiptHex, "255", "ff"),
        ];
        for (form, response, receipt) in cases {
            let ids = IdMaker::new(ProtocolName::Smpp34, form, 0);
            assert_eq!(ids.in_response(255), SegmentId::Text(response.into()));
            assert_eq!(ids.in_receipt(255), SegmentId::Text(receipt.into()));
        }
    }
}
