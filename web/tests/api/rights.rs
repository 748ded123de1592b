//! Every endpoint refuses whoever may not use it. The cases come from the table that the router is built from, so that a
//! new endpoint cannot be forgotten here.

use super::harness::{Harness, Login, answer, key, problem};
use carillon::endpoint::{Access, ENDPOINTS, Endpoint};
use carillon::right::OPERATOR;
use carillon_domain::rights::{Right, Rights};
use reqwest::{Method, RequestBuilder};

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

/// Every endpoint that changes more than the operator's own session needs a right, and one right does not stand for another.
#[actix_web::test]
async fn operators_change_only_what_they_have_the_right_to() {
    let harness = Harness::start().await;
    let rights = |rights: &[Right]| rights.iter().copied().collect::<Rights>();
    let nothing = harness.operator_with("looks", rights(&[])).await;
    let steers = harness
        .operator_with("steers", rights(&[Right::Steer, Right::Numbers]))
        .await;
    let configures = harness
        .operator_with("configures", rights(&[Right::Configure, Right::Numbers]))
        .await;
    for endpoint in with_access(&[Access::Operator]) {
        let name = name(endpoint);
        if endpoint.method.is_safe() {
            let looked = status(of(request(&harness, endpoint), &nothing)).await;
            assert_ne!(looked, 403, "{name}");
            continue;
        }
        if !endpoint.path.starts_with("/v1/admin/") {
            continue;
        }
        let refused = (403, "not_allowed".to_owned());
        assert_eq!(
            problem(of(request(&harness, endpoint), &nothing)).await,
            refused,
            "{name}"
        );
        let configuration = ["catalog", "apply", "wall-tokens"]
            .iter()
            .any(|word| endpoint.path.contains(word));
        let (may, may_not) = if configuration {
            (&configures, &steers)
        } else {
            (&steers, &configures)
        };
        assert_eq!(
            problem(of(request(&harness, endpoint), may_not)).await,
            refused,
            "{name}"
        );
        let allowed = status(of(request(&harness, endpoint), may)).await;
        assert_ne!(allowed, 403, "{name}");
    }
    harness.end().await;
}

fn of(request: RequestBuilder, login: &Login) -> RequestBuilder {
    request
        .header("Cookie", &login.cookie)
        .header("X-CSRF-Token", &login.csrf)
}

/// PII-1: whatever an operator without the right asks, a number is never whole, and nothing tells what people were told.
#[actix_web::test]
async fn numbers_and_texts_are_shown_to_those_with_the_right() {
    let harness = Harness::start().await;
    let numbers: Rights = [Right::Numbers].into_iter().collect();
    let with = harness.operator_with("reads", numbers).await;
    let without = harness
        .operator_with("steers", [Right::Steer].into_iter().collect())
        .await;
    let body = r#"{"to":"13800000001","text":"验证码 314159"}"#;
    let (status, sent) = answer(harness.post("/v1/messages", body)).await;
    assert_eq!(status, 202, "{sent}");
    let id = sent["id"].as_str().unwrap();
    let csv = "姓名,号码\n王,13800000001\n李,1380000000\n赵,13800000001\n";
    let campaign = campaign_with(&harness, csv).await;
    let one = format!("/v1/admin/messages/{id}");
    let search = "/v1/admin/messages?to=13800000001".to_owned();
    for (path, masked) in [(&one, "?numbers=masked"), (&search, "&numbers=masked")] {
        for query in ["", masked] {
            let path = format!("{path}{query}");
            let seen = text(harness.as_operator(&with, Method::GET, &path)).await;
            assert!(seen.contains("138****0001") && seen.contains("314159"), "{seen}");
            assert!(!seen.contains("13800000001"), "{seen}");
        }
        let full = format!("{path}{}", masked.replace("masked", "full"));
        let seen = text(harness.as_operator(&with, Method::GET, &full)).await;
        assert!(seen.contains("13800000001"), "{seen}");
        let refused = problem(harness.as_operator(&without, Method::GET, &full)).await;
        assert_eq!(refused, (403, "not_allowed".to_owned()), "{full}");
    }
    // Everything there is to look at.
    let secrets = ["13800000001", "1380000000", "314159", "王"];
    for endpoint in with_access(&[Access::Operator]).filter(|endpoint| endpoint.method.is_safe()) {
        let path = endpoint
            .path
            .replace("messages/{id}", &format!("messages/{id}"))
            .replace("campaigns/{id}", &format!("campaigns/{campaign}"))
            .replace("{section}", "connection")
            .replace("{organisation}", "hospital")
            .replace("{name}", "mobile");
        let path = match endpoint.path {
            "/v1/admin/messages" => search.clone(),
            "/v1/admin/route" => format!("{path}?account=his"),
            _ => path,
        };
        let seen = text(harness.as_operator(&without, Method::GET, &path)).await;
        for secret in secrets {
            assert!(!seen.contains(secret), "{path} tells {secret}: {seen}");
        }
    }
    harness.end().await;
}

/// A campaign whose recipients were checked; its id.
async fn campaign_with(harness: &Harness, csv: &'static str) -> String {
    let draft = r#"{"name":"复诊","text":"{name}您好","columns":{"to":"号码","variables":{"name":"姓名"}}}"#;
    let (created, made) = answer(harness.post("/v1/campaigns", draft)).await;
    assert_eq!(created, 201, "{made}");
    let id = made["id"].as_str().unwrap().to_owned();
    let path = format!("/v1/campaigns/{id}");
    let put = harness
        .request(Method::PUT, &format!("{path}/recipients"))
        .bearer_auth(key("his"))
        .header("Content-Type", "text/csv")
        .body(csv);
    let answered = status(put).await;
    assert!(answered < 300, "{answered}");
    loop {
        let (_, campaign) = answer(harness.get(&path)).await;
        match campaign["state"].as_str() {
            Some("checking") => tokio::task::yield_now().await,
            Some("ready") => return id,
            _ => panic!("{campaign}"),
        }
    }
}

async fn text(request: RequestBuilder) -> String {
    request.send().await.unwrap().text().await.unwrap()
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
            "/v1/asyncapi.json",
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
