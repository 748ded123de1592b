//! Operators log in, stay logged in, and are thrown out.

use super::harness::{Harness, Login, answer, json, problem};
use carillon::right::OPERATOR;
use carillon_catalog::SqlCatalog;
use carillon_domain::time::UnixMs;
use carillon_storage::login::{Logins, SecretHash, Session};
use reqwest::{Method, RequestBuilder};
use serde_json::json;
use sha2::{Digest, Sha256};
use std::time::{Duration, Instant};

const NEW: &str = "another password of mine";

#[actix_web::test]
async fn a_login_sets_a_cookie_for_this_site_that_no_script_reads() {
    let harness = Harness::start().await;
    let password = harness.service.password.clone().unwrap();
    for (header, value, secure) in [("X-A", "b", false), ("X-Forwarded-Proto", "https", true)] {
        let request = harness.try_password(OPERATOR, &password).header(header, value);
        let response = request.send().await.unwrap();
        assert_eq!(response.headers()["cache-control"], "no-store");
        let cookie = response.headers()["set-cookie"].to_str().unwrap().to_owned();
        assert!(cookie.starts_with("carillon_session=cs_"), "{cookie}");
        assert!(cookie.contains("; Path=/; HttpOnly; SameSite=Strict"), "{cookie}");
        assert_eq!(cookie.contains("; Secure"), secure, "{cookie}");
        let (_, body) = json(response).await;
        assert_eq!(body["operator"], OPERATOR);
        assert_eq!(body["rights"], json!(["numbers", "steer", "configure"]));
        assert!(!cookie.contains(body["csrf"].as_str().unwrap()));
    }
    let (status, body) = answer(harness.operator(Method::GET, "/v1/session")).await;
    assert_eq!(
        (status, body["csrf"].as_str()),
        (200, Some(harness.login().csrf.as_str()))
    );
    harness.end().await;
}

#[actix_web::test]
async fn logging_out_ends_the_session_for_whoever_kept_its_cookie() {
    let harness = Harness::start().await;
    let response = harness.operator(Method::POST, "/v1/logout").send().await.unwrap();
    assert_eq!(response.status(), 204);
    assert!(
        response.headers()["set-cookie"]
            .to_str()
            .unwrap()
            .contains("Max-Age=0")
    );
    for (method, path) in [
        (Method::GET, "/v1/session"),
        (Method::POST, "/v1/logout"),
        (Method::GET, "/v1/admin/catalog"),
    ] {
        assert_eq!(
            problem(harness.operator(method, path)).await,
            unauthenticated(),
            "{path}"
        );
    }
    harness.end().await;
}

#[actix_web::test]
async fn logging_in_again_ends_the_session_the_browser_had() {
    let harness = Harness::start().await;
    let password = harness.service.password.clone().unwrap();
    let again = harness.try_password(OPERATOR, &password);
    let again = again.header("Cookie", &harness.login().cookie);
    assert_eq!(answer(again).await.0, 200);
    assert!(!is_in(&harness, harness.login()).await);
    harness.end().await;
}

#[actix_web::test]
async fn a_session_outlives_a_restart_and_is_stored_without_its_secret() {
    let harness = Harness::start().await.restart().await;
    assert!(is_in(&harness, harness.login()).await);
    let secret = harness.login().cookie.split('=').nth(1).unwrap().to_owned();
    let folder = harness.end().await;
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            let bytes = std::fs::read(&path).unwrap();
            let found = bytes
                .windows(secret.len())
                .any(|window| window == secret.as_bytes());
            assert!(!found, "{}", path.display());
        }
    }
}

#[actix_web::test]
async fn unknown_names_and_wrong_passwords_are_told_the_same() {
    let harness = Harness::start().await;
    let password = harness.service.password.clone().unwrap();
    let mut answers = Vec::new();
    for (name, password) in [
        (OPERATOR, "wrong"),
        ("nobody", "wrong"),
        ("nobody", &password),
        ("", ""),
    ] {
        let (status, mut body) = answer(harness.try_password(name, password)).await;
        body["request_id"] = json!("");
        answers.push((status, body));
    }
    assert_eq!(answers[0].0, 401);
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
    harness.end().await;
}

