//! A data folder that is not whole, and the real program: it does not start, and says what happened, what is safe and what to do.
//! One case for each kind of damage that the table in docs/reliability.md refuses.

use std::fs::{self, OpenOptions};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

const CATALOG: &str = r#"
[[organisation]]
name = "医院"
[[business_type]]
name = "notice"
[[account]]
name = "his"
organisation = "医院"
business_type = "notice"
modules = { send = true }
connections = ["carrier"]
[[connection]]
name = "carrier"
protocol = "cmpp2.0"
host = "127.0.0.1"
port = 9
login = "900001"
password = "secret"
source_number = "10690000"
rate_per_second = 10
window = 16
[[route_group]]
name = "all"
members = ["carrier"]
[[route_rule]]
name = "all"
group = "all"
"#;

/// Small volumes, so that a test fills some.
const SETTINGS: &str = "[journal]\nvolume_bytes = 1048576\ndisk_free_bytes_min = 2097152\n";

/// Where the first frame of a volume has its payload.
const FIRST_PAYLOAD: u64 = 4096 + 48;

fn carillon() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_carillon"));
    command.stdin(Stdio::null());
    command
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A data folder that was served once and left in order.
struct Folder {
    _folder: TempDir,
    data: PathBuf,
    settings: PathBuf,
    key: String,
}

impl Folder {
    fn new() -> Folder {
        let folder = tempfile::tempdir().unwrap();
        let (catalog, settings) = (
            folder.path().join("catalog.toml"),
            folder.path().join("carillon.toml"),
        );
        fs::write(&catalog, CATALOG).unwrap();
        fs::write(&settings, SETTINGS).unwrap();
        let data = folder.path().join("data");
        let applied = carillon()
            .arg("apply")
            .arg(&catalog)
            .arg("--data")
            .arg(&data)
            .output()
            .unwrap();
        assert!(applied.status.success(), "{}", text(&applied.stderr));
        let key = text(&applied.stdout)
            .lines()
            .find_map(|line| line.strip_prefix("api-key his: ").map(str::to_owned));
        let folder = Folder {
            _folder: folder,
            data,
            settings,
            key: key.expect("a new account has a key"),
        };
        let served = folder.serve();
        send_one(&served.url, &folder.key);
        served.end();
        folder
    }

    fn command(&self) -> Command {
        let mut command = carillon();
        command
            .arg("serve")
            .arg("--config")
            .arg(&self.settings)
            .arg("--data")
            .arg(&self.data)
            .args(["--port", "0"]);
        command
    }

    fn serve(&self) -> Served {
        Served::of(self.command())
    }

    /// What a start says that is refused: `error`, `safe` and `do`.
    fn refusal(&self) -> [String; 3] {
        said(ended(self.command()))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.data.join(name)
    }

    /// Takes a database away, with the files beside it in which stands what was stored last; what they held.
    fn remove(&self, name: &str) -> Vec<(PathBuf, Vec<u8>)> {
        let files = ["", "-wal", "-shm"].map(|side| self.path(&format!("{name}{side}")));
        let there = files.into_iter().filter(|file| file.exists());
        there
            .map(|file| {
                let whole = fs::read(&file).unwrap();
                fs::remove_file(&file).unwrap();
                (file, whole)
            })
            .collect()
    }

    fn flip(&self, name: &str, at: u64) {
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .open(self.path(name))
            .unwrap();
        let mut byte = [0];
        file.read_exact_at(&mut byte, at).unwrap();
        byte[0] ^= 4;
        file.write_all_at(&byte, at).unwrap();
    }
}

/// Waits for a process that must end by itself.
fn ended(mut command: Command) -> Output {
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let begun = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if begun.elapsed() > Duration::from_secs(60) {
            child.kill().unwrap();
            panic!("it starts: {}", text(&child.wait_with_output().unwrap().stdout));
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    child.wait_with_output().unwrap()
}

/// A message that waits, so that there is something to lose.
fn send_one(url: &str, key: &str) {
    let host = url.strip_prefix("http://").unwrap();
    let body = r#"{"to":"13800000001","text":"检查已预约"}"#;
    let mut stream = TcpStream::connect(host).unwrap();
    write!(
        stream,
        "POST /v1/messages HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {key}\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 202"), "{answer}");
}

