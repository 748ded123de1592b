//! The live feed: what screens see, who may look, and what hostile ones can do (MON-1).

use super::harness::{Harness, answer, problem};
use super::live_socket::LiveSocket;
use carillon_api::live::{LiveEnd, LiveMessage, LiveRequest, LiveState, Place};
use reqwest::Method;
use serde_json::json;

const TEXT: &str = r#"{"to": "13800000001", "text": "您好，请及时就诊。"}"#;

fn end(messages: &[LiveMessage]) -> Option<LiveEnd> {
    match messages.last() {
        Some(LiveMessage::End { reason }) => Some(*reason),
        _ => None,
    }
}

/// Reads until the state is as wanted.
async fn until(socket: &mut LiveSocket, state: &mut LiveState, wanted: impl Fn(&LiveState) -> bool) {
    while state.place.is_none() || !wanted(state) {
        let message = socket.next().await.expect("the link stays open");
        state.apply(message).expect("changes follow each other");
    }
}

async fn send(harness: &Harness, account: &str) {
    let (status, body) = answer(harness.post_as(account, "application/json", "/v1/messages", TEXT)).await;
    assert_eq!(status, 202, "{body}");
}

#[actix_web::test]
async fn a_screen_sees_what_happens() {
    let harness = Harness::start().await;
    let mut socket = LiveSocket::of_operator(&harness).await;
    socket.subscribe(None).await;
    let mut state = LiveState::default();
    until(&mut socket, &mut state, |_| true).await;
    assert_eq!((state.scope.as_str(), state.scopes.len()), ("", 2));
    assert_eq!(state.panels.totals.data.accepted, 0);
    for account in ["his", "his", "lis"] {
        send(&harness, account).await;
    }
    until(&mut socket, &mut state, |state| {
        let panels = &state.panels;
        panels.totals.data.accepted == 3 && panels.backlog.data.waiting == 3
    })
    .await;
    let panels = &state.panels;
    assert_eq!(panels.backlog.data.open, 3);
    assert_eq!(panels.totals.data.kinds[0].kind, "sms");
    assert_eq!(panels.totals.data.kinds[0].accepted, 3);
    assert_eq!(panels.provinces.data.provinces[0].accepted, 3);
    assert_eq!(panels.accounts.data.active, 2);
    let connection = &panels.connections.data.connections[0];
    assert_eq!(
        (connection.name.as_str(), connection.state.as_str()),
        ("mobile", "off")
    );
    until(&mut socket, &mut state, |state| {
        !state.panels.hosts.data.hosts.is_empty()
    })
    .await;

    let (status, body) = answer(harness.operator(Method::GET, "/v1/live/snapshot?scope=school")).await;
    assert_eq!(status, 200);
    assert_eq!(
        (&body["type"], &body["scope"]),
        (&json!("snapshot"), &json!("school"))
    );
    assert_eq!(body["panels"]["totals"]["data"]["accepted"], 0);
    let text = body.to_string();
    assert!(!text.contains("13800000001") && !text.contains("the-secret-password"));
    harness.end().await;
}

#[actix_web::test]
async fn a_link_that_was_lost_goes_on_where_it_was() {
    let harness = Harness::start().await;
    let mut first = LiveSocket::of_operator(&harness).await;
    first.subscribe(None).await;
    let mut state = LiveState::default();
    until(&mut first, &mut state, |state| state.place.unwrap().seq >= 1).await;
    drop(first);
    send(&harness, "his").await;
    let mut again = LiveSocket::of_operator(&harness).await;
    let resume = LiveRequest::Subscribe {
        scope: None,
        resume: state.place,
    };
    again.send(&resume).await;
    let message = again.next().await.unwrap();
    assert!(matches!(message, LiveMessage::Change { .. }), "{message:?}");
    state.apply(message).unwrap();
    until(&mut again, &mut state, |state| {
        state.panels.totals.data.accepted == 1
    })
    .await;

    let place = state.place.unwrap();
    for wild in [
        Place { epoch: 0, seq: 0 },
        Place {
            epoch: place.epoch + 1,
            ..place
        },
        Place {
            seq: place.seq + 1_000,
            ..place
        },
        Place {
            seq: u64::MAX,
            ..place
        },
        Place {
            epoch: u64::MAX,
            seq: u64::MAX,
        },
    ] {
        let mut socket = LiveSocket::of_operator(&harness).await;
        let resume = LiveRequest::Subscribe {
            scope: None,
            resume: Some(wild),
        };
        socket.send(&resume).await;
        let message = socket.next().await.unwrap();
        assert!(matches!(message, LiveMessage::Snapshot { .. }), "{wild:?}");
    }
    harness.end().await;
}