#[actix_web::test]
async fn five_wrong_passwords_bring_a_pause_even_for_the_right_one_and_sessions_go_on() {
    let harness = Harness::start().await;
    for _ in 0..5 {
        assert_eq!(
            problem(harness.try_password(OPERATOR, "wrong")).await,
            unauthenticated()
        );
    }
    let password = harness.service.password.clone().unwrap();
    for password in ["wrong", &password] {
        let response = harness.try_password(OPERATOR, password).send().await.unwrap();
        assert_eq!(response.status(), 429);
        assert!(response.headers().contains_key("retry-after"));
    }
    assert!(is_in(&harness, harness.login()).await, "who is in, stays in");
    let from_elsewhere = answer(harness.try_password("another", "wrong")).await;
    assert_eq!(from_elsewhere.0, 401, "other names are not locked out");
    harness.end().await;
}

#[actix_web::test]
async fn of_many_attempts_at_the_same_time_five_are_judged() {
    let harness = Harness::start().await;
    let attempts = (0..40).map(|_| answer(harness.try_password(OPERATOR, "wrong")));
    let answers = futures_util::future::join_all(attempts).await;
    let judged = answers.iter().filter(|(status, _)| *status == 401).count();
    let refused = answers.iter().filter(|(status, _)| *status == 429).count();
    assert_eq!((judged, refused), (5, 35));
    harness.end().await;
}

/// Behind a proxy of ours the sources are told apart; nobody else is believed.
#[actix_web::test]
async fn a_pause_is_for_the_source_that_earned_it() {
    for (proxies, expected) in [("127.0.0.0/8", 200), ("192.0.2.0/24", 429)] {
        let harness = Harness::with(|config| config.http.proxies = vec![proxies.parse().unwrap()]).await;
        let password = harness.service.password.clone().unwrap();
        let from =
            |request: RequestBuilder, source: &str| request.header("X-Forwarded-For", source.to_owned());
        for _ in 0..6 {
            let attempt = from(harness.try_password(OPERATOR, "wrong"), "198.51.100.1");
            attempt.send().await.unwrap();
        }
        let guessing = from(harness.try_password(OPERATOR, &password), "198.51.100.1");
        assert_eq!(answer(guessing).await.0, 429);
        let home = from(harness.try_password(OPERATOR, &password), "198.51.100.2");
        assert_eq!(answer(home).await.0, expected, "{proxies}");
        harness.end().await;
    }
}

