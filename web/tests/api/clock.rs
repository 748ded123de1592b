use super::harness::{Harness, answer};
use reqwest::Method;

#[actix_web::test]
async fn a_steady_clock_is_told_and_may_be_confirmed() {
    let harness = Harness::start().await;
    for (method, path) in [
        (Method::GET, "/v1/admin/clock"),
        (Method::POST, "/v1/admin/clock/confirm"),
    ] {
        let (status, clock) = answer(harness.operator(method, path)).await;
        assert_eq!(status, 200, "{clock}");
        assert_eq!(
            (&clock["held"], &clock["steady_in_s"]),
            (&false.into(), &0.into())
        );
    }
    harness.end().await;
}
