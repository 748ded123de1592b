use actix_web::rt;
use actix_web::rt::task::JoinHandle;
use carillon_actors::LaneHandle;
use carillon_actors::backoff::Backoff;
use futures_util::FutureExt;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

/// The first and the longest wait before a task begins again.
const AGAIN_FIRST: Duration = Duration::from_millis(100);
const AGAIN_MAX: Duration = Duration::from_secs(60);

/// Runs a task that ends only when it is aborted; when it panics it is told and begins again, after a longer wait each time.
/// Otherwise what it does would stop without a word.
pub fn keep_going<F>(name: &'static str, lane: LaneHandle, task: impl Fn() -> F + 'static) -> JoinHandle<()>
where
    F: Future<Output = ()> + 'static,
{
    rt::spawn(again_and_again(name, task, move || {
        lane.counters().actor_restarts.add(1)
    }))
}

async fn again_and_again<F>(name: &'static str, task: impl Fn() -> F, count: impl Fn())
where
    F: Future<Output = ()>,
{
    let mut backoff = Backoff::new(AGAIN_FIRST, AGAIN_MAX);
    while AssertUnwindSafe(task()).catch_unwind().await.is_err() {
        count();
        tracing::error!(task = name, "a task of the service panicked; it begins again");
        rt::time::sleep(backoff.next(rand::random())).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    #[actix_web::test]
    async fn a_task_that_panics_begins_again_until_it_ends() {
        let (begun, counted) = (Cell::new(0), Cell::new(0));
        let task = || async {
            begun.set(begun.get() + 1);
            rt::task::yield_now().await;
            assert!(begun.get() > 2, "injected");
        };
        again_and_again("test", task, || counted.set(counted.get() + 1)).await;
        assert_eq!((begun.get(), counted.get()), (3, 2));
    }
}
