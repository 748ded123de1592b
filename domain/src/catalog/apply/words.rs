//! The words of the apply file for closed sets of values.

use crate::catalog::{
    CapPeriod, Carrier, ConcatenationReference, MailSecurity, NumberListKind, Priority, Protocol,
    ReceiptIdForm, Strategy, UncertainPolicy, WebhookEvent,
};
use crate::plan::ChannelKind;

/// A value of a closed set, written as one word.
pub trait Word {
    /// The word that the file takes.
    fn word(&self) -> &'static str;
}

impl Word for Protocol {
    fn word(&self) -> &'static str {
        match self {
            Protocol::Cmpp20 => "cmpp2.0",
            Protocol::Cmpp30 => "cmpp3.0",
            Protocol::Smpp34 => "smpp3.4",
            Protocol::Smtp => "smtp",
        }
    }
}

impl Word for ReceiptIdForm {
    fn word(&self) -> &'static str {
        match self {
            ReceiptIdForm::AsIs => "as_is",
            ReceiptIdForm::ResponseHex => "response_hex",
            ReceiptIdForm::ReceiptHex => "receipt_hex",
        }
    }
}

impl Word for ConcatenationReference {
    fn word(&self) -> &'static str {
        match self {
            ConcatenationReference::EightBit => "eight_bit",
            ConcatenationReference::SixteenBit => "sixteen_bit",
        }
    }
}

impl Word for Priority {
    fn word(&self) -> &'static str {
        match self {
            Priority::High => "high",
            Priority::Medium => "medium",
            Priority::Low => "low",
        }
    }
}

impl Word for UncertainPolicy {
    fn word(&self) -> &'static str {
        match self {
            UncertainPolicy::Hold => "hold",
            UncertainPolicy::ResendOnce => "resend_once",
        }
    }
}

impl Word for Strategy {
    fn word(&self) -> &'static str {
        match self {
            Strategy::PrimaryBackup => "primary_backup",
            Strategy::Weighted => "weighted",
            Strategy::LeastBusy => "least_busy",
            Strategy::Adaptive => "adaptive",
        }
    }
}

impl Word for Carrier {
    fn word(&self) -> &'static str {
        match self {
            Carrier::Mobile => "mobile",
            Carrier::Unicom => "unicom",
            Carrier::Telecom => "telecom",
            Carrier::Broadnet => "broadnet",
            Carrier::Virtual => "virtual",
            Carrier::Unknown => "unknown",
        }
    }
}

impl Word for MailSecurity {
    fn word(&self) -> &'static str {
        match self {
            MailSecurity::None => "none",
            MailSecurity::Starttls => "starttls",
            MailSecurity::Tls => "tls",
        }
    }
}

impl Word for CapPeriod {
    fn word(&self) -> &'static str {
        match self {
            CapPeriod::Hour => "hour",
            CapPeriod::Day => "day",
        }
    }
}

impl Word for NumberListKind {
    fn word(&self) -> &'static str {
        match self {
            NumberListKind::Black => "black",
            NumberListKind::White => "white",
        }
    }
}

impl Word for WebhookEvent {
    fn word(&self) -> &'static str {
        match self {
            WebhookEvent::Receipts => "receipts",
            WebhookEvent::Replies => "replies",
        }
    }
}

impl Word for ChannelKind {
    fn word(&self) -> &'static str {
        match self {
            ChannelKind::Sms => "sms",
            ChannelKind::SmartSms => "smart_sms",
            ChannelKind::Rcs => "rcs",
            ChannelKind::RichSms => "rich_sms",
            ChannelKind::Mms => "mms",
            ChannelKind::Wechat => "wechat",
            ChannelKind::MiniProgram => "mini_program",
            ChannelKind::Push => "push",
            ChannelKind::Mail => "mail",
            ChannelKind::Alipay => "alipay",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::de::DeserializeOwned;
    use std::fmt::Debug;

    fn read_back<T: Word + DeserializeOwned + PartialEq + Debug>(values: &[T]) {
        for value in values {
            let read: T = serde_json::from_value(value.word().into()).unwrap();
            assert_eq!(&read, value);
        }
    }

    #[test]
    fn every_word_is_the_one_the_file_takes() {
        read_back(&[
            Protocol::Cmpp20,
            Protocol::Cmpp30,
            Protocol::Smpp34,
            Protocol::Smtp,
        ]);
        read_back(&[MailSecurity::None, MailSecurity::Starttls, MailSecurity::Tls]);
        read_back(&[CapPeriod::Hour, CapPeriod::Day]);
        read_back(&[NumberListKind::Black, NumberListKind::White]);
        read_back(&[WebhookEvent::Receipts, WebhookEvent::Replies]);
        read_back(&[
            ChannelKind::Sms,
            ChannelKind::SmartSms,
            ChannelKind::Rcs,
            ChannelKind::RichSms,
            ChannelKind::Mms,
            ChannelKind::Wechat,
            ChannelKind::MiniProgram,
            ChannelKind::Push,
            ChannelKind::Mail,
            ChannelKind::Alipay,
        ]);
        read_back(&[
            ReceiptIdForm::AsIs,
            ReceiptIdForm::ResponseHex,
            ReceiptIdForm::ReceiptHex,
        ]);
        read_back(&[
            ConcatenationReference::EightBit,
            ConcatenationReference::SixteenBit,
        ]);
        read_back(&Priority::ALL);
        read_back(&[UncertainPolicy::Hold, UncertainPolicy::ResendOnce]);
        read_back(&[
            Strategy::PrimaryBackup,
            Strategy::Weighted,
            Strategy::LeastBusy,
            Strategy::Adaptive,
        ]);
        read_back(&[
            Carrier::Mobile,
            Carrier::Unicom,
            Carrier::Telecom,
            Carrier::Broadnet,
            Carrier::Virtual,
            Carrier::Unknown,
        ]);
    }
}
