//! The words of the apply file for closed sets of values.

use crate::catalog::{
    Carrier, ConcatenationReference, Priority, Protocol, ReceiptIdForm, Strategy, UncertainPolicy,
};

pub(super) trait Word {
    fn word(&self) -> &'static str;
}

impl Word for Protocol {
    fn word(&self) -> &'static str {
        match self {
            Protocol::Cmpp20 => "cmpp2.0",
            Protocol::Cmpp30 => "cmpp3.0",
            Protocol::Smpp34 => "smpp3.4",
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
        read_back(&[Protocol::Cmpp20, Protocol::Cmpp30, Protocol::Smpp34]);
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
        read_back(&[Strategy::PrimaryBackup, Strategy::Weighted]);
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
