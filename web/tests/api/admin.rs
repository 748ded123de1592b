use super::harness::{Harness, answer, problem};
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
