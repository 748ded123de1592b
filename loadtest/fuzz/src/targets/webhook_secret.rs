use super::{BORROWING, texts};
use crate::Target;
use carillon::webhook::SigningKey;
use carillon_domain::catalog::is_webhook_url;

/// Secrets and addresses of webhooks.
pub static WEBHOOK_SECRET: Target = Target {
    name: "webhook_secret",
    run,
    seeds: || {
        texts(&[
            "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            "sixteen characters",
            "https://a.example:8443/x?y=z",
        ])
    },
    words: &["whsec_", "=", "https://", "http://", "[::1]", "@", "#", "%00"],
    memory: BORROWING,
    input_bytes_max: 4_000,
};

fn run(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    if let Ok(key) = SigningKey::new(&text) {
        let signature = key.sign("msg_1", 1_614_265_330, input);
        assert_eq!(signature.len(), "v1,".len() + 44);
        assert_eq!(signature, key.sign("msg_1", 1_614_265_330, input));
        assert_ne!(signature, key.sign("msg_2", 1_614_265_330, input));
    }
    if is_webhook_url(&text) {
        assert!(!text.contains(char::is_control) && !text.contains(' '));
    }
}
