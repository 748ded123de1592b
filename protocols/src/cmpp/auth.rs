//! The authenticators of CONNECT and CONNECT_RESP (CMPP 2.0 §7.4.1 and CMPP 3.0).

use super::connect::SOURCE_ADDRESS_WIDTH;
use md5::{Digest, Md5};
use subtle::ConstantTimeEq;

/// AuthenticatorSource = MD5(Source_Addr ‖ 9 × 0x00 ‖ shared secret ‖ timestamp), the timestamp (MMDDHHMMSS) as ten digits
/// with leading zeros.
pub fn source(source_address: &[u8], secret: &[u8], timestamp: u32) -> [u8; 16] {
    let mut digest = Md5::new();
    digest.update(source_address);
    digest.update([0; 9]);
    digest.update(secret);
    digest.update(format!("{timestamp:010}"));
    digest.finalize().into()
}

/// Whether a client's authenticator is right. Some clients hash a short Source_Addr with its padding, some without; both
/// are taken. Compares in constant time.
pub fn verify_source(authenticator: &[u8; 16], source_address: &[u8], secret: &[u8], timestamp: u32) -> bool {
    let bare = source(source_address, secret, timestamp);
    let mut address = [0; SOURCE_ADDRESS_WIDTH];
    let Some(front) = address.get_mut(..source_address.len()) else {
        return false;
    };
    front.copy_from_slice(source_address);
    let padded = source(&address, secret, timestamp);
    (bare.ct_eq(authenticator) | padded.ct_eq(authenticator)).into()
}

/// AuthenticatorISMG = MD5(Status ‖ AuthenticatorSource ‖ shared secret), the status at its width on the wire.
pub fn ismg(status: &[u8], source: &[u8; 16], secret: &[u8]) -> [u8; 16] {
    let mut digest = Md5::new();
    digest.update(status);
    digest.update(source);
    digest.update(secret);
    digest.finalize().into()
}

/// Whether a gateway's authenticator is right for a success. Some gateways hash a status of four octets on 2.0 too, so both
/// widths are taken. Compares in constant time.
pub fn verify_ismg(authenticator: &[u8; 16], source: &[u8; 16], secret: &[u8]) -> bool {
    let narrow = ismg(&[0], source, secret);
    let wide = ismg(&[0; 4], source, secret);
    (narrow.ct_eq(authenticator) | wide.ct_eq(authenticator)).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXAMPLE: [u8; 16] = [
        0x90, 0xd0, 0x0c, 0x1d, 0x51, 0x7a, 0xbd, 0x0b, 0x4f, 0x65, 0xf6, 0xbc, 0xf8, 0x53, 0x5d, 0x16,
    ];

    #[test]
    fn the_known_example() {
        assert_eq!(source(b"900001", b"888888", 1_021_080_510), EXAMPLE);
    }

    #[test]
    fn january_to_september_have_a_leading_zero() {
        let authenticator = source(b"106900", b"secret", 301_000_000);
        assert_eq!(authenticator[..4], [0xad, 0x1e, 0x05, 0xbc]);
    }

    #[test]
    fn both_paddings_of_a_short_address_and_nothing_else() {
        let bare = source(b"9001", b"888888", 1);
        let padded = source(b"9001\0\0", b"888888", 1);
        assert_ne!(bare, padded);
        for authenticator in [bare, padded] {
            assert!(verify_source(&authenticator, b"9001", b"888888", 1));
            assert!(!verify_source(&authenticator, b"9001", b"88888", 1));
            assert!(!verify_source(&authenticator, b"9001", b"888888", 2));
            assert!(!verify_source(&authenticator, b"9002", b"888888", 1));
        }
        assert!(!verify_source(&bare, b"too long", b"888888", 1));
    }

    #[test]
    fn a_gateway_may_hash_one_or_four_octets_of_status() {
        for status in [&[0][..], &[0; 4]] {
            let authenticator = ismg(status, &EXAMPLE, b"888888");
            assert!(verify_ismg(&authenticator, &EXAMPLE, b"888888"));
            assert!(!verify_ismg(&authenticator, &EXAMPLE, b"other"));
        }
        assert!(!verify_ismg(&[0; 16], &EXAMPLE, b"888888"));
    }
}
