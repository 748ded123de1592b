//! Every endpoint refuses whoever may not use it. The cases come from the table that the router is built from, so that a
//! new endpoint cannot be forgotten here.

use super::harness::{Harness, key, problem};
use carillon::endpoint::{Access, ENDPOINTS, Endpoint};
use carillon::right::OPERATOR;
use reqwest::RequestBuilder;

const OF_ACCOUNTS: [Access; 4] = [Access::Send, Access::Query, Access::Feed, Access::Campaign];

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

/// The endpoints of one of these kinds.
fn with_access(kinds: &[Access]) -> impl Iterator<Item = &'static Endpoint> {
    ENDPOINTS
        .iter()
        .filter(|endpoint| kinds.contains(&endpoint.access))
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
    for endpoint in with_access(&OF_ACCOUNTS) {
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
        let session = request()
            .header("Cookie", &harness.login().cookie)
            .header("X-CSRF-Token", &harness.login().csrf);
        assert_eq!(status(session).await, 401, "{name} with the operator's session");
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
async fn endpoints_of_operators_take_an_operators_session_only() {
    let harness = Harness::start().await;
    let password = harness.service.password.clone().unwrap();
    let wall = harness.wall(serde_json::json!({"name": "hall"})).await;
    for endpoint in with_access(&[Access::Operator]) {
        let name = name(endpoint);
        let request = || request(&harness, endpoint);
        // Each with a session of its own: some of them end it.
        let login = harness.log_in(&password).await;
        let basic = request().basic_auth(OPERATOR, Some(&password));
        assert_eq!(status(basic).await, 401, "{name} with the password itself");
        let account = request().bearer_auth(key("his"));
        assert_eq!(status(account).await, 401, "{name} with an account's key");
        for wrong in [
            "",
            "carillon_session=",
            "carillon_session=cs_x",
            &login.cookie[1..],
            &wall.replace("wall", "session"),
        ] {
            let forged = request()
                .header("Cookie", wrong)
                .header("X-CSRF-Token", &login.csrf);
            assert_eq!(status(forged).await, 401, "{name} with the cookie {wrong}");
        }
        let from_wall = request()
            .header("Cookie", &wall)
            .header("X-CSRF-Token", &login.csrf);
        assert_eq!(
            problem(from_wall).await,
            (403, "not_allowed".to_owned()),
            "{name} from a wall"
        );

        let of_session = || request().header("Cookie", &login.cookie);
        if !endpoint.method.is_safe() {
            let csrf = (403, "csrf_token_wrong".to_owned());
            assert_eq!(problem(of_session()).await, csrf, "{name} without a CSRF token");
            for wrong in ["", "x", &login.csrf[1..], &harness.login().csrf] {
                let forged = of_session().header("X-CSRF-Token", wrong);
                assert_eq!(problem(forged).await, csrf, "{name} with the CSRF token {wrong}");
            }
            for (header, value) in [
                ("Sec-Fetch-Site", "cross-site"),
                ("Sec-Fetch-Site", "same-site"),
                ("Origin", "http://evil.example"),
                ("Origin", "null"),
            ] {
                let foreign = of_session()
                    .header("X-CSRF-Token", &login.csrf)
                    .header(header, value);
                assert_eq!(
                    problem(foreign).await,
                    (403, "cross_site".to_owned()),
                    "{name}, {header}: {value}"
                );
            }
        }
        let allowed = status(of_session().header("X-CSRF-Token", &login.csrf)).await;
        assert!(
            ![401, 403, 429].contains(&allowed),
            "{name} refuses the operator: {allowed}"
        );
    }
    harness.end().await;
}

#[actix_web::test]
async fn a_walls_link_opens_its_own_endpoints_and_no_other() {
    let harness = Harness::start().await;
    let wall = harness.wall(serde_json::json!({"name": "hall"})).await;
    for endpoint in ENDPOINTS
        .iter()
        .filter(|endpoint| endpoint.access != Access::Public)
    {
        let name = name(endpoint);
        let answered = status(request(&harness, endpoint).header("Cookie", &wall)).await;
        match endpoint.access {
            Access::Live | Access::Wall => assert!(![401, 403].contains(&answered), "{name}: {answered}"),
            Access::Operator => assert_eq!(answered, 403, "{name}"),
            // No cookie says anything there.
            _ => assert_eq!(answered, 401, "{name}"),
        }
    }
    for endpoint in with_access(&[Access::Live, Access::Wall]) {
        for wrong in [
            "",
            "carillon_wall=",
            "carillon_wall=cw_x",
            &wall[1..],
            &format!("{wall}x"),
        ] {
            let forged = request(&harness, endpoint).header("Cookie", wrong);
            assert_eq!(status(forged).await, 401, "{} with {wrong}", name(endpoint));
        }
    }
    let open: Vec<_> = with_access(&[Access::Live, Access::Wall]).map(name).collect();
    for path in &open {
        assert!(
            ["GET /v1/live", "GET /v1/live/snapshot", "GET /v1/wall/session"].contains(&path.as_str()),
            "{path} is open to walls"
        );
    }
    harness.end().await;
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
            "/v1/login",
            "/v1/wall/session",
            "/healthz",
            "/readyz",
            "/metrics",
            "/v1/openapi.json",
            "/docs",
            "/docs/{file}",
            "/",
            "/console",
            "/wall",
            "/console/{path}",
            "/wall/{path}"
        ]
    );
}