#[actix_web::test]
async fn a_wall_of_an_organisation_sees_nothing_of_others() {
    let harness = Harness::start().await;
    let wall = harness
        .wall(json!({"name": "hall", "organisation": "school"}))
        .await;
    send(&harness, "his").await;
    let mut socket = LiveSocket::open(&harness, &[("Cookie", &wall)]).await;
    socket.subscribe(None).await;
    let mut state = LiveState::default();
    until(&mut socket, &mut state, |state| state.place.unwrap().seq >= 2).await;
    assert_eq!(
        (state.scope.as_str(), &state.scopes[..]),
        ("school", &["school".to_owned()][..])
    );
    assert_eq!(state.panels.totals.data.accepted, 0);
    assert_eq!(state.panels.accounts.data.enabled, 2);
    socket.subscribe(Some("hospital")).await;
    assert_eq!(end(&socket.rest().await), Some(LiveEnd::UnknownScope));

    let snapshot = |scope: &str| {
        harness
            .request(Method::GET, &format!("/v1/live/snapshot?scope={scope}"))
            .header("Cookie", &wall)
    };
    for scope in ["hospital", "nowhere", "%00", "school%20"] {
        assert_eq!(
            problem(snapshot(scope)).await,
            (404, "not_found".to_owned()),
            "{scope}"
        );
    }
    let (status, body) = answer(snapshot("")).await;
    assert_eq!((status, &body["scope"]), (200, &json!("school")));

    for scope in ["nowhere", "", "医院", &"x".repeat(3_000)] {
        let mut socket = LiveSocket::of_operator(&harness).await;
        socket.subscribe(Some(scope)).await;
        let first = socket.next().await;
        match scope {
            "" => assert!(matches!(first, Some(LiveMessage::Snapshot { .. }))),
            _ => assert_eq!(
                end(&first.into_iter().collect::<Vec<_>>()),
                Some(LiveEnd::UnknownScope)
            ),
        }
    }
    harness.end().await;
}

#[actix_web::test]
async fn the_link_ends_with_what_opened_it() {
    let harness = Harness::start().await;
    let wall = harness.wall(json!({"name": "hall"})).await;
    let password = harness.service.password.clone().unwrap();
    let login = harness.log_in(&password).await;
    let mut of_wall = LiveSocket::open(&harness, &[("Cookie", &wall)]).await;
    let mut of_operator = LiveSocket::open(&harness, &[("Cookie", &login.cookie)]).await;
    for socket in [&mut of_wall, &mut of_operator] {
        socket.subscribe(None).await;
        assert!(matches!(socket.next().await, Some(LiveMessage::Snapshot { .. })));
    }
    let (_, list) = answer(harness.operator(Method::GET, "/v1/admin/wall-tokens")).await;
    let id = list["wall_tokens"][0]["id"].as_str().unwrap();
    let removed = harness.operator(Method::DELETE, &format!("/v1/admin/wall-tokens/{id}"));
    assert_eq!(answer(removed).await.0, 204);
    let left = harness.as_operator(&login, Method::POST, "/v1/logout");
    assert_eq!(answer(left).await.0, 204);
    for socket in [&mut of_wall, &mut of_operator] {
        assert_eq!(end(&socket.rest().await), Some(LiveEnd::Unauthenticated));
    }
    let (head, _) = LiveSocket::try_open(&harness, &[("Cookie", &wall)]).await;
    assert!(head.starts_with("HTTP/1.1 401"), "{head}");
    harness.end().await;
}

#[actix_web::test]
async fn pages_of_other_sites_open_nothing() {
    let harness = Harness::start().await;
    let cookie = harness.login().cookie.clone();
    let own = format!("http://{}", harness.service.address);
    for (name, value, expected) in [
        ("Origin", "http://evil.example", "403"),
        ("Origin", "null", "403"),
        ("Origin", "http://127.0.0.1:1", "403"),
        ("Sec-Fetch-Site", "cross-site", "403"),
        ("Origin", own.as_str(), "101"),
    ] {
        let (head, _) = LiveSocket::try_open(&harness, &[("Cookie", &cookie), (name, value)]).await;
        assert!(
            head.starts_with(&format!("HTTP/1.1 {expected}")),
            "{name}: {value}: {head}"
        );
    }
    for headers in [
        &[][..],
        &[("Cookie", "carillon_session=cs_forged")],
        &[("Cookie", "carillon_wall=cw_x")],
    ] {
        let (head, _) = LiveSocket::try_open(&harness, headers).await;
        assert!(head.starts_with("HTTP/1.1 401"), "{headers:?}: {head}");
    }
    let plain = harness.operator(Method::GET, "/v1/live");
    assert_eq!(problem(plain).await, (400, "invalid_parameter".to_owned()));
    harness.end().await;
}

