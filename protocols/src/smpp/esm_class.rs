//! esm_class (SMPP 3.4 §5.2.12).

/// The message begins with a user data header.
pub const HEADER: u8 = 0x40;

const TYPE: u8 = 0x3c;
const INTERMEDIATE_NOTIFICATION: u8 = 0x20;

/// A delivery receipt, for esm_class of what the SMSC sends.
pub const DELIVERY_RECEIPT: u8 = 0x04;

/// Whether what the SMSC sends speaks of a submit: a delivery receipt, or an intermediate notification.
pub fn is_receipt(esm_class: u8) -> bool {
    matches!(esm_class & TYPE, DELIVERY_RECEIPT | INTERMEDIATE_NOTIFICATION)
}

pub fn has_header(esm_class: u8) -> bool {
    esm_class & HEADER != 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mode_bits_do_not_matter() {
        for (esm_class, expected) in [
            (0x04, true),
            (0x07, true),
            (0x44, true),
            (0x20, true),
            (0x00, false),
            (0x03, false),
            (0x08, false),
        ] {
            assert_eq!(is_receipt(esm_class), expected, "{esm_class:#x}");
        }
    }
}
