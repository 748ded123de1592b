//! Links that open walls, and nothing else.

use super::harness::{Harness, answer, apply, cookie, json as json_of, problem};
use carillon_catalog::SqlCatalog;
use carillon_domain::ids::TenantId;
use carillon_domain::time::UnixMs;
use carillon_storage::login::{Logins, SecretHash, WallToken};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

const INVALID: u16 = 401;

#[actix_web::test]
async fn a_link_opens_a_wall_until_it_is_removed() {
    let harness = Harness::start().await;
    let token = harness
        .wall_token(json!({"name": " 门诊大厅 ", "organisation": "hospital", "expires_days": 30}))
        .await;
    assert!(token.starts_with("cw_"));
    let (_, list) = answer(harness.operator(Method::GET, "/v1/admin/wall-tokens")).await;
    let link = &list["wall_tokens"][0];
    assert_eq!(
        (&link["name"], &link["organisation"]),
        (&json!("门诊大厅"), &json!("hospital"))
    );
    assert_eq!(
        (&link["created_by"], &link["expired"], &link["used_at"]),
        (&json!("admin"), &json!(false), &Value::Null)
    );
    assert!(!list.to_string().contains(&token), "it is shown once");

    let response = harness.open_wall(&token).send().await.unwrap();
    let set = response.headers()["set-cookie"].to_str().unwrap().to_owned();
    assert!(set.contains("; HttpOnly; SameSite=Strict; Max-Age=2591"), "{set}");
    let wall = cookie(&response).unwrap();
    let seen = || {
        harness
            .request(Method::GET, "/v1/wall/session")
            .header("Cookie", &wall)
    };
    let again = seen().send().await.unwrap();
    assert_eq!(
        cookie(&again).as_ref(),
        Some(&wall),
        "the cookie is kept for longer"
    );
    let (status, body) = json_of(again).await;
    assert_eq!(
        (status, &body["name"], &body["organisation"]),
        (200, &json!("门诊大厅"), &json!("hospital"))
    );
    let (_, list) = answer(harness.operator(Method::GET, "/v1/admin/wall-tokens")).await;
    assert!(list["wall_tokens"][0]["used_at"].is_string());

    let harness = harness.restart().await;
    let seen = || {
        harness
            .request(Method::GET, "/v1/wall/session")
            .header("Cookie", &wall)
    };
    assert_eq!(answer(seen()).await.0, 200, "walls outlive a restart");
    let id = list["wall_tokens"][0]["id"].as_str().unwrap();
    let remove = || harness.operator(Method::DELETE, &format!("/v1/admin/wall-tokens/{id}"));
    assert_eq!(answer(remove()).await.0, 204);
    assert_eq!(problem(remove()).await, (404, "not_found".to_owned()));
    refused(seen()).await;
    refused(harness.open_wall(&token)).await;
    harness.end().await;
}

#[actix_web::test]
async fn guessed_expired_and_orphaned_links_open_nothing() {
    let folder = tempfile::tempdir().unwrap();
    apply(&folder).await;
    let store = SqlCatalog::sqlite(folder.path()).await.unwrap();
    let orphan = WallToken {
        secret: SecretHash(Sha256::digest("cw_orphan").into()),
        name: "orphan".to_owned(),
        organisation: Some(TenantId(999)),
        created: UnixMs(0),
        created_by: "admin".to_owned(),
        expires: None,
        used: None,
    };
    let expired = WallToken {
        secret: SecretHash(Sha256::digest("cw_expired").into()),
        organisation: None,
        expires: Some(UnixMs(1)),
        ..orphan.clone()
    };
    for token in [&orphan, &expired] {
        store.add_wall_token(token).await.unwrap();
    }
    let harness = Harness::on(folder, |_| {}).await;
    let session = harness.login().cookie.split('=').nth(1).unwrap();
    for token in [
        "cw_orphan",
        "cw_expired",
        "",
        "cw_",
        "null",
        &"x".repeat(2000),
        session,
    ] {
        refused(harness.open_wall(token)).await;
        let by_cookie = harness.request(Method::GET, "/v1/wall/session");
        refused(by_cookie.header("Cookie", format!("carillon_wall={token}"))).await;
    }
    let (_, list) = answer(harness.operator(Method::GET, "/v1/admin/wall-tokens")).await;
    let expired: Vec<_> = list["wall_tokens"]
        .as_array()
        .unwrap()
        .iter()
        .map(|link| &link["expired"])
        .collect();
    assert_eq!(expired, [&json!(true), &json!(true)]);
    harness.end().await;
}

#[actix_web::test]
async fn a_link_says_soundly_what_it_is() {
    let harness = Harness::start().await;
    for (link, expected) in [
        (json!({"name": ""}), "name"),
        (json!({"name": " "}), "name"),
        (json!({"name": "x".repeat(65)}), "name"),
        (json!({"name": "a\nb"}), "name"),
        (json!({"name": "a", "expires_days": 0}), "expires_days"),
        (json!({"name": "a", "expires_days": 3651}), "expires_days"),
        (json!({"name": "a", "organisation": "nobody"}), "organisation"),
    ] {
        let (status, body) = answer(make(&harness, &link)).await;
        assert_eq!((status, body["field"].as_str()), (400, Some(expected)), "{link}");
    }
    for link in [
        json!({"name": "a", "rights": ["all"]}),
        json!({}),
        json!([]),
        json!({"name": 5}),
    ] {
        assert_eq!(
            problem(make(&harness, &link)).await,
            (400, "invalid_field".to_owned()),
            "{link}"
        );
    }
    // Text is only text.
    harness
        .wall_token(json!({"name": "<script>alert(1)</script>"}))
        .await;
    harness.end().await;
}

#[actix_web::test]
async fn a_wall_of_another_site_is_not_opened() {
    let harness = Harness::start().await;
    let token = harness.wall_token(json!({"name": "hall"})).await;
    let foreign = harness.open_wall(&token).header("Sec-Fetch-Site", "cross-site");
    assert_eq!(problem(foreign).await, (403, "cross_site".to_owned()));
    let form = harness
        .request(Method::POST, "/v1/wall/session")
        .body(format!("token={token}"));
    assert_eq!(problem(form).await.0, 415);
    harness.end().await;
}

fn make(harness: &Harness, link: &Value) -> RequestBuilder {
    harness.operator(Method::POST, "/v1/admin/wall-tokens").json(link)
}

async fn refused(request: RequestBuilder) {
    assert_eq!(problem(request).await, (INVALID, "wall_token_invalid".to_owned()));
}
