//! The binary in a folder of its own.

use reqwest::{Method, RequestBuilder};
use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// A started service; killed when it is dropped.
pub struct Served {
    pub address: SocketAddr,
    child: Child,
    /// The operator's cookie and CSRF token; the session outlives a crash.
    session: (String, String),
    client: reqwest::Client,
    folder: TempDir,
    settings: Vec<(String, String)>,
    command: &'static str,
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Served {
    pub async fn start(catalog: &str) -> Served {
        Served::with(catalog, Vec::new()).await
    }

    /// With settings, as names and values of environment variables.
    pub async fn with(catalog: &str, settings: Vec<(String, String)>) -> Served {
        Served::in_folder(tempfile::tempdir().unwrap(), catalog, settings).await
    }

    /// A node of a cluster, when all of its lanes answer.
    pub async fn node(catalog: &str, settings: Vec<(String, String)>, lanes: u16) -> Served {
        let folder = tempfile::tempdir().unwrap();
        Served::as_one("node", folder, catalog, settings, async |address| {
            for lane in 0..lanes {
                until("a lane answers", async || {
                    let answer = reqwest::get(format!("http://{address}/metrics?lane={lane}")).await;
                    answer.is_ok_and(|answer| answer.status().is_success())
                })
                .await;
            }
        })
        .await
    }

    /// A folder that may have the first operator's password already.
    pub async fn in_folder(folder: TempDir, catalog: &str, settings: Vec<(String, String)>) -> Served {
        Served::as_one("serve", folder, catalog, settings, async |_| ()).await
    }

    /// Runs the command, and logs in when `ready`.
    async fn as_one(
        command: &'static str,
        folder: TempDir,
        catalog: &str,
        settings: Vec<(String, String)>,
        ready: impl AsyncFn(SocketAddr),
    ) -> Served {
        let (file, data) = (folder.path().join("catalog.toml"), folder.path().join("data"));
        std::fs::write(&file, catalog).unwrap();
        let applied = carillon()
            .arg("apply")
            .arg(&file)
            .arg("--data")
            .arg(&data)
            .envs(settings.iter().map(|(name, value)| (name, value)))
            .output()
            .unwrap();
        assert!(
            applied.status.success(),
            "{}",
            String::from_utf8_lossy(&applied.stderr)
        );
        let (child, password, address) = run(command, &folder, &settings);
        ready(address).await;
        let client = reqwest::Client::new();
        let session = log_in(&client, address, &password).await;
        Served {
            address,
            child,
            session,
            client,
            folder,
            settings,
            command,
        }
    }

    /// Kills the process and starts another on the same data.
    pub fn crash_and_start(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        (self.child, _, self.address) = run(self.command, &self.folder, &self.settings);
    }

    /// Ends the process by a signal, and waits for it.
    pub async fn stop_in_order(&mut self) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        while self.child.try_wait().unwrap().is_none() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    pub fn operator(&self, method: Method, path: &str) -> RequestBuilder {
        self.operator_at(self.address, method, path)
    }

    /// The operator's session at another service.
    pub fn operator_at(&self, address: SocketAddr, method: Method, path: &str) -> RequestBuilder {
        let (cookie, csrf) = &self.session;
        let request = self.client.request(method, format!("http://{address}{path}"));
        request.header("Cookie", cookie).header("X-CSRF-Token", csrf)
    }

    /// Where the first operator's password is.
    pub fn password_file(&self) -> PathBuf {
        self.folder.path().join("password")
    }

    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client
            .request(method, format!("http://{}{path}", self.address))
    }

    pub fn post(&self, account: &str, path: &str, body: impl Into<reqwest::Body>) -> RequestBuilder {
        self.request(Method::POST, path)
            .bearer_auth(key(account))
            .body(body)
    }

    /// Has a message accepted; gives its id.
    pub async fn accepted(&self, account: &str, to: &str, text: &str) -> String {
        let body = serde_json::json!({"to": to, "text": text}).to_string();
        let (status, answer) = answer(self.post(account, "/v1/messages", body)).await;
        assert_eq!(status, 202, "{answer}");
        answer["id"].as_str().unwrap().to_owned()
    }

    pub async fn message(&self, account: &str, id: &str) -> Value {
        let path = format!("/v1/messages/{id}");
        let (status, message) = answer(self.request(Method::GET, &path).bearer_auth(key(account))).await;
        assert_eq!(status, 200, "{message}");
        message
    }

