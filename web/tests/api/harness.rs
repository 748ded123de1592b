use super::live_socket::LiveSocket;
use carillon::config::Config;
use carillon::right::{OPERATOR, hash_password};
use carillon::service::Service;
use carillon_catalog::SqlCatalog;
use carillon_domain::catalog::apply::{ApplyFile, Environment, resolve};
use carillon_domain::catalog::{Secret, Snapshot};
use carillon_domain::rights::Rights;
use carillon_storage::catalog::Catalog;
use carillon_storage::login::Logins;
use reqwest::{Method, RequestBuilder, Response};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::time::Duration;
use tempfile::TempDir;

/// The connection is off, so that messages stay as they were accepted.
pub const CATALOG: &str = r#"
[[organisation]]
name = "hospital"
[[organisation]]
name = "school"

[[business_type]]
name = "notice"
[[business_type]]
name = "codes"
template_required = true

[[connection]]
name = "mobile"
enabled = false
protocol = "cmpp2.0"
host = "127.0.0.1"
login = "900001"
password = "the-secret-password"
source_number = "1069000001"

[[route_group]]
name = "all"
members = ["mobile"]
[[route_rule]]
name = "everything"
group = "all"

[[account]]
name = "his"
organisation = "hospital"
modules = { send = true, query = true, feeds = true, campaigns = true }
connections = ["mobile"]
signature = "医院"
extension = "01"
business_type = "notice"
api_key = "key-of-the-account-his"
hmac_secret = "the-signing-secret-of-his"

[[account]]
name = "lis"
organisation = "hospital"
modules = { send = true, query = true, feeds = true, campaigns = true }
connections = ["mobile"]
extension = "02"
business_type = "notice"
quota_per_day = 3
api_key = "key-of-the-account-lis"

[[account]]
name = "no-route"
organisation = "school"
modules = { send = true }
business_type = "notice"
api_key = "key-of-the-account-no-route"

[[account]]
name = "nothing"
organisation = "school"
connections = ["mobile"]
extension = "03"
business_type = "notice"
api_key = "key-of-the-account-nothing"

[[account]]
name = "off"
enabled = false
organisation = "school"
modules = { send = true, query = true, feeds = true, campaigns = true }
connections = ["mobile"]
extension = "04"
business_type = "notice"
api_key = "key-of-the-account-off"

[[template]]
name = "reminder"
organisation = "hospital"
business_type = "notice"
text = "{name:text(20)}您好，请于{date:date}就诊。"
"#;

/// A running service in a folder of its own.
pub struct Harness {
    pub service: Service,
    pub folder: TempDir,
    client: reqwest::Client,
    /// That of the first start, when the folder had none before.
    operator: Option<Login>,
}

/// An operator's session, as a browser keeps it.
#[derive(Clone)]
pub struct Login {
    /// What goes as `Cookie`.
    pub cookie: String,
    /// What goes as `X-CSRF-Token`.
    pub csrf: String,
}

impl Harness {
    pub async fn start() -> Harness {
        Harness::with(|_| {}).await
    }

    /// With settings changed.
    pub async fn with(change: impl FnOnce(&mut Config)) -> Harness {
        let folder = tempfile::tempdir().unwrap();
        apply(&folder).await;
        Harness::on(folder, change).await
    }

    /// With another catalog.
    pub async fn of(catalog: &str) -> Harness {
        Harness::of_with(catalog, |_| {}).await
    }

    /// With another catalog, and settings changed.
    pub async fn of_with(catalog: &str, change: impl FnOnce(&mut Config)) -> Harness {
        let folder = tempfile::tempdir().unwrap();
        apply_file(&folder, catalog).await;
        Harness::on(folder, change).await
    }

    /// On a folder that has been prepared.
    pub async fn on(folder: TempDir, change: impl FnOnce(&mut Config)) -> Harness {
        let mut config = Config::default();
        config.http.port = 0;
        config.http.workers = 1;
        change(&mut config);
        let service = Service::start(folder.path(), &config, None).await.unwrap();
        let mut harness = Harness {
            service,
            folder,
            client: reqwest::Client::new(),
            operator: None,
        };
        if let Some(password) = harness.service.password.clone() {
            harness.operator = Some(harness.log_in(&password).await);
        }
        harness
    }

    /// A new session of the operator.
    pub async fn log_in(&self, password: &str) -> Login {
        self.log_in_as(OPERATOR, password).await
    }

    /// A session of a new operator who may do so much.
    pub async fn operator_with(&self, name: &str, rights: Rights) -> Login {
        let store = SqlCatalog::sqlite(self.folder.path()).await.unwrap();
        let phc = hash_password("a password of its own").unwrap();
        assert!(store.add_operator(name, &phc, rights).await.unwrap());
        self.log_in_as(name, "a password of its own").await
    }

    async fn log_in_as(&self, name: &str, password: &str) -> Login {
        let response = self.try_password(name, password).send().await.unwrap();
        let cookie = cookie(&response);
        let (status, body) = json(response).await;
        assert_eq!(status, 200, "{body}");
        Login {
            cookie: cookie.expect("a login sets a cookie"),
            csrf: body["csrf"].as_str().unwrap().to_owned(),
        }
    }