/// The last words of a process that ended by itself.
fn said(output: Output) -> [String; 3] {
    let stderr = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    ["error: ", "safe: ", "do: "].map(|word| {
        let line = stderr.lines().find_map(|line| line.strip_prefix(word));
        line.unwrap_or_else(|| panic!("no line begins with {word:?}: {stderr}"))
            .to_owned()
    })
}

fn assert_says(said: &[String; 3], words: [&str; 3]) {
    for (line, word) in said.iter().zip(words) {
        assert!(line.contains(word), "{word:?} is not in {line:?}");
    }
}

/// A service that takes requests; killed when it is dropped.
struct Served {
    child: Option<Child>,
    url: String,
}

impl Served {
    fn of(mut command: Command) -> Served {
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let url = lines.find_map(|line| line.ok()?.strip_prefix("api: ").map(str::to_owned));
        let Some(url) = url else {
            panic!(
                "it does not start: {}",
                text(&child.wait_with_output().unwrap().stderr)
            );
        };
        Served {
            child: Some(child),
            url,
        }
    }

    fn end(mut self) {
        let child = self.child.take().unwrap();
        let pid = rustix::process::Pid::from_child(&child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    }

    /// Waits until it ends by itself.
    fn ended(mut self) -> Output {
        self.child.take().unwrap().wait_with_output().unwrap()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

const VOLUME: &str = "journal/volume-000000000001";

#[test]
fn a_flipped_bit_in_the_journal_is_refused_where_it_stands() {
    let folder = Folder::new();
    folder.flip(VOLUME, FIRST_PAYLOAD);
    let said = folder.refusal();
    assert_says(
        &said,
        [
            "volume-000000000001 is damaged at byte 4096",
            "nothing is sent",
            "put the file back",
        ],
    );
    assert_eq!(folder.refusal(), said, "it changes nothing");
    folder.flip(VOLUME, FIRST_PAYLOAD);
    folder.serve().end();
}

#[test]
fn a_missing_volume_is_named() {
    let folder = Folder::new();
    // The volume in use goes; the empty one made for later stays.
    fs::rename(folder.path(VOLUME), folder.path("kept")).unwrap();
    assert!(folder.path("journal/volume-000000000002").exists());
    assert_says(
        &folder.refusal(),
        [
            "is damaged",
            "as they were",
            "messages that had not ended are lost",
        ],
    );
    fs::rename(folder.path("kept"), folder.path(VOLUME)).unwrap();
    folder.serve().end();
}

#[test]
fn a_journal_without_its_volumes_is_refused() {
    let folder = Folder::new();
    for index in 1..=2 {
        fs::remove_file(folder.path(&format!("journal/volume-{index:012}"))).unwrap();
    }
    assert_says(&folder.refusal(), ["has no volumes", "as they were", "copy"]);
}

/// What is written again after a start that was not in order has the room of one volume.
#[test]
fn a_disk_without_room_is_told() {
    let folder = Folder::new();
    let limited = |blocks: u32| {
        let mut command = Command::new("sh");
        command.args([
            "-c",
            &format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$@\""),
            "sh",
        ]);
        let serve = folder.command();
        command
            .arg(serve.get_program())
            .args(serve.get_args())
            .stdin(Stdio::null());
        ended(command)
    };
    // Blocks of 512 bytes: less than a volume.
    fs::remove_dir_all(folder.path("journal")).unwrap();
    fs::remove_dir_all(folder.path("history")).unwrap();
    assert_says(
        &said(limited(1_000)),
        ["creating a volume", "acknowledged", "make room"],
    );
    folder.serve().end();
}

#[test]
fn a_second_process_is_sent_away() {
    let folder = Folder::new();
    let served = folder.serve();
    assert_says(
        &folder.refusal(),
        ["in use by another process", "works on", "fuser"],
    );
    served.end();
}

#[test]
fn a_damaged_history_is_named_and_can_be_put_aside() {
    let folder = Folder::new();
    let manifest = folder.path("history/manifest.db");
    folder.remove("history/manifest.db");
    fs::write(&manifest, vec![0xa5; 16_384]).unwrap();
    let do_next = [
        "manifest.db",
        "have not ended are in the journal",
        "move the folder `history` away",
    ];
    assert_says(&folder.refusal(), do_next);
    // Files of messages, and nothing that says which of them count.
    fs::remove_file(&manifest).unwrap();
    fs::write(folder.path("history/journeys-00000001.db"), "").unwrap();
    assert_says(&folder.refusal(), do_next);
    fs::rename(folder.path("history"), folder.path("aside")).unwrap();
    folder.serve().end();
}

#[test]
fn a_catalog_that_is_damaged_or_gone_is_refused() {
    let folder = Folder::new();
    let catalog = folder.path("catalog.db");
    let whole = folder.remove("catalog.db");
    let words = ["catalog.db", "messages are in the journal", "carillon apply"];
    assert_says(&folder.refusal(), words);
    assert!(!catalog.exists(), "no empty one is made");
    fs::write(&catalog, vec![0xa5; 16_384]).unwrap();
    assert_says(&folder.refusal(), words);
    for (file, whole) in whole {
        fs::write(file, whole).unwrap();
    }
    folder.serve().end();
}

#[test]
fn a_key_that_is_gone_or_another_is_refused() {
    let folder = Folder::new();
    let key = folder.path("secret.key");
    let whole = fs::read(&key).unwrap();
    for found in [None, Some(vec![7; 32]), Some(vec![7; 5])] {
        match found {
            None => fs::remove_file(&key).unwrap(),
            Some(bytes) => fs::write(&key, bytes).unwrap(),
        }
        assert_says(
            &folder.refusal(),
            ["secret.key", "messages are in the journal", "secret.key"],
        );
    }
    fs::write(&key, whole).unwrap();
    folder.serve().end();
}

#[test]
fn a_store_of_files_that_is_none_is_refused() {
    let folder = Folder::new();
    let files = folder.path("files");
    fs::remove_dir_all(&files).unwrap();
    fs::write(&files, "").unwrap();
    assert_says(
        &folder.refusal(),
        ["files", "messages are in the journal", "the folder `files`"],
    );
    fs::remove_file(&files).unwrap();
    folder.serve().end();
}

/// The journal's folder goes while the service works: it ends by itself when it needs the next volume, and what it had
/// acknowledged is there when the folder is.
#[actix_web::test]
async fn a_journal_that_fails_ends_the_service() {
    let folder = Folder::new();
    let served = folder.serve();
    let (journal, kept) = (folder.path("journal"), folder.path("kept"));
    fs::rename(&journal, &kept).unwrap();
    let client = reqwest::Client::new();
    let lines: Vec<_> = (0..5_000)
        .map(|line| serde_json::json!({ "to": format!("138{line:08}"), "text": "您的检查已预约，请按时到院。" }))
        .collect();
    let mut accepted = 0;
    loop {
        let batch = client
            .post(format!("{}/v1/messages/batch", served.url))
            .bearer_auth(&folder.key);
        match batch.json(&lines).send().await {
            Ok(answer) if answer.status().is_success() => accepted += 1,
            Ok(answer) => assert!(answer.status().is_server_error(), "{}", answer.status()),
            Err(_) => break,
        }
        assert!(accepted < 100, "it never needs another volume");
    }
    assert!(accepted > 0, "there is room in the volume in use");
    let said = said(served.ended());
    assert_says(
        &said,
        [
            "creating a volume",
            "everything that was acknowledged",
            "start it again",
        ],
    );
    fs::rename(&kept, &journal).unwrap();
    let served = folder.serve();
    let begun = Instant::now();
    loop {
        let metrics = client
            .get(format!("{}/metrics", served.url))
            .send()
            .await
            .unwrap();
        let metrics = metrics.text().await.unwrap();
        let open = metrics
            .lines()
            .find_map(|line| line.strip_prefix("carillon_messages_open "));
        let open: usize = open.expect("it is counted").parse().unwrap();
        // It is counted again every moment.
        if open > accepted * lines.len() {
            break;
        }
        assert!(
            begun.elapsed() < Duration::from_secs(20),
            "{open} of {accepted} batches"
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    drop(served);
}

/// Damage that is repaired is told in the log and stops nobody.
#[test]
fn what_can_be_repaired_is() {
    let folder = Folder::new();
    let checkpoint = fs::read_dir(folder.path("journal"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| is_checkpoint(path))
        .expect("a stop in order takes one");
    // All frames are there, so that none is needed.
    let whole = fs::read(&checkpoint).unwrap();
    fs::write(&checkpoint, &whole[..whole.len() / 2]).unwrap();
    folder.serve().end();
}

fn is_checkpoint(path: &Path) -> bool {
    path.file_name()
        .is_some_and(|name| name.as_encoded_bytes().starts_with(b"checkpoint-"))
}
