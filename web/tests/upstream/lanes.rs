//! Requests for lanes of a cluster, wherever they were put.

use super::cmpp::{Carrier, well_behaved};
use super::house::{House, MESSAGE};
use std::collections::BTreeSet;

const LANES: (&str, &str) = ("CARILLON_KAFKA_LANES", "2");

#[actix_web::test]
async fn a_request_is_handed_over_to_the_lane_of_its_account() {
    let carrier = Carrier::listen();
    // The account's organisation is on the first lane, and so is the only session of the connection.
    let first = House::open(&carrier, &[LANES, ("CARILLON_KAFKA_LANE", "0")]).await;
    let second = first
        .beside(&carrier, &[LANES, ("CARILLON_KAFKA_LANE", "1")])
        .await;
    let seen = well_behaved(carrier);
    // The lanes look into partitions 0 and 2, and 1.
    for partition in 0..3 {
        let body = format!(r#"{{"to": "1380000000{partition}", "text": "您好"}}"#);
        first.ask_in(partition, MESSAGE, &partition.to_string(), &body);
    }
    let events = first.events();
    let told = events.take(6).await;
    let accepted = told.iter().filter(|event| event.is("carillon.message.accepted"));
    let names: BTreeSet<_> = accepted
        .map(|event| event.data()["request_id"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(names, ["0", "1", "2"].map(str::to_owned).into());
    assert_eq!(
        told.iter()
            .filter(|event| event.is("carillon.message.receipt"))
            .count(),
        3
    );
    assert_eq!(seen.borrow().len(), 3);
    // The one that was handed over counts where it came and where it belongs.
    assert_eq!(first.served.figure("carillon_upstream_requests_total").await, 3);
    assert_eq!(second.served.figure("carillon_upstream_requests_total").await, 1);
}

#[actix_web::test]
async fn a_request_waits_for_its_lane() {
    let carrier = Carrier::listen();
    let settings = [LANES, ("CARILLON_KAFKA_LANE", "1")];
    let house = House::open(&carrier, &settings).await;
    // It looks into partition 1; the lane of the account is not running.
    house.ask_in(1, MESSAGE, "1", r#"{"to": "13800000001", "text": "您好"}"#);
    super::served::until("it is handed over", async || {
        house.served.figure("carillon_upstream_requests_total").await == 1
    })
    .await;
    let waiting = super::house::Reader::of(&format!("{}.requests", house.prefix))
        .take(2)
        .await;
    assert_eq!(waiting[0].header("ce_id"), waiting[1].header("ce_id"));
    assert_eq!(waiting[0].value, waiting[1].value);
}
