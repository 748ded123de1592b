//! Carriers that will not have us: they must not be hammered, and what waits for them must not be lost.

use super::cmpp::{Peer, TERMINATE, connect_resp, frame};
use super::stage::Stage;
use std::time::{Duration, Instant};
use tokio::io::AsyncWriteExt;

const WATCHED: Duration = Duration::from_secs(5);
/// 0.2 s doubled after each failure, and half of that at least, makes six.
const CONNECTS_MAX: usize = 7;

/// Treats every session of five seconds badly; the words must be told, and the sessions be few.
async fn refuses(treat: impl AsyncFn(&mut Peer), words: &str) {
    let stage = Stage::set().await;
    let waiting = stage.served.accepted("victim", "13800000002", "您好").await;
    // The first session is from before the watch.
    treat(&mut stage.hostile.accept().await).await;
    stage.served.restart("hostile").await;
    let (begin, mut connects) = (Instant::now(), 0);
    while let Some(left) = WATCHED.checked_sub(begin.elapsed())
        && let Some(mut peer) = stage.hostile.accept_within(left).await
    {
        connects += 1;
        treat(&mut peer).await;
    }
    println!("{connects} connects in {WATCHED:?}: {words}");
    assert!((2..=CONNECTS_MAX).contains(&connects), "{connects} connects");
    stage.served.error_says("hostile", words).await;
    let state = stage.served.connection("hostile").await;
    assert_eq!(state["sessions_bound"], 0, "{state}");
    stage.goes_on().await;
    let seen = stage.recovers(&waiting).await;
    assert_eq!(seen.borrow().len(), 1);
    stage.memory_is_bounded();
}

#[actix_web::test]
async fn who_refuses_or_closes_is_asked_again_ever_later() {
    let refused_password = refuses(
        async |peer| {
            let connect = peer.pdu().await.unwrap();
            peer.send(&connect_resp(connect.sequence, 3)).await;
            assert!(peer.pdu().await.is_none());
        },
        "the carrier refused the bind: authentication failed (3)",
    );
    let closed_before_the_bind = refuses(
        async |peer| {
            // The bind is read first, so that the end is one in order.
            peer.pdu().await.unwrap();
            peer.stream.shutdown().await.unwrap();
        },
        "the carrier closed the connection",
    );
    let closed_after_the_bind = refuses(
        async |peer| {
            let connect = peer.pdu().await.unwrap();
            // Bound and unbound in one write: no segment goes out in between.
            let answers = [connect_resp(connect.sequence, 0), frame(TERMINATE, 1, &[])];
            peer.send(&answers.concat()).await;
        },
        "the peer ended the session",
    );
    tokio::join!(refused_password, closed_before_the_bind, closed_after_the_bind);
}