#[actix_web::test]
async fn hostile_logins_are_refused_and_repeat_nothing() {
    let harness = Harness::start().await;
    let post = |media_type: Option<&str>, body: &str| {
        let request = harness.request(Method::POST, "/v1/login").body(body.to_owned());
        match media_type {
            Some(media_type) => request.header("Content-Type", media_type),
            None => request,
        }
    };
    let json = Some("application/json");
    let long = "x".repeat(5000);
    let name = format!(r#"{{"name":"{}","password":"p"}}"#, "x".repeat(300));
    for (request, expected) in [
        // What a form or a script of another site can send without asking.
        (
            post(None, r#"{"name":"admin","password":"secret-p"}"#),
            (415, "unsupported_media_type"),
        ),
        (
            post(Some("text/plain"), r#"{"name":"admin","password":"secret-p"}"#),
            (415, "unsupported_media_type"),
        ),
        (
            post(
                Some("application/x-www-form-urlencoded"),
                "name=admin&password=secret-p",
            ),
            (415, "unsupported_media_type"),
        ),
        (
            post(json, r#"{"name":"admin","password":"secret-p""#),
            (400, "invalid_json"),
        ),
        (post(json, r#"{"name":"admin"}"#), (400, "invalid_field")),
        (
            post(json, r#"{"name":"admin","password":["secret-p"]}"#),
            (400, "invalid_field"),
        ),
        (
            post(json, r#"{"name":"admin","password":"p","secret-p":1}"#),
            (400, "invalid_field"),
        ),
        (post(json, &name), (400, "invalid_field")),
        (post(json, &long), (413, "payload_too_large")),
        (post(json, "\u{0}"), (400, "invalid_json")),
        (
            post(json, r#"{"name":"admin","password":"p"}"#).header("Sec-Fetch-Site", "cross-site"),
            (403, "cross_site"),
        ),
        (
            post(json, r#"{"name":"admin","password":"p"}"#).header("Origin", "http://evil.example"),
            (403, "cross_site"),
        ),
        (
            post(json, r#"{"name":"' OR 1=1 --","password":"p"}"#),
            (401, "unauthenticated"),
        ),
        (
            post(json, r#"{"name":"<script>alert(1)</script>","password":"p"}"#),
            (401, "unauthenticated"),
        ),
    ] {
        let response = request.send().await.unwrap();
        let (status, body) = super::harness::json(response).await;
        assert_eq!((status, body["code"].as_str().unwrap()), expected, "{body}");
        let text = body.to_string();
        assert!(!text.contains("secret-p") && !text.contains("script"), "{text}");
    }
    harness.end().await;
}

#[actix_web::test]
async fn who_changes_the_password_ends_all_other_sessions() {
    let harness = Harness::start().await;
    let password = harness.service.password.clone().unwrap();
    let other = harness.log_in(&password).await;
    let change = |current: &str, new: &str| {
        let body = json!({"current": current, "new": new});
        harness.operator(Method::POST, "/v1/password").json(&body)
    };
    let wrong = problem(change("wrong", NEW)).await;
    assert_eq!(wrong, (422, "password_wrong".to_owned()));
    for unfit in ["", "eleven char", &"x".repeat(257)] {
        assert_eq!(
            problem(change(&password, unfit)).await,
            (422, "password_unfit".to_owned())
        );
    }
    let same = problem(change(&password, &password)).await;
    assert_eq!(same, (422, "password_unfit".to_owned()));
    assert!(is_in(&harness, &other).await);
    let file = carillon::service::keep_first_password(harness.folder.path(), &password).unwrap();
    assert_eq!(answer(change(&password, NEW)).await.0, 204);
    assert!(!file.exists());
    assert!(is_in(&harness, harness.login()).await);
    assert!(!is_in(&harness, &other).await);
    assert_eq!(answer(harness.try_password(OPERATOR, &password)).await.0, 401);
    let harness = harness.restart().await;
    assert!(is_in(&harness, harness.login()).await);
    assert!(!is_in(&harness, &other).await);
    harness.log_in(NEW).await;
    harness.end().await;
}

/// Neither those of the same network nor anybody else hinders whoever is logged in.
#[actix_web::test]
async fn strangers_who_guess_do_not_hinder_who_is_logged_in() {
    let harness = Harness::start().await;
    let password = harness.service.password.clone().unwrap();
    for n in 0..30 {
        let guess = harness.try_password(&format!("stranger {n}"), "wrong");
        assert_eq!(answer(guess).await.0, 401);
    }
    let one_more = harness.try_password("one more", "wrong").send().await.unwrap();
    assert_eq!(one_more.status(), 429);
    let wait: u32 = one_more.headers()["retry-after"]
        .to_str()
        .unwrap()
        .parse()
        .unwrap();
    assert!(wait <= 11, "{wait}");
    harness.log_in(&password).await;
    let body = json!({"current": password, "new": NEW});
    let change = harness.operator(Method::POST, "/v1/password").json(&body);
    assert_eq!(answer(change).await.0, 204);
    harness.end().await;
}

#[actix_web::test]
async fn one_sees_and_ends_ones_own_sessions() {
    let harness = Harness::start().await;
    let password = harness.service.password.clone().unwrap();
    let other = harness.log_in(&password).await;
    let (status, body) = answer(harness.operator(Method::GET, "/v1/sessions")).await;
    let sessions = body["sessions"].as_array().unwrap();
    assert_eq!((status, sessions.len()), (200, 2));
    let current: Vec<_> = sessions
        .iter()
        .filter(|session| session["current"] == true)
        .collect();
    assert_eq!((current.len(), &current[0]["source"]), (1, &json!("127.0.0.1")));
    assert!(!body.to_string().contains("cs_"), "{body}");
    let id = sessions
        .iter()
        .find(|session| session["current"] == false)
        .unwrap()["id"]
        .as_str()
        .unwrap();
    let end = |id: &str| harness.operator(Method::DELETE, &format!("/v1/sessions/{id}"));
    assert_eq!(answer(end(id)).await.0, 204);
    assert_eq!(problem(end(id)).await, (404, "not_found".to_owned()));
    assert!(!is_in(&harness, &other).await && is_in(&harness, harness.login()).await);
    harness.end().await;
}

/// What `carillon operator` stores beside a running service.
#[actix_web::test]
async fn a_password_that_is_reset_beside_the_service_ends_its_sessions() {
    let harness = Harness::start().await;
    let beside = SqlCatalog::sqlite(harness.folder.path()).await.unwrap();
    let phc = carillon::right::hash_password(NEW).unwrap();
    beside.set_password(OPERATOR, &phc).await.unwrap();
    let begin = Instant::now();
    while is_in(&harness, harness.login()).await {
        assert!(
            begin.elapsed() < Duration::from_secs(20),
            "the session never ends"
        );
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    harness.log_in(NEW).await;
    harness.end().await;
}

/// A thief who knows the password may keep changing it: whoever resets it beside the service has the last word.
#[actix_web::test]
async fn a_reset_outlives_changes_that_are_under_way() {
    let harness = Harness::start().await;
    let password = harness.service.password.clone().unwrap();
    let beside = SqlCatalog::sqlite(harness.folder.path()).await.unwrap();
    let phc = carillon::right::hash_password("the password that was reset").unwrap();
    let thief = async {
        let mut known = [password.as_str(), NEW];
        loop {
            let body = json!({"current": known[0], "new": known[1]});
            let change = harness.operator(Method::POST, "/v1/password").json(&body);
            match answer(change).await.0 {
                204 => known.reverse(),
                401 => return,
                // Its session has ended, which the service does not know yet.
                422 => {}
                429 => tokio::time::sleep(Duration::from_millis(20)).await,
                other => panic!("{other}"),
            }
        }
    };
    let owner = async {
        tokio::time::sleep(Duration::from_millis(400)).await;
        beside.set_password(OPERATOR, &phc).await.unwrap();
    };
    let both = futures_util::future::join(thief, owner);
    tokio::time::timeout(Duration::from_secs(60), both)
        .await
        .expect("the thief is thrown out");
    let stored = beside.password(OPERATOR).await.unwrap();
    assert_eq!(stored.as_ref(), Some(&phc));
    harness.log_in("the password that was reset").await;
    harness.end().await;
}

/// What a page asks by itself keeps nobody logged in.
#[actix_web::test]
async fn an_hour_of_a_page_that_nobody_looks_at_is_no_use() {
    let harness = Harness::start().await;
    let beside = SqlCatalog::sqlite(harness.folder.path()).await.unwrap();
    let secret = format!("cs_{}", "a".repeat(43));
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let before = UnixMs(now.unwrap().as_millis() as u64 - 3_600_000);
    let session = Session {
        secret: SecretHash(Sha256::digest(&secret).into()),
        operator: OPERATOR.to_owned(),
        created: before,
        used: before,
        source: [192, 0, 2, 1].into(),
    };
    let phc = beside.password(OPERATOR).await.unwrap().unwrap();
    assert!(beside.add_session(&session, &phc).await.unwrap());
    let login = Login {
        cookie: format!("carillon_session={secret}"),
        csrf: String::new(),
    };
    let begin = Instant::now();
    while !is_in_background(&harness, &login).await {
        assert!(
            begin.elapsed() < Duration::from_secs(20),
            "it is never taken over"
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let used = async || {
        let (_, body) = answer(harness.operator(Method::GET, "/v1/sessions")).await;
        let sessions = body["sessions"].as_array().unwrap();
        let session = sessions.iter().find(|session| session["source"] == "192.0.2.1");
        session.unwrap()["used_at"].clone()
    };
    let untouched = used().await;
    assert!(is_in_background(&harness, &login).await);
    assert_eq!(used().await, untouched);
    assert!(is_in(&harness, &login).await);
    assert_ne!(used().await, untouched);
    harness.end().await;
}

async fn is_in_background(harness: &Harness, login: &Login) -> bool {
    let request = harness.as_operator(login, Method::GET, "/v1/admin/connections");
    answer(request.header("X-Carillon-Background", "1")).await.0 == 200
}

async fn is_in(harness: &Harness, login: &Login) -> bool {
    let status = answer(harness.as_operator(login, Method::GET, "/v1/session"))
        .await
        .0;
    assert!([200, 401].contains(&status), "{status}");
    status == 200
}

fn unauthenticated() -> (u16, String) {
    (401, "unauthenticated".to_owned())
}