    pub fn try_password(&self, name: &str, password: &str) -> RequestBuilder {
        let body = serde_json::json!({"name": name, "password": password});
        self.request(Method::POST, "/v1/login").json(&body)
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.service.address)
    }

    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, self.url(path))
    }

    /// A request of the account `his`.
    pub fn get(&self, path: &str) -> RequestBuilder {
        self.request(Method::GET, path).bearer_auth(key("his"))
    }

    /// A request of the account `his` with a JSON body.
    pub fn post(&self, path: &str, body: impl Into<reqwest::Body>) -> RequestBuilder {
        self.post_as("his", "application/json", path, body)
    }

    pub fn post_as(
        &self,
        account: &str,
        media_type: &str,
        path: &str,
        body: impl Into<reqwest::Body>,
    ) -> RequestBuilder {
        let request = self.request(Method::POST, path).bearer_auth(key(account));
        request.header("Content-Type", media_type).body(body)
    }

    /// A request of the operator, in the session that was begun at the start.
    pub fn operator(&self, method: Method, path: &str) -> RequestBuilder {
        self.as_operator(self.login(), method, path)
    }

    pub fn as_operator(&self, login: &Login, method: Method, path: &str) -> RequestBuilder {
        self.request(method, path)
            .header("Cookie", &login.cookie)
            .header("X-CSRF-Token", &login.csrf)
    }

    pub fn login(&self) -> &Login {
        self.operator.as_ref().expect("a new folder brings an operator")
    }

    /// The cookie of a wall that was opened by a new link.
    pub async fn wall(&self, link: Value) -> String {
        let token = self.wall_token(link).await;
        let response = self.open_wall(&token).send().await.unwrap();
        assert_eq!(response.status(), 200);
        cookie(&response).expect("a wall gets a cookie")
    }

    /// The token of a new link.
    pub async fn wall_token(&self, link: Value) -> String {
        let request = self.operator(Method::POST, "/v1/admin/wall-tokens").json(&link);
        let (status, made) = answer(request).await;
        assert_eq!(status, 201, "{made}");
        made["token"].as_str().unwrap().to_owned()
    }

    pub fn open_wall(&self, token: &str) -> RequestBuilder {
        self.request(Method::POST, "/v1/wall/session")
            .json(&serde_json::json!({"token": token}))
    }

    /// The same service after a restart on the same folder; its operator stays logged in.
    pub async fn restart(self) -> Harness {
        let operator = self.operator.clone();
        let folder = self.end().await;
        let mut harness = Harness::on(folder, |_| {}).await;
        harness.operator = operator;
        harness
    }

    pub async fn end(self) -> TempDir {
        self.service
            .stop(Duration::from_secs(5))
            .await
            .expect("the lane stops");
        self.service.end().await.unwrap();
        self.folder
    }
}

/// The API key of an account of the catalog.
pub fn key(account: &str) -> String {
    format!("key-of-the-account-{account}")
}

/// The cookie that an answer sets, as it goes with the next request.
pub fn cookie(response: &Response) -> Option<String> {
    let text = response.headers().get("set-cookie")?.to_str().unwrap();
    text.split(';').next().map(str::to_owned)
}

/// Status and JSON body of an answer.
pub async fn answer(request: RequestBuilder) -> (u16, Value) {
    json(request.send().await.unwrap()).await
}

pub async fn json(response: Response) -> (u16, Value) {
    let status = response.status().as_u16();
    (status, response.json().await.unwrap_or(Value::Null))
}

/// The status of a problem and its code; checks the parts every problem has.
pub async fn problem(request: RequestBuilder) -> (u16, String) {
    let response = request.send().await.unwrap();
    assert_eq!(response.headers()["content-type"], "application/problem+json");
    let request_id = response.headers()["x-request-id"].to_str().unwrap().to_owned();
    let (status, body) = json(response).await;
    let code = body["code"].as_str().unwrap().to_owned();
    assert_eq!(body["status"], status);
    assert_eq!(body["type"], format!("urn:carillon:error:{code}"));
    assert_eq!(body["request_id"], request_id);
    assert!(!body["title"].as_str().unwrap().is_empty());
    (status, code)
}

/// Puts the catalog into a folder; gives it as it is then.
pub async fn apply(folder: &TempDir) -> Snapshot {
    apply_file(folder, CATALOG).await
}

async fn apply_file(folder: &TempDir, file: &str) -> Snapshot {
    let catalog = SqlCatalog::sqlite(folder.path()).await.unwrap();
    let file: ApplyFile = toml::from_str(file).unwrap();
    let current = catalog.snapshot().await.unwrap();
    let applied = resolve(&file, &current, catalog.next_ids().await.unwrap(), &Nothing).unwrap();
    catalog.replace(&applied.snapshot).await.unwrap();
    catalog.snapshot().await.unwrap()
}

/// The catalog above refers to nothing outside.
struct Nothing;

impl Environment for Nothing {
    fn variable(&self, name: &str) -> Result<String, String> {
        Err(format!("{name} is not set"))
    }

    fn file(&self, path: &str) -> Result<String, String> {
        Err(format!("{path} is not there"))
    }

    fn sha256(&self, text: &str) -> [u8; 32] {
        Sha256::digest(text.as_bytes()).into()
    }

    fn new_api_key(&self) -> Secret {
        unreachable!("every account of the catalog names its key")
    }
}

impl LiveSocket {
    /// Opens a socket with these header lines.
    pub async fn open(harness: &Harness, headers: &[(&str, &str)]) -> LiveSocket {
        LiveSocket::at(harness.service.address, headers).await
    }

    /// The operator's.
    pub async fn of_operator(harness: &Harness) -> LiveSocket {
        LiveSocket::open(harness, &[("Cookie", &harness.login().cookie)]).await
    }

    /// Gives the head of the answer as well.
    pub async fn try_open(harness: &Harness, headers: &[(&str, &str)]) -> (String, LiveSocket) {
        LiveSocket::try_at(harness.service.address, headers).await
    }
}
