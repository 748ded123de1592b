use std::process::Command;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// A database of its own, reached by a way that can be cut.
pub struct Database {
    name: String,
    user: String,
    password: String,
    place: String,
    open: watch::Sender<bool>,
}

impl Database {
    pub fn new(name: &str) -> Database {
        let url = std::env::var("CARILLON_TEST_POSTGRES").expect(
            "CARILLON_TEST_POSTGRES must be the address of a server, as deploy/test.sh postgres does; without one nothing is tested",
        );
        let name = format!("{name}_{}", std::process::id());
        let made = Command::new("psql")
            .args(["-X", "-q", "-v", "ON_ERROR_STOP=1", "-c"])
            .arg(format!("CREATE DATABASE {name}"))
            .arg(&url)
            .status();
        assert!(made.unwrap().success());
        let (user, rest) = url.strip_prefix("postgres://").unwrap().split_once('@').unwrap();
        let (user, password) = user.split_once(':').unwrap();
        let server = rest.split_once('/').unwrap().0.to_owned();
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let place = listener.local_addr().unwrap().to_string();
        let (open, is_open) = watch::channel(true);
        // Not on the thread of the test, which waits for commands to end.
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.unwrap();
        std::thread::spawn(move || runtime.block_on(way(listener, server, is_open)));
        Database {
            name,
            user: user.to_owned(),
            password: password.to_owned(),
            place,
            open,
        }
    }

    /// Cuts what there is and refuses what comes, or no longer.
    pub fn set_open(&self, open: bool) {
        self.open.send_replace(open);
    }

    /// What makes a service work by this database, and by the key in the file.
    pub fn settings(&self, key_file: &str) -> Vec<(String, String)> {
        let url = format!("postgres://{}@{}/{}", self.user, self.place, self.name);
        let settings = [
            ("CARILLON_CATALOG_URL", url.as_str()),
            ("CARILLON_CATALOG_KEY_FILE", key_file),
            ("PGPASSWORD", &self.password),
        ];
        settings
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into()
    }
}

async fn way(listener: std::net::TcpListener, server: String, is_open: watch::Receiver<bool>) {
    let listener = TcpListener::from_std(listener).unwrap();
    loop {
        let (mut client, _) = listener.accept().await.unwrap();
        let (server, mut is_open) = (server.clone(), is_open.clone());
        tokio::spawn(async move {
            if !*is_open.borrow() {
                return;
            }
            let mut server = TcpStream::connect(server).await.unwrap();
            tokio::select! {
                _ = copy_bidirectional(&mut client, &mut server) => {}
                _ = is_open.wait_for(|open| !open) => {}
            }
        });
    }
}
