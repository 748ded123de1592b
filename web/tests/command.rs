//! The binary as a person or a script runs it.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

const CATALOG: &str = r#"
[[organisation]]
name = "医院"
[[business_type]]
name = "notice"
[[account]]
name = "his"
organisation = "医院"
business_type = "notice"
modules = { query = true }
"#;

fn carillon(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_carillon"));
    command.args(arguments).stdin(Stdio::null());
    command
}

fn run(arguments: &[&str]) -> Output {
    carillon(arguments).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn path(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// A started service; killed when it is dropped.
struct Served {
    child: Child,
    lines: mpsc::Receiver<String>,
}

impl Served {
    fn start(arguments: &[&str]) -> Served {
        let mut child = carillon(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let (send, lines) = mpsc::channel();
        let out = BufReader::new(child.stdout.take().unwrap());
        std::thread::spawn(move || {
            out.lines()
                .map_while(Result::ok)
                .try_for_each(|line| send.send(line))
        });
        Served { child, lines }
    }

    /// What stands behind a word at the beginning of one of the next lines.
    fn told(&self, word: &str) -> String {
        loop {
            let line = self
                .lines
                .recv_timeout(Duration::from_secs(60))
                .unwrap_or_else(|_| panic!("no line says {word}"));
            if let Some(value) = line.strip_prefix(word) {
                return value.trim().to_owned();
            }
        }
    }

    fn terminate(mut self) -> Option<i32> {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        self.child.wait().unwrap().code()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn apply_says_what_it_changes_and_shows_a_new_key_once() {
    let folder = tempfile::tempdir().unwrap();
    let (file, data) = (folder.path().join("catalog.toml"), folder.path().join("data"));
    std::fs::write(&file, CATALOG).unwrap();
    let apply = |more: &[&str]| {
        let output = run(&[&["apply", path(&file), "--data", path(&data)], more].concat());
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        text(&output.stdout)
    };
    let dry = apply(&["--dry-run"]);
    assert!(
        dry.contains("+ account `his`") && dry.contains("none was made") && !dry.contains("api-key"),
        "{dry}"
    );
    let first = apply(&[]);
    let keys: Vec<_> = first
        .lines()
        .filter_map(|line| line.strip_prefix("api-key his: "))
        .collect();
    assert!(keys.len() == 1 && keys[0].starts_with("ck_"), "{first}");
    let again = apply(&[]);
    assert!(
        again.contains("nothing to change") && !again.contains("ck_"),
        "{again}"
    );
}

#[test]
fn a_file_that_is_not_valid_changes_nothing_and_ends_with_3() {
    let folder = tempfile::tempdir().unwrap();
    let (file, data) = (folder.path().join("catalog.toml"), folder.path().join("data"));
    for (content, word) in [
        (
            format!(
                "{CATALOG}\n[[account]]\nname = \"b\"\norganisation = \"none\"\nbusiness_type = \"none\""
            ),
            "none",
        ),
        (format!("{CATALOG}\n[[acount]]\nname = \"b\""), "acount"),
        ("not toml".to_owned(), "catalog.toml"),
    ] {
        std::fs::write(&file, content).unwrap();
        let output = run(&["apply", path(&file), "--data", path(&data)]);
        assert_eq!(output.status.code(), Some(3));
        assert!(text(&output.stderr).contains(word), "{}", text(&output.stderr));
        assert!(output.stdout.is_empty());
    }
    assert_eq!(
        run(&["apply", "/absent.toml", "--data", path(&data)])
            .status
            .code(),
        Some(1)
    );
    assert_eq!(run(&["apply"]).status.code(), Some(2));
}

/// What `apply` stores beside a running service, the service works by.
#[actix_web::test]
async fn a_running_service_works_by_what_was_applied() {
    let folder = tempfile::tempdir().unwrap();
    let (file, data) = (folder.path().join("catalog.toml"), folder.path().join("data"));
    std::fs::write(&file, "").unwrap();
    let arguments = ["serve", "--data", path(&data), "--port", "0"];
    let served = Served::start(&arguments);
    let url = served.told("api: ");
    std::fs::write(&file, CATALOG).unwrap();
    let output = text(&run(&["apply", path(&file), "--data", path(&data)]).stdout);
    let applied = Instant::now();
    assert!(output.contains("within a second"), "{output}");
    let key = output.lines().find_map(|line| line.strip_prefix("api-key his: "));
    let key = key.unwrap_or_else(|| panic!("no key: {output}")).to_owned();
    let client = reqwest::Client::new();
    loop {
        let request = client.get(format!("{url}/v1/messages?to=13800000001"));
        let status = request.bearer_auth(&key).send().await.unwrap().status();
        if status == 200 {
            break;
        }
        assert_eq!(status, 401);
        assert!(
            applied.elapsed() < Duration::from_secs(20),
            "it is never taken up"
        );
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(served.terminate(), Some(0));
}

#[test]
fn check_config_prints_the_settings_or_names_the_fault() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("carillon.toml");
    std::fs::write(&file, "[http]\nport = 81\n").unwrap();
    let output = run(&["check-config", path(&file)]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert!(text(&output.stdout).contains("port = 81") && text(&output.stdout).contains("keep_alive_s = 75"));
    for (content, word) in [
        ("[http]\nprot = 81\n", "prot"),
        ("[log]\nfilter = \"info,a=verbose\"\n", "log.filter"),
        ("[numbers]\nranges_file = \"/absent.csv\"\n", "/absent.csv"),
    ] {
        std::fs::write(&file, content).unwrap();
        let output = run(&["check-config", path(&file)]);
        assert!(matches!(output.status.code(), Some(1 | 3)));
        assert!(text(&output.stderr).contains(word), "{}", text(&output.stderr));
    }
}

#[test]
fn serve_tells_address_and_password_and_ends_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let password_file = folder.path().join("password");
    let arguments = [
        "serve",
        "--data",
        path(&data),
        "--port",
        "0",
        "--password-file",
        path(&password_file),
    ];
    let served = Served::start(&arguments);
    let password = served.told("password: ");
    let url = served.told("api: ");
    assert_eq!(std::fs::read_to_string(&password_file).unwrap().trim(), password);

    let port = url.rsplit(':').next().unwrap();
    let other = folder.path().join("other");
    let output = run(&["serve", "--data", path(&other), "--port", port]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        text(&output.stderr).contains(&format!("cannot listen on 127.0.0.1:{port}")),
        "{}",
        text(&output.stderr)
    );
    let output = run(&["serve", "--data", path(&data), "--port", "0"]);
    assert_eq!(
        output.status.code(),
        Some(1),
        "one data folder serves one process"
    );
    assert!(
        text(&output.stderr).contains("in use"),
        "{}",
        text(&output.stderr)
    );
    assert_eq!(served.terminate(), Some(0));

    let served = Served::start(&arguments);
    assert_eq!(
        served.told("password: "),
        password,
        "a later start prints it again"
    );
    served.told("api: ");
    assert_eq!(served.terminate(), Some(0));

    let served = Served::start(&arguments[..5]);
    assert_eq!(
        served
            .lines
            .recv_timeout(Duration::from_secs(60))
            .unwrap()
            .split(' ')
            .next(),
        Some("api:")
    );
    assert_eq!(served.terminate(), Some(0));
}

/// Beside a running service, which ends the operator's sessions; an unknown name and a wrong folder change nothing.
#[actix_web::test]
async fn a_password_is_reset_beside_a_running_service() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let served = Served::start(&["serve", "--data", path(&data), "--port", "0"]);
    // Nobody reads it here: what goes to a log stays there.
    let first_password = data.join("first-password");
    assert_eq!(served.told("password-file: "), path(&first_password));
    let first = std::fs::read_to_string(&first_password)
        .unwrap()
        .trim()
        .to_owned();
    let url = served.told("api: ");
    let client = reqwest::Client::new();
    let log_in = async |password: &str| {
        let body = serde_json::json!({"name": "admin", "password": password});
        let request = client.post(format!("{url}/v1/login")).json(&body);
        request.send().await.unwrap()
    };
    let session = log_in(&first).await;
    let cookie = session.headers()["set-cookie"]
        .to_str()
        .unwrap()
        .split(';')
        .next()
        .unwrap();

    let reset = |name: &str, data: &Path| run(&["operator", "reset-password", name, "--data", path(data)]);
    for (name, data, word) in [
        ("nobody", &data, "nobody"),
        ("admin", &folder.path().join("mistyped"), "mistyped"),
    ] {
        let output = reset(name, data);
        assert_eq!(output.status.code(), Some(1));
        assert!(text(&output.stderr).contains(word), "{}", text(&output.stderr));
    }
    assert!(!folder.path().join("mistyped").exists());
    assert_eq!(log_in(&first).await.status(), 200);

    assert!(first_password.exists());
    let output = reset("admin", &data);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert!(!first_password.exists(), "it is not the password any more");
    let second = text(&output.stdout)
        .trim()
        .strip_prefix("password: ")
        .unwrap()
        .to_owned();
    assert_eq!(log_in(&first).await.status(), 401);
    assert_eq!(log_in(&second).await.status(), 200);
    let begin = Instant::now();
    loop {
        let request = client.get(format!("{url}/v1/session")).header("Cookie", cookie);
        if request.send().await.unwrap().status() == 401 {
            break;
        }
        assert!(
            begin.elapsed() < Duration::from_secs(20),
            "the session never ends"
        );
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(served.terminate(), Some(0));
}

#[test]
fn what_is_stored_is_its_owners_also_in_a_folder_that_was_there() {
    use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    std::fs::DirBuilder::new().mode(0o755).create(&data).unwrap();
    let served = Served::start(&["serve", "--data", path(&data), "--port", "0"]);
    served.told("api:");
    let mut folders = vec![data];
    let mut seen = 0;
    while let Some(folder) = folders.pop() {
        for entry in std::iter::once(folder.clone()).chain(
            std::fs::read_dir(&folder)
                .unwrap()
                .map(|entry| entry.unwrap().path()),
        ) {
            let metadata = std::fs::symlink_metadata(&entry).unwrap();
            let mode = metadata.permissions().mode();
            assert_eq!(mode & 0o077, 0, "{} has {mode:o}", entry.display());
            if metadata.is_dir() && entry != folder {
                folders.push(entry);
            }
            seen += 1;
        }
    }
    assert!(seen > 10, "{seen} files");
    assert_eq!(served.terminate(), Some(0));
}

/// The session of who was added tells the rights, and those that are set later.
#[actix_web::test]
async fn operators_are_added_with_rights_beside_a_running_service() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let served = Served::start(&["serve", "--data", path(&data), "--port", "0"]);
    let url = served.told("api: ");
    let operator = |verb: &str, name: &str, rights: &str| {
        run(&["operator", verb, name, "--rights", rights, "--data", path(&data)])
    };
    let added = operator("add", "夜班", "steer,numbers");
    assert_eq!(added.status.code(), Some(0), "{}", text(&added.stderr));
    let password = text(&added.stdout)
        .trim()
        .strip_prefix("password: ")
        .unwrap()
        .to_owned();
    for (verb, name, rights, code) in [
        ("add", "夜班", "steer", 1),
        ("add", "", "steer", 1),
        ("add", "a\nb", "steer", 1),
        ("add", "other", "everything", 2),
        ("rights", "nobody", "steer", 1),
    ] {
        let refused = operator(verb, name, rights);
        assert_eq!(refused.status.code(), Some(code), "{verb} {name:?} {rights}");
    }
    let client = reqwest::Client::new();
    let body = serde_json::json!({"name": "夜班", "password": password});
    let rights = async || {
        let login = client.post(format!("{url}/v1/login")).json(&body);
        let answer: serde_json::Value = login.send().await.unwrap().json().await.unwrap();
        answer["rights"].clone()
    };
    assert_eq!(rights().await, serde_json::json!(["numbers", "steer"]));
    assert_eq!(operator("rights", "夜班", "").status.code(), Some(0));
    assert_eq!(rights().await, serde_json::json!([]));
    assert_eq!(served.terminate(), Some(0));
}