#[actix_web::test]
async fn garbage_ends_the_link_and_nothing_else() {
    let harness = Harness::start().await;
    for text in [
        "",
        "{",
        "[]",
        "null",
        r#"{"type":"unknown"}"#,
        r#"{"type":"subscribe","scope":1}"#,
        r#"{"type":"subscribe","resume":{"epoch":-1,"seq":0}}"#,
        r#"{"type":"subscribe","resume":{"epoch":1e300,"seq":0}}"#,
        r#"{"type":"subscribe","more":1}"#,
        &"[".repeat(4_000),
    ] {
        let mut socket = LiveSocket::of_operator(&harness).await;
        socket.send_text(text).await;
        assert_eq!(end(&socket.rest().await), Some(LiveEnd::BadRequest), "{text}");
    }
    for (opcode, payload) in [(2, &b"binary"[..]), (0, b"rest of nothing")] {
        let mut socket = LiveSocket::of_operator(&harness).await;
        socket.frame(opcode, payload).await;
        let said = end(&socket.rest().await);
        assert!(
            matches!(said, None | Some(LiveEnd::BadRequest)),
            "{opcode}: {said:?}"
        );
    }
    let huge = [
        0x81, 0xff, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0,
    ];
    let large = [&[0x81, 0xfe, 0xff, 0xff, 0, 0, 0, 0][..], &[b'x'; 65_535]].concat();
    let unmasked = [0x81, 2, b'h', b'i'];
    let reserved = [0xf1, 0x80, 0, 0, 0, 0];
    let no_utf8 = [0x81, 0x82, 0, 0, 0, 0, 0xc3, 0x28];
    let unknown = [0x8b, 0x80, 0, 0, 0, 0];
    for bytes in [&huge[..], &large, &unmasked, &reserved, &no_utf8, &unknown] {
        let mut socket = LiveSocket::of_operator(&harness).await;
        socket.write(bytes).await;
        socket.send_text("{").await;
        assert!(
            matches!(end(&socket.rest().await), None | Some(LiveEnd::BadRequest)),
            "{:?}",
            &bytes[..4]
        );
    }
    let mut flood = LiveSocket::of_operator(&harness).await;
    for _ in 0..200 {
        flood.send(&LiveRequest::Ping).await;
    }
    let answers = flood.rest().await;
    assert_eq!(end(&answers), Some(LiveEnd::BadRequest));
    assert!(answers.len() <= 40, "{} answers", answers.len());
    let mut honest = LiveSocket::of_operator(&harness).await;
    honest.send(&LiveRequest::Ping).await;
    assert_eq!(honest.next().await, Some(LiveMessage::Pong));
    harness.end().await;
}

#[actix_web::test]
async fn sockets_are_bounded_by_source_and_in_all() {
    let harness = Harness::with(|config| {
        config.limits.screens_max = 12;
        config.limits.screens_per_source_max = 8;
    })
    .await;
    let cookie = harness.login().cookie.clone();
    let mut open = Vec::new();
    for _ in 0..8 {
        open.push(LiveSocket::open(&harness, &[("Cookie", &cookie)]).await);
    }
    let (head, _) = LiveSocket::try_open(&harness, &[("Cookie", &cookie)]).await;
    assert!(head.starts_with("HTTP/1.1 503"), "{head}");
    let figures = figures(&harness).await;
    assert!(
        figures.contains("carillon_live_sockets_refused_total 1\n"),
        "{figures}"
    );
    // Who says nothing gives its place back.
    open.clear();
    loop {
        let (head, _) = LiveSocket::try_open(&harness, &[("Cookie", &cookie)]).await;
        if head.starts_with("HTTP/1.1 101") {
            break;
        }
        tokio::task::yield_now().await;
    }
    harness.end().await;
}

#[actix_web::test]
async fn who_says_nothing_is_sent_away() {
    let harness = Harness::with(|config| config.limits.screen_timeout_s = 3).await;
    let mut socket = LiveSocket::of_operator(&harness).await;
    assert_eq!(end(&socket.rest().await), Some(LiveEnd::BadRequest));
    harness.end().await;
}

#[actix_web::test]
async fn who_does_not_answer_gets_no_more_than_its_share_and_is_sent_away() {
    let harness = Harness::with(|config| config.limits.screen_timeout_s = 15).await;
    let mut deaf = LiveSocket::of_operator(&harness).await;
    deaf.polite = false;
    deaf.subscribe(None).await;
    // Guessed answers do not help.
    for number in 0..4_u64 {
        deaf.frame(10, &number.to_be_bytes()).await;
    }
    let heard = deaf.rest().await;
    assert!((2..=4).contains(&heard.len()), "{} messages", heard.len());
    let figures = figures(&harness).await;
    for sample in [
        "carillon_live_sockets_held_back_total 1\n",
        "carillon_live_sockets_closed_total{reason=\"silent\"} 1\n",
    ] {
        assert!(figures.contains(sample), "{sample} is missing in\n{figures}");
    }
    harness.end().await;
}

async fn figures(harness: &Harness) -> String {
    let answer = harness.request(Method::GET, "/metrics").send().await.unwrap();
    answer.text().await.unwrap()
}

#[actix_web::test]
async fn screens_are_told_that_the_service_stops() {
    let harness = Harness::start().await;
    let mut socket = LiveSocket::of_operator(&harness).await;
    socket.subscribe(None).await;
    assert!(matches!(socket.next().await, Some(LiveMessage::Snapshot { .. })));
    let (_, messages) = tokio::join!(harness.end(), socket.rest());
    assert_eq!(end(&messages), Some(LiveEnd::Stopping));
}