    pub async fn delivered(&self, account: &str, id: &str) {
        until("the message is delivered", async || {
            let message = self.message(account, id).await;
            if message["final"] == true {
                assert_eq!(message["status"], "delivered", "{message}");
            }
            message["final"] == true
        })
        .await;
    }

    pub async fn connection(&self, name: &str) -> Value {
        let (_, answer) = answer(self.operator(Method::GET, "/v1/admin/connections")).await;
        let all = answer["connections"].as_array().unwrap();
        all.iter().find(|c| c["name"] == name).unwrap().clone()
    }

    /// The operator sees why the connection is not well.
    pub async fn error_says(&self, name: &str, words: &str) {
        until(words, async || {
            let connection = self.connection(name).await;
            connection["last_error"]
                .as_str()
                .is_some_and(|error| error.contains(words))
        })
        .await;
    }

    /// Does not wait for the next try to connect.
    pub async fn restart(&self, name: &str) {
        let path = format!("/v1/admin/connections/{name}/restart");
        let (status, _) = answer(self.operator(Method::POST, &path)).await;
        assert_eq!(status, 202);
    }

    /// A figure of `/metrics`, named with its labels.
    pub async fn figure(&self, name: &str) -> u64 {
        let answer = self.request(Method::GET, "/metrics").send().await.unwrap();
        let text = answer.text().await.unwrap();
        let line = text
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.unwrap_or_else(|| panic!("no figure {name} in\n{text}"))
            .parse::<f64>()
            .unwrap() as u64
    }

    /// The most memory the process ever had, in MiB.
    pub fn memory_peak_mib(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kib = line.unwrap().trim().trim_end_matches(" kB");
        kib.parse::<u64>().unwrap() / 1024
    }
}

/// The cookie of a new session of the operator, and its CSRF token.
async fn log_in(client: &reqwest::Client, address: SocketAddr, password: &str) -> (String, String) {
    let body = serde_json::json!({"name": "admin", "password": password});
    let request = client.post(format!("http://{address}/v1/login")).json(&body);
    let response = request.send().await.unwrap();
    let cookie = response.headers()["set-cookie"].to_str().unwrap();
    let cookie = cookie.split(';').next().unwrap().to_owned();
    let session: Value = response.json().await.unwrap();
    (cookie, session["csrf"].as_str().unwrap().to_owned())
}

/// The process, the operator's password and the address.
fn run(command: &str, folder: &TempDir, settings: &[(String, String)]) -> (Child, String, SocketAddr) {
    let mut child = carillon()
        .args([command, "--port", "0", "--data"])
        .arg(folder.path().join("data"))
        // Shown at every start.
        .arg("--password-file")
        .arg(folder.path().join("password"))
        // Small files are made quickly, and slow callers are given up soon.
        .env("CARILLON_JOURNAL_VOLUME_BYTES", (8 << 20).to_string())
        .env("CARILLON_HTTP_WORKERS", "1")
        .env("CARILLON_HTTP_HEADER_TIMEOUT_S", "2")
        .env("CARILLON_LIMITS_BODY_TIMEOUT_S", "2")
        .env("CARILLON_WEBHOOKS_ALLOW", "[\"127.0.0.1/32\"]")
        .envs(settings.iter().map(|(name, value)| (name, value)))
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap())
        .lines()
        .map_while(Result::ok);
    let mut told = |word: &str| {
        let line = lines.find_map(|line| line.strip_prefix(word).map(str::to_owned));
        line.unwrap_or_else(|| panic!("no line says {word}"))
    };
    let password = told("password: ");
    let address = told("api: http://").parse().unwrap();
    (child, password, address)
}

fn carillon() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_carillon"));
    command.stdin(Stdio::null());
    command
}

pub fn key(account: &str) -> String {
    format!("key-of-the-account-{account}")
}

pub async fn answer(request: RequestBuilder) -> (u16, Value) {
    let response = request.send().await.unwrap();
    (
        response.status().as_u16(),
        response.json().await.unwrap_or(Value::Null),
    )
}

/// Asks until it is so.
pub async fn until(what: &str, mut so: impl AsyncFnMut() -> bool) {
    let begin = Instant::now();
    while !so().await {
        assert!(begin.elapsed() < super::cmpp::PATIENCE, "not in time: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
