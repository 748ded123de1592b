//! Several nodes on one database.

use super::house::House;
use carillon_catalog::{PostgresAddress, SqlCatalog};
use carillon_domain::alarm::{Alarm, AlarmId};
use carillon_storage::alarm_log::AlarmLog;
use carillon_storage::catalog::{Catalog, CatalogError};
use carillon_storage::changes::{Changes, Seen};
use carillon_storage::conformance::alarm_log::alarm;
use carillon_storage::conformance::catalog::sample;
use std::fs;
use std::time::{Duration, Instant};

#[tokio::test]
async fn nodes_that_start_at_once_make_one_catalog() {
    let house = House::new().await;
    let nodes = futures_util::future::join_all((0..4).map(|_| house.node())).await;
    for node in nodes {
        assert_eq!(node.unwrap().version().await.unwrap(), 0);
    }
}

#[tokio::test]
async fn of_writers_at_the_same_time_one_wins() {
    let house = House::new().await;
    let (first, second) = (house.node().await.unwrap(), house.node().await.unwrap());
    let (here, there) = (sample("here"), sample("there"));
    let results = tokio::join!(
        first.replace(&here),
        second.replace(&there),
        first.replace(&there)
    );
    let results = [results.0, results.1, results.2];
    let won = results.iter().filter(|result| matches!(result, Ok(1))).count();
    let lost = results
        .iter()
        .filter(|result| matches!(result, Err(CatalogError::Stale { found: 1, .. })))
        .count();
    assert_eq!((won, lost), (1, 2), "{results:?}");
}

/// Not by looking: that is an hour away.
#[tokio::test]
async fn a_change_is_told() {
    let house = House::new().await;
    let mut options = house.options();
    options.look_every = Duration::from_secs(3600);
    let (here, there) = (
        SqlCatalog::postgres(options).await.unwrap(),
        house.node().await.unwrap(),
    );
    // Once for the beginning of listening.
    let mut seen = here.changed(Seen::default()).await;
    for version in 1..=3 {
        let next = carillon_domain::catalog::Snapshot {
            version: version - 1,
            ..sample("there")
        };
        there.replace(&next).await.unwrap();
        let begin = Instant::now();
        seen = here.changed(seen).await;
        assert!(begin.elapsed() < Duration::from_secs(1), "{:?}", begin.elapsed());
        assert_eq!(here.version().await.unwrap(), version);
    }
}

#[tokio::test]
async fn a_node_without_the_key_of_the_others_is_refused() {
    let house = House::new().await;
    house
        .node()
        .await
        .unwrap()
        .replace(&sample("name"))
        .await
        .unwrap();
    let key = house.folder.path().join("secret.key");
    fs::remove_file(&key).unwrap();
    let refused = house.node().await.err().unwrap().to_string();
    assert!(refused.contains("take that of another node"), "{refused}");
    assert!(!key.exists());
    fs::write(&key, [9; 32]).unwrap();
    let refused = house.node().await.err().unwrap().to_string();
    assert!(refused.contains("is not the one of this catalog"), "{refused}");
}

#[tokio::test]
async fn secrets_are_not_readable_in_the_database() {
    let house = House::new().await;
    house
        .node()
        .await
        .unwrap()
        .replace(&sample("name"))
        .await
        .unwrap();
    // The sample has it in every password.
    let look = "position(convert_to('name密', 'UTF8') IN secret) > 0 OR body LIKE '%name密%'";
    house
        .alter(&format!(
            "DO $$ BEGIN IF EXISTS (SELECT 1 FROM object WHERE {look}) THEN RAISE 'a secret'; END IF; END $$"
        ))
        .await;
}

#[tokio::test]
async fn lanes_number_their_alarms_by_themselves() {
    let house = House::new().await;
    let first = house.node().await.unwrap();
    let third = house.node().await.unwrap().of_lane(3);
    let begin = third.last_alarm().await.unwrap();
    assert_eq!(first.last_alarm().await.unwrap(), AlarmId(0));
    let mine: Alarm = alarm(1);
    let theirs = Alarm {
        id: AlarmId(begin.0 + 1),
        ..alarm(1)
    };
    first.put_alarms(std::slice::from_ref(&mine)).await.unwrap();
    third.put_alarms(std::slice::from_ref(&theirs)).await.unwrap();
    assert_eq!(first.open_alarms().await.unwrap(), vec![mine.clone()]);
    assert_eq!(third.open_alarms().await.unwrap(), vec![theirs.clone()]);
    assert_eq!(
        (
            first.last_alarm().await.unwrap(),
            third.last_alarm().await.unwrap()
        ),
        (mine.id, theirs.id)
    );
}

#[tokio::test]
async fn a_wrong_address_is_told_by_name_and_without_the_password() {
    let house = House::new().await;
    let (user, place) = (&house.server.user, &house.server.place);
    for (address, password, words) in [
        (
            format!("postgres://{user}@{place}/no_such_database"),
            house.server.password.as_str(),
            "no_such_database",
        ),
        (
            format!("postgres://{user}@{place}/{}", house.database),
            "wrong-password",
            "password",
        ),
        (
            format!("postgres://nobody@{place}/{}", house.database),
            "wrong-password",
            "nobody",
        ),
    ] {
        let address: PostgresAddress = address.parse().unwrap();
        let mut options = house.options();
        options.address = address.with_password(password);
        let refused = SqlCatalog::postgres(options).await.err().unwrap();
        assert!(!refused.is_passing(), "{refused}");
        let cause = std::error::Error::source(&refused).unwrap().to_string();
        let text = format!("{refused}: {cause}");
        assert!(text.contains(place.as_str()) && text.contains(words), "{text}");
        assert!(!text.contains("wrong-password"), "{text}");
    }
}

#[tokio::test]
async fn a_newer_schema_is_refused() {
    let house = House::new().await;
    house.node().await.unwrap();
    house.alter("INSERT INTO schema_version VALUES (99)").await;
    let refused = house.node().await.err().unwrap();
    assert!(
        matches!(refused, CatalogError::Newer { found: 99, .. }),
        "{refused}"
    );
}
