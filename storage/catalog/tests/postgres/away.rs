//! A server that is away, or does not answer.

use super::house::House;
use carillon_catalog::SqlCatalog;
use carillon_storage::catalog::{Catalog, CatalogError};
use carillon_storage::changes::{Changes, Seen};
use carillon_storage::conformance::catalog::sample;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// Nothing may take longer.
const BOUND: Duration = Duration::from_secs(14);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Line {
    Open,
    /// Takes nothing and says nothing, as a machine that hangs.
    Silent,
    /// Ends what there is, and refuses what comes.
    Cut,
}

/// A way to the server that can be closed.
struct Way {
    place: String,
    line: watch::Sender<Line>,
}

impl Way {
    async fn to(server: &str) -> Way {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let place = listener.local_addr().unwrap().to_string();
        let (line, seen) = watch::channel(Line::Open);
        let server = server.to_owned();
        tokio::spawn(async move {
            loop {
                let (client, _) = listener.accept().await.unwrap();
                if *seen.borrow() == Line::Cut {
                    continue;
                }
                let server = TcpStream::connect(&server).await.unwrap();
                let ((from_client, to_client), (from_server, to_server)) =
                    (client.into_split(), server.into_split());
                tokio::spawn(pass(from_client, to_server, seen.clone()));
                tokio::spawn(pass(from_server, to_client, seen.clone()));
            }
        });
        Way { place, line }
    }
}

/// Until one end closes, or the line is cut.
async fn pass(
    mut from: impl AsyncReadExt + Unpin,
    mut to: impl AsyncWriteExt + Unpin,
    mut line: watch::Receiver<Line>,
) {
    let mut buffer = [0; 4096];
    loop {
        let bytes = tokio::select! {
            read = from.read(&mut buffer) => read.unwrap_or(0),
            _ = line.wait_for(|line| *line == Line::Cut) => 0,
        };
        let state = line
            .wait_for(|line| *line != Line::Silent)
            .await
            .map(|line| *line);
        if bytes == 0 || !matches!(state, Ok(Line::Open)) {
            return;
        }
        if to.write_all(&buffer[..bytes]).await.is_err() {
            return;
        }
    }
}

#[tokio::test]
async fn a_server_that_is_away_is_told_and_comes_back() {
    for line in [Line::Cut, Line::Silent] {
        let house = House::new().await;
        let way = Way::to(&house.server.place).await;
        let node = SqlCatalog::postgres(house.options_at(&way.place)).await.unwrap();
        assert_eq!(node.replace(&sample("name")).await.unwrap(), 1);
        let seen = node.changed(Seen::default()).await;
        way.line.send_replace(line);
        for _ in 0..3 {
            let begin = Instant::now();
            let refused = node.version().await.unwrap_err();
            assert!(
                matches!(refused, CatalogError::Unavailable { .. }),
                "{line:?}: {refused}"
            );
            assert!(refused.to_string().contains(&way.place), "{refused}");
            assert!(begin.elapsed() < BOUND, "{line:?}: {:?}", begin.elapsed());
        }
        // Whoever waits for changes looks all the same.
        let begin = Instant::now();
        node.changed(seen).await;
        assert!(
            begin.elapsed() < Duration::from_secs(2),
            "{line:?}: {:?}",
            begin.elapsed()
        );
        way.line.send_replace(Line::Open);
        let begin = Instant::now();
        let version = loop {
            match node.version().await {
                Ok(version) => break version,
                Err(error) => assert!(begin.elapsed() < BOUND, "{line:?}: {error}"),
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        };
        assert_eq!(version, 1);
    }
}

#[tokio::test]
async fn a_start_without_a_server_says_where_none_is() {
    let house = House::new().await;
    let free = TcpListener::bind("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap();
    let refused = SqlCatalog::postgres(house.options_at(&free.to_string()))
        .await
        .err()
        .unwrap();
    assert!(refused.is_passing(), "{refused}");
    assert!(refused.to_string().contains(&free.to_string()), "{refused}");
}
