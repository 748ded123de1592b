//! What every alarm log does. Each case gets a fresh, empty place.

use super::catalog::HOSTILE;
use crate::alarm_log::{ALARMS_PAGE_MAX, AlarmLog};
use carillon_domain::alarm::{Alarm, AlarmId, AlarmKey, AlarmRule, Severity, Shelf};
use carillon_domain::time::UnixMs;
use std::future::Future;

/// Where a log lives: opening it again gives what was stored.
pub trait AlarmPlace {
    type Log: AlarmLog;

    fn open(&self) -> impl Future<Output = Self::Log>;
}

pub async fn a_new_log_is_empty(place: impl AlarmPlace) {
    let log = place.open().await;
    assert_eq!(log.open_alarms().await.unwrap(), []);
    assert_eq!(log.last_alarm().await.unwrap(), AlarmId(0));
    assert_eq!(log.alarms(None, 10).await.unwrap(), []);
    assert_eq!(log.forget_alarms(UnixMs(u64::MAX)).await.unwrap(), 0);
    log.put_alarms(&[]).await.unwrap();
}

pub async fn the_last_state_of_an_alarm_counts(place: impl AlarmPlace) {
    let log = place.open().await;
    let mut alarm = alarm(1);
    log.put_alarms(&[alarm.clone()]).await.unwrap();
    alarm.acknowledged = Some((UnixMs(5), "值班员".into()));
    alarm.shelf = Some(Shelf {
        until: UnixMs(99),
        by: "admin".into(),
        reason: HOSTILE[0].into(),
    });
    log.put_alarms(&[alarm.clone()]).await.unwrap();
    let again = place.open().await;
    assert_eq!(again.open_alarms().await.unwrap(), [alarm.clone()]);
    alarm.cleared = Some(UnixMs(9));
    again.put_alarms(&[alarm.clone()]).await.unwrap();
    assert_eq!(log.open_alarms().await.unwrap(), []);
    assert_eq!(log.alarms(None, 10).await.unwrap(), [alarm]);
}

pub async fn pages_go_from_the_newest_to_the_oldest(place: impl AlarmPlace) {
    let log = place.open().await;
    let all: Vec<Alarm> = (1..=ALARMS_PAGE_MAX as u64 + 7).map(alarm).collect();
    log.put_alarms(&all).await.unwrap();
    let ids = |page: Vec<Alarm>| page.into_iter().map(|alarm| alarm.id.0).collect::<Vec<_>>();
    assert_eq!(ids(log.alarms(None, 2).await.unwrap()), [507, 506]);
    assert_eq!(ids(log.alarms(Some(AlarmId(506)), 2).await.unwrap()), [505, 504]);
    assert_eq!(ids(log.alarms(Some(AlarmId(1)), 2).await.unwrap()), [0_u64; 0]);
    assert_eq!(log.alarms(None, usize::MAX).await.unwrap().len(), ALARMS_PAGE_MAX);
    assert_eq!(log.open_alarms().await.unwrap(), all);
}

pub async fn what_is_long_over_is_forgotten_and_its_number_is_not(place: impl AlarmPlace) {
    let log = place.open().await;
    let cleared = |id, at| Alarm {
        cleared: Some(UnixMs(at)),
        ..alarm(id)
    };
    log.put_alarms(&[alarm(1), cleared(2, 10), cleared(3, 20)])
        .await
        .unwrap();
    assert_eq!(log.forget_alarms(UnixMs(20)).await.unwrap(), 1);
    assert_eq!(log.forget_alarms(UnixMs(21)).await.unwrap(), 1);
    let again = place.open().await;
    assert_eq!(again.alarms(None, 10).await.unwrap(), [alarm(1)]);
    assert_eq!(again.last_alarm().await.unwrap(), AlarmId(3));
}

pub fn alarm(id: u64) -> Alarm {
    Alarm {
        id: AlarmId(id),
        key: AlarmKey {
            rule: AlarmRule::ALL[id as usize % AlarmRule::ALL.len()],
            object: HOSTILE[id as usize % HOSTILE.len()].into(),
        },
        severity: Severity::Critical,
        since: UnixMs(id),
        returned: id.is_multiple_of(2).then_some(UnixMs(id + 1)),
        acknowledged: None,
        shelf: None,
        cleared: None,
        figure: i64::MIN,
        limit: i64::MAX,
        detail: HOSTILE[0].into(),
        taken_over_by: vec!["备用".into()],
    }
}
