use super::{BORROWING, texts};
use crate::Target;
use actix_web::test::TestRequest;
use carillon::http::parameter;
use carillon::http::time::{parse_rfc3339, rfc3339};
use carillon::query::{SearchParameters, moment};
use carillon_actors::feed::Cursor;
use carillon_domain::content::FileHash;
use carillon_domain::day_window::DayWindow;
use carillon_domain::ids::{CampaignId, MessageId};

/// What a caller gives back or asks by: places in feeds and pages, ids, moments, windows, whole query strings.
pub static CURSORS: Target = Target {
    name: "cursors",
    run,
    seeds,
    words: &[
        "msg_",
        "cmp_",
        "-",
        "T",
        "+08:00",
        "Z",
        "&before=",
        "&limit=",
        "%",
        "24:00",
        "before=msg_",
    ],
    memory: BORROWING,
    input_bytes_max: 2_000,
};

fn run(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let text = &*text;
    if let Ok(cursor) = text.parse::<Cursor>() {
        assert_eq!(cursor.to_string().parse(), Ok(cursor));
    }
    if let Ok(id) = text.parse::<MessageId>() {
        assert_eq!(id.to_string().parse(), Ok(id));
    }
    if let Ok(id) = CampaignId::of_text(text) {
        assert_eq!(CampaignId::of_text(&id.text()), Ok(id));
    }
    if let Ok(window) = text.parse::<DayWindow>() {
        assert_eq!(window.to_string().parse(), Ok(window));
    }
    if let Ok(file) = text.parse::<FileHash>() {
        assert_eq!(file.to_string().parse(), Ok(file));
    }
    if let Some(at) = parse_rfc3339(text) {
        let written = rfc3339(at);
        assert!(
            written.is_empty() || parse_rfc3339(&written) == Some(at),
            "{written}"
        );
    }
    let _moment = moment("from", Some(text)).is_ok();
    let request = TestRequest::with_uri("/v1/messages").to_http_request();
    let _none = parameter::query::<SearchParameters>(&request).is_ok();
    if let Ok(uri) = format!("/v1/messages?{text}").parse::<actix_web::http::Uri>() {
        let request = TestRequest::with_uri(&uri.to_string()).to_http_request();
        let _asked = parameter::query::<SearchParameters>(&request).is_ok();
    }
    let request = TestRequest::default()
        .param("id", text.to_owned())
        .to_http_request();
    let _path = parameter::path::<MessageId>(&request, "id").is_ok();
}

fn seeds() -> Vec<Vec<u8>> {
    texts(&[
        "12-3",
        &MessageId(1 << 40).to_string(),
        &CampaignId(7).text(),
        "2026-03-01T08:30:00+08:00",
        "2026-03-01T08:30:00.123Z[Asia/Shanghai]",
        "08:00-20:00",
        "22:30-06:00",
        "to=13800000001&from=2026-03-01T08:30:00%2B08:00&status=delivered,sent&limit=50&before=msg_0000000000001",
        "0000000000000000000000000000000000000000000000000000000000000000",
    ])
}
