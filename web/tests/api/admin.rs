use super::harness::{Harness, answer, problem};
use carillon::right::OPERATOR;
use reqwest::Method;

#[actix_web::test]
async fn operators_see_connections_and_the_catalog_but_no_secret() {
    let harness = Harness::start().await;
    let (status, body) = answer(harness.operator(Method::GET, "/v1/admin/connections")).await;
    assert_eq!(status, 200);
    assert_eq!(
        (
            body["connections"][0]["name"].as_str(),
            body["connections"][0]["state"].as_str()
        ),
        (Some("mobile"), Some("off"))
    );

    let (status, body) = answer(harness.operator(Method::GET, "/v1/admin/catalog")).await;
    assert_eq!((status, body["version"].as_u64()), (200, Some(1)));
    assert_eq!(body["accounts"][0]["name"], "his");
    assert_eq!(body["accounts"][0]["modules"].as_array().unwrap().len(), 4);
    assert_eq!(body["route_groups"][0]["members"][0]["connection"], "mobile");
    let text = body.to_string();
    assert!(
        !text.contains("the-secret-password") && !text.contains("key-of-the-account"),
        "{text}"
    );
    assert!(!text.contains("password") && !text.contains("sha256"), "{text}");
    harness.end().await;
}

#[actix_web::test]
async fn a_connection_is_asked_by_name_to_try_again() {
    let harness = Harness::start().await;
    let restart =
        |name: &str| harness.operator(Method::POST, &format!("/v1/admin/connections/{name}/restart"));
    assert_eq!(problem(restart("nobody")).await, (404, "not_found".to_owned()));
    let status = restart("mobile").send().await.unwrap().status();
    assert!(
        status == 202 || status == 404,
        "a connection that is off may have nobody to ask: {status}"
    );
    harness.end().await;
}

#[actix_web::test]
async fn wrong_passwords_bring_a_pause_even_for_the_right_one_and_verified_ones_go_on() {
    let harness = Harness::start().await;
    let wrong = || {
        harness
            .request(Method::GET, "/v1/admin/catalog")
            .basic_auth(OPERATOR, Some("wrong"))
    };
    for _ in 0..5 {
        assert_eq!(problem(wrong()).await, (401, "unauthenticated".to_owned()));
    }
    let response = wrong().send().await.unwrap();
    assert_eq!(response.status(), 429);
    assert!(response.headers().contains_key("retry-after"));
    assert_eq!(
        problem(harness.operator(Method::GET, "/v1/admin/catalog")).await,
        (429, "too_many_attempts".to_owned())
    );
    harness.end().await;
}

#[actix_web::test]
async fn a_password_verified_a_moment_ago_is_not_slowed_by_others_failures() {
    let harness = Harness::start().await;
    assert_eq!(
        answer(harness.operator(Method::GET, "/v1/admin/catalog")).await.0,
        200
    );
    let wrong = || {
        harness
            .request(Method::GET, "/v1/admin/catalog")
            .basic_auth(OPERATOR, Some("wrong"))
    };
    for _ in 0..6 {
        problem(wrong()).await;
    }
    assert_eq!(
        answer(harness.operator(Method::GET, "/v1/admin/catalog")).await.0,
        200
    );
    for credentials in ["Basic", "Basic !", "Basic YWRtaW4=", "Bearer x", ""] {
        let request = harness
            .request(Method::GET, "/v1/admin/catalog")
            .header("Authorization", credentials);
        assert_eq!(
            problem(request).await,
            (401, "unauthenticated".to_owned()),
            "{credentials}"
        );
    }
    harness.end().await;
}
