use super::{BORROWING, texts};
use crate::Target;
use carillon_domain::catalog::is_mail_address;
use carillon_domain::content::masked_address;
use carillon_domain::phone::PhoneNumber;

/// Numbers and addresses as people write them.
pub static PHONE: Target = Target {
    name: "phone",
    run,
    seeds: || {
        texts(&[
            "13800000001",
            "+86 138-0000-0001",
            "0086１３８００００００01",
            "+852 5123 4567",
            "(86)13800000001",
            "name@example.org",
            "a.b+c@xn--fiqs8s.例子",
        ])
    },
    words: &["+", "00", "86", "１", "-", "\u{200b}", "@", "xn--", "\u{202d}"],
    memory: BORROWING,
    input_bytes_max: 500,
};

fn run(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    if let Ok(number) = PhoneNumber::parse(&text) {
        let whole = number.e164().to_string();
        assert_eq!(PhoneNumber::parse(&whole), Ok(number));
        assert_eq!(PhoneNumber::from_e164(number.as_u64()), Ok(number));
        let masked = number.masked().to_string();
        let shown = masked.bytes().filter(u8::is_ascii_digit).count();
        assert!(shown <= 7 && masked.contains('*'), "PII-1");
    }
    if is_mail_address(&text) {
        assert!(!text.contains(char::is_control));
        assert_ne!(masked_address(&text), text, "PII-1");
    }
}
