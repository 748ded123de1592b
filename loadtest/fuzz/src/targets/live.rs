use super::texts;
use crate::{Memory, Target};
use carillon_api::live::{LiveMessage, LiveRequest, LiveState};
use carillon_api::{LoginRequest, PasswordRequest, WallSessionRequest, WallTokenRequest};

/// What a browser sends over the live link and to log in, and what a browser is sent.
pub static LIVE: Target = Target {
    name: "live",
    run,
    seeds: || {
        texts(&[
            r#"{"type":"subscribe"}"#,
            r#"{"type":"subscribe","scope":"示例医院门诊部","resume":{"epoch":7,"seq":18446744073709551615}}"#,
            r#"{"type":"ping"}"#,
            r#"{"type":"end","reason":"stopping"}"#,
            r#"{"type":"change","place":{"epoch":1,"seq":2},"at_ms":1,"panels":{}}"#,
            r#"{"name":"admin","password":"x"}"#,
        ])
    },
    words: &[
        "\"type\":\"",
        "subscribe",
        "resume",
        "\"epoch\":",
        "\"seq\":",
        "\"panels\":{",
        "[[[[[[[[",
    ],
    memory: Memory {
        fixed_bytes: 64 * 1024,
        per_input_byte: 64,
    },
    input_bytes_max: 4 * 1024,
};

fn run(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    if let Ok(request) = serde_json::from_str::<LiveRequest>(&text) {
        let written = serde_json::to_string(&request).expect("plain data");
        assert_eq!(serde_json::from_str::<LiveRequest>(&written).ok(), Some(request));
    }
    if let Ok(message) = serde_json::from_str::<LiveMessage>(&text) {
        let mut state = LiveState::default();
        let before = state.clone();
        if state.apply(message).is_err() {
            assert_eq!(state, before, "what does not follow changes nothing");
        }
    }
    let _others = (
        serde_json::from_slice::<LoginRequest>(input).is_ok(),
        serde_json::from_slice::<PasswordRequest>(input).is_ok(),
        serde_json::from_slice::<WallSessionRequest>(input).is_ok(),
        serde_json::from_slice::<WallTokenRequest>(input).is_ok(),
    );
}
