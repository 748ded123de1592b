//! Every endpoint refuses whoever may not use it. The cases come from the table that the router is built from, so that a
//! new endpoint cannot be forgotten here.

use super::harness::{Harness, key, problem};
use carillon::endpoint::{Access, ENDPOINTS, Endpoint};
use carillon::right::OPERATOR;
use reqwest::RequestBuilder;

fn request(harness: &Harness, endpoint: &Endpoint) -> RequestBuilder {
    let path = endpoint
        .path
        .replace("{id}", "msg_6h05373pr0000")
        .replace("{name}", "mobile")
        .replace("{section}", "connection")
        .replace("{organisation}", "hospital")
        .replace("{account}", "his");
    assert!(
        !path.contains('{'),
        "{} has a parameter without a value here",
        endpoint.path
    );
    let method = reqwest::Method::from_bytes(endpoint.method.as_str().as_bytes()).unwrap();
    harness.request(method, &path)
}

fn name(endpoint: &Endpoint) -> String {
    format!("{} {}", endpoint.method, endpoint.path)
}

async fn status(request: RequestBuilder) -> u16 {
    request.send().await.unwrap().status().as_u16()
}

#[actix_web::test]
async fn no_endpoint_answers_the_unauthorised() {
    let harness = Harness::start().await;
    for endpoint in ENDPOINTS
        .iter()
        .filter(|endpoint| endpoint.access != Access::Public)
    {
        let response = request(&harness, endpoint).send().await.unwrap();
        assert_eq!(response.status(), 401, "{} without credentials", name(endpoint));
        assert!(
            response.headers().contains_key("www-authenticate"),
            "{} says no scheme",
            name(endpoint)
        );
    }
    harness.end().await;
}

#[actix_web::test]
async fn endpoints_of_accounts_take_the_key_of_an_enabled_account_with_the_module() {
    let harness = Harness::start().await;
    let password = harness.service.password.clone().unwrap();
    let of_accounts = [Access::Send, Access::Query, Access::Feed, Access::Campaign];
    for endpoint in ENDPOINTS
        .iter()
        .filter(|endpoint| of_accounts.contains(&endpoint.access))
    {
        let name = name(endpoint);
        let request = || request(&harness, endpoint);
        for wrong in ["", "wrong", &key("nobody"), &key("his")[1..], &password] {
            assert_eq!(
                status(request().bearer_auth(wrong)).await,
                401,
                "{name} with the key {wrong:?}"
            );
        }
        let operator = request().basic_auth(OPERATOR, Some(&password));
        assert_eq!(status(operator).await, 401, "{name} with the operator's password");
        let without_module = problem(request().bearer_auth(key("nothing"))).await;
        assert_eq!(without_module, (403, "module_not_granted".to_owned()), "{name}");
        let off = problem(request().bearer_auth(key("off"))).await;
        assert_eq!(off, (403, "account_disabled".to_owned()), "{name}");
        let allowed = status(request().bearer_auth(key("his"))).await;
        assert!(
            ![401, 403].contains(&allowed),
            "{name} refuses an account that has the module: {allowed}"
        );
    }
    harness.end().await;
}

#[actix_web::test]
async fn endpoints_of_operators_take_the_operator_only() {
    for endpoint in ENDPOINTS
        .iter()
        .filter(|endpoint| endpoint.access == Access::Operator)
    {
        // Each with a service of its own: wrong passwords bring a pause.
        let harness = Harness::start().await;
        let name = name(endpoint);
        let request = || request(&harness, endpoint);
        let password = harness.service.password.as_ref();
        assert_eq!(
            status(request().basic_auth(OPERATOR, Some("wrong"))).await,
            401,
            "{name}"
        );
        assert_eq!(
            status(request().basic_auth("root", password)).await,
            401,
            "{name}"
        );
        assert_eq!(
            status(request().bearer_auth(key("his"))).await,
            401,
            "{name} with an account's key"
        );
        let allowed = status(request().basic_auth(OPERATOR, password)).await;
        assert!(
            ![401, 403, 429].contains(&allowed),
            "{name} refuses the operator: {allowed}"
        );
        harness.end().await;
    }
}

/// Whatever is added here is open to everybody.
#[test]
fn only_these_endpoints_are_public() {
    let public: Vec<_> = ENDPOINTS
        .iter()
        .filter(|e| e.access == Access::Public)
        .map(|e| e.path)
        .collect();
    assert_eq!(
        public,
        [
            "/healthz",
            "/readyz",
            "/metrics",
            "/v1/openapi.json",
            "/docs",
            "/docs/{file}"
        ]
    );
}
