//! What cannot be taken goes to its topic with code, field and reason, and holds nothing up.

use super::cmpp::{Carrier, well_behaved};
use super::house::{BATCH, House, MESSAGE, head};

const GOOD: &[u8] = r#"{"to": "13800000001", "text": "您好"}"#.as_bytes();

/// A record that is refused: its headers, its value, and what is told as code and field.
type Case = (
    Vec<(&'static str, &'static [u8])>,
    Option<Vec<u8>>,
    &'static str,
    &'static str,
);

fn cases() -> Vec<Case> {
    let good = || Some(GOOD.to_vec());
    let with = |name: &'static str, value: &'static [u8]| {
        let headers = head(MESSAGE, "x").into_iter();
        headers
            .map(|(known, old)| (known, if known == name { value } else { old }))
            .collect::<Vec<_>>()
    };
    let whole = || head(MESSAGE, "x").to_vec();
    vec![
        (vec![], good(), "invalid_parameter", "ce_specversion"),
        (vec![], None, "invalid_parameter", "ce_specversion"),
        (
            with("ce_specversion", b"2.0"),
            good(),
            "invalid_parameter",
            "ce_specversion",
        ),
        (
            with("ce_type", b"carillon.message.burn"),
            good(),
            "invalid_parameter",
            "ce_type",
        ),
        (with("ce_id", b"\xff\xfe"), good(), "invalid_parameter", "ce_id"),
        (with("ce_id", b"a\nb"), good(), "invalid_parameter", "ce_id"),
        (with("ce_id", &[b'x'; 5000]), good(), "invalid_parameter", "ce_id"),
        (
            with("content-type", b"text/xml"),
            good(),
            "unsupported_media_type",
            "content-type",
        ),
        (
            with("ce_account", b"nobody"),
            good(),
            "unauthenticated",
            "ce_account",
        ),
        // It may send by REST, but not by Kafka.
        (
            with("ce_account", b"rest"),
            good(),
            "unauthenticated",
            "ce_account",
        ),
        (
            with("ce_account", b"off"),
            good(),
            "account_disabled",
            "ce_account",
        ),
        (
            with("ce_account", b"mute"),
            good(),
            "module_not_granted",
            "ce_account",
        ),
        (whole(), None, "invalid_json", ""),
        (whole(), Some(vec![]), "invalid_json", ""),
        (whole(), Some(vec![0xff; 300]), "invalid_json", ""),
        (whole(), Some(GOOD[..GOOD.len() - 1].to_vec()), "invalid_json", ""),
        (whole(), Some("[".repeat(10_000).into_bytes()), "invalid_json", ""),
        (whole(), Some(b"[]".to_vec()), "invalid_field", ""),
        (
            whole(),
            Some(br#"{"to": 13800000001, "text": "a"}"#.to_vec()),
            "invalid_field",
            "",
        ),
        (whole(), Some(br#"{"to": "13800000001"}"#.to_vec()), "", ""),
        (whole(), Some(br#"{"to": "12", "text": "a"}"#.to_vec()), "", "to"),
        (whole(), Some(vec![b' '; 10_000_000]), "payload_too_large", ""),
        (
            head(BATCH, "y").to_vec(),
            Some(b"[]".to_vec()),
            "nothing_accepted",
            "",
        ),
        (
            head(BATCH, "y").to_vec(),
            Some(b"[{}, {".to_vec()),
            "invalid_json",
            "",
        ),
    ]
}

#[actix_web::test]
async fn what_is_wrong_is_passed_on_whole_and_says_why() {
    let carrier = Carrier::listen();
    let house = House::open(&carrier, &[]).await;
    let _seen = well_behaved(carrier);
    let refused = house.refused();
    for (headers, value, code, field) in cases() {
        house.put(&headers, value.as_deref());
        house.arrived();
        let record = refused.next().await;
        println!(
            "{}, {}: {}",
            record.header("ce_code"),
            record.header("ce_field"),
            record.header("ce_reason")
        );
        assert!(record.is("carillon.request.refused"));
        if !code.is_empty() {
            assert_eq!(record.header("ce_code"), code);
            assert_eq!(record.header("ce_field"), field);
        }
        assert!(!record.header("ce_code").is_empty() && !record.header("ce_reason").is_empty());
        assert_eq!(record.header("ce_topic"), format!("{}.requests", house.prefix));
        assert!(record.header("ce_partition").parse::<i32>().is_ok());
        assert!(record.header("ce_offset").parse::<i64>().is_ok());
        // As it came.
        assert_eq!(record.value, value);
        assert_eq!(record.key, "a key of the sender");
        for (name, text) in headers {
            assert_eq!(
                record.header(&format!("origin_{name}")),
                String::from_utf8_lossy(text)
            );
        }
    }
    // Nothing of it stands in the way.
    house.put(&head(MESSAGE, "good"), Some(GOOD));
    house.arrived();
    let events = house.events();
    assert_eq!(events.next().await.data()["request_id"], "good");
    let (all, wrong) = (
        house.served.figure("carillon_upstream_requests_total").await,
        house.served.figure("carillon_upstream_refused_total").await,
    );
    assert_eq!((all, wrong), (cases().len() as u64 + 1, cases().len() as u64));
}
