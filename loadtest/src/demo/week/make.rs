use super::WeekError;
use super::fate::Fates;
use super::temper::Tempers;
use crate::demo::day::{DAY_MS, midnight};
use crate::demo::people::People;
use crate::demo::traffic::{Call, Traffic};
use crate::sim::CarriersConfig;
use carillon_catalog::SqlCatalog;
use carillon_domain::catalog::{Account, Compiled};
use carillon_domain::ids::MessageId;
use carillon_domain::intake::prepare;
use carillon_domain::journey::Journey;
use carillon_domain::number_range::NumberRanges;
use carillon_domain::time::UnixMs;
use carillon_embedded::history::{EmbeddedHistory, HistoryOptions};
use carillon_storage::catalog::Catalog;
use carillon_storage::history::{Batch, History};
use carillon_storage::journal::FrameSeq;
use rand::SeedableRng;
use rand::rngs::SmallRng;
use serde::Serialize;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::time::{Duration, Instant};

/// A file of the history that is not merged again.
const BATCH: usize = 250_000;
/// Makes the ids; no lane has this number.
const MAKER: u16 = (1 << MessageId::MAKER_BITS) - 1;
const SECOND: Duration = Duration::from_secs(1);
/// Carriers' ids in the history are below those that the simulated ones begin with.
const FIRST_CARRIER_ID: u64 = 1;

#[derive(Clone, Debug)]
pub struct WeekOptions {
    /// The data folder of a server that has a catalog and never ran.
    pub data: PathBuf,
    /// The table of number ranges.
    pub ranges: PathBuf,
    /// The simulated carriers' file: journeys end as their behaviour says.
    pub carriers: PathBuf,
    /// Whole days before today.
    pub days: u32,
    pub seed: u64,
    /// Messages a second in the busiest hour.
    pub peak: f64,
    pub now: UnixMs,
}

#[derive(Clone, Debug, Serialize)]
pub struct WeekReport {
    pub messages: u64,
    pub seconds: f64,
}

/// Fills the history with finished messages from `days` before today's midnight until now, with the traffic of
/// [`Traffic`] but for campaigns and mistakes. Every figure of the past days has its messages behind it.
pub async fn make_week(options: WeekOptions) -> Result<WeekReport, WeekError> {
    let began = Instant::now();
    if options.data.join("journal").exists() {
        return Err(WeekError::Served(options.data));
    }
    let catalog = SqlCatalog::sqlite(&options.data).await?.snapshot().await?;
    let catalog = Compiled::new(Arc::new(catalog))?;
    let people = People::read(&options.ranges)?;
    let carriers = CarriersConfig::read(&options.carriers)?;
    let tempers = Tempers::of(&catalog, &carriers)?;
    let history = HistoryOptions {
        works_in_background: false,
        ranges: Arc::new(people.ranges.clone()),
        ..HistoryOptions::default()
    };
    let history = EmbeddedHistory::open(&options.data.join("history"), history)?;
    let messages = std::thread::scope(|scope| {
        let (full, batches) = sync_channel::<Vec<Journey>>(0);
        let storing = std::thread::Builder::new()
            .name("store".into())
            .spawn_scoped(scope, || {
                let mut messages = 0;
                for journeys in batches {
                    // Up to no frame: whatever the journal will hold comes on top.
                    history.store(Batch::of(&journeys, &[]), FrameSeq::ZERO)?;
                    messages += journeys.len() as u64;
                }
                Ok(messages)
            });
        let storing = storing.map_err(WeekError::Thread)?;
        let made = Maker::new(&options, &catalog, &people, &tempers).make(&full);
        drop(full);
        let stored: Result<u64, WeekError> = storing
            .join()
            .unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        made.and(stored)
    })?;
    Ok(WeekReport {
        messages,
        seconds: began.elapsed().as_secs_f64(),
    })
}

struct Maker<'a> {
    options: &'a WeekOptions,
    catalog: &'a Compiled,
    ranges: &'a NumberRanges,
    traffic: Traffic<'a>,
    fates: Fates<'a>,
    /// The millisecond of the last id and how many it has.
    last: (u64, u16),
    made: Vec<Journey>,
}

impl<'a> Maker<'a> {
    fn new(
        options: &'a WeekOptions,
        catalog: &'a Compiled,
        people: &'a People,
        tempers: &'a Tempers,
    ) -> Self {
        Maker {
            options,
            catalog,
            ranges: &people.ranges,
            traffic: Traffic::new(people, options.seed, options.peak),
            fates: Fates {
                catalog,
                tempers,
                random: SmallRng::seed_from_u64(options.seed.wrapping_add(1)),
                next_carrier_id: FIRST_CARRIER_ID,
            },
            last: (0, 0),
            made: Vec::new(),
        }
    }

    /// Hands over one batch after the other; an end of the receiver ends it, too, because the storing failed.
    fn make(mut self, full: &SyncSender<Vec<Journey>>) -> Result<(), WeekError> {
        let now = self.options.now;
        let mut at = UnixMs(
            midnight(now)
                .0
                .saturating_sub(u64::from(self.options.days) * DAY_MS),
        );
        while at < now {
            for (place, call) in self.traffic.during(at, SECOND).into_iter().enumerate() {
                // Not all in the first millisecond.
                self.take(&call, UnixMs(at.0 + (place as u64 * 7_919) % 1_000))?;
            }
            if self.made.len() >= BATCH && full.send(std::mem::take(&mut self.made)).is_err() {
                return Ok(());
            }
            at = at + SECOND;
        }
        // Why nobody takes it is told by the receiver.
        let _ = full.send(self.made);
        Ok(())
    }

    fn take(&mut self, call: &Call, at: UnixMs) -> Result<(), WeekError> {
        if call.fault.is_some() {
            return Ok(());
        }
        let account = self.account(call.account)?;
        for message in &call.messages {
            let prepared = prepare(self.catalog, account, self.ranges, &message.draft());
            let prepared = prepared.map_err(|refusal| WeekError::Refused {
                account: call.account,
                refusal,
            })?;
            let id = self.id(at);
            // What would not have ended yet is left out.
            let journey = self.fates.journey(id, account, prepared);
            self.made
                .extend(journey.filter(|journey| journey.final_at < Some(self.options.now)));
        }
        Ok(())
    }

    fn account(&self, name: &'static str) -> Result<&'a Account, WeekError> {
        self.catalog.account_by_name(name).ok_or(WeekError::Account(name))
    }

    /// Ids of one second are in no order; each is there once.
    fn id(&mut self, at: UnixMs) -> MessageId {
        let (ms, sequence) = self.last;
        self.last = if at.0 > ms { (at.0, 0) } else { (ms, sequence + 1) };
        if self.last.1 >= 1 << MessageId::SEQUENCE_BITS {
            self.last = (self.last.0 + 1, 0);
        }
        MessageId::new(self.last.0, MAKER, self.last.1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::people::tests::{TABLE, people};
    use carillon_domain::catalog::apply::{ApplyFile, Environment, resolve};
    use carillon_domain::catalog::{NextIds, Secret, Snapshot};
    use carillon_domain::province::Province;
    use carillon_domain::tally::Measure;
    use carillon_storage::history::{GroupBy, Resolution, RollupQuery};
    use std::path::Path;

    struct Nothing;

    impl Environment for Nothing {
        fn variable(&self, name: &str) -> Result<String, String> {
            Err(name.to_owned())
        }

        fn file(&self, path: &str) -> Result<String, String> {
            Err(path.to_owned())
        }

        /// Different keys have different ones.
        fn sha256(&self, text: &str) -> [u8; 32] {
            let mut hash = [0; 32];
            for (place, byte) in text.bytes().enumerate() {
                hash[place % 32] ^= byte.rotate_left((place / 32) as u32);
            }
            hash
        }

        fn new_api_key(&self) -> Secret {
            Secret::new(format!("{:032x}", rand::random::<u128>()))
        }
    }

    fn snapshot() -> Snapshot {
        let file: ApplyFile =
            toml::from_str(include_str!("../../../../deploy/demo.toml")).expect("the demo's catalog");
        let applied = resolve(&file, &Snapshot::default(), NextIds::default(), &Nothing);
        applied.expect("a catalog").snapshot
    }

    #[tokio::test]
    async fn every_figure_of_the_week_has_its_messages() {
        let folder = tempfile::tempdir().expect("a folder");
        let data = folder.path();
        SqlCatalog::sqlite(data)
            .await
            .expect("a catalog")
            .replace(&snapshot())
            .await
            .expect("stored");
        let ranges = data.join("ranges.csv");
        std::fs::write(&ranges, TABLE).expect("a table");
        let carriers = data.join("carriers.toml");
        std::fs::write(&carriers, include_str!("../../../../deploy/demo-carriers.toml")).expect("carriers");
        let now = UnixMs(1_770_000_000_000);
        let options = WeekOptions {
            data: data.to_owned(),
            ranges,
            carriers,
            days: 2,
            seed: 1,
            peak: 0.5,
            now,
        };
        let report = make_week(options.clone()).await.expect("a week");
        assert!(report.messages > 10_000, "{report:?}");
        let people = people();
        let history = HistoryOptions {
            works_in_background: false,
            ranges: Arc::new(people.ranges),
            ..HistoryOptions::default()
        };
        let history = EmbeddedHistory::open(&data.join("history"), history).expect("a history");
        assert_eq!(history.stored_upto(), FrameSeq::ZERO);
        assert_eq!(history.size().rows, report.messages);
        let query = RollupQuery {
            resolution: Resolution::Minute,
            from: UnixMs(0),
            until: now,
            tenant: None,
            account: None,
            group_by: GroupBy {
                province: true,
                ..GroupBy::default()
            },
        };
        let rows = history.rollup(&query).expect("figures");
        let sum = |measure: Measure| rows.iter().map(|row| row.counts[measure]).sum::<i64>();
        assert_eq!(sum(Measure::Accepted) as u64, report.messages);
        assert_eq!(
            sum(Measure::Delivered) + sum(Measure::Failed),
            sum(Measure::Accepted)
        );
        assert!(sum(Measure::Fallbacks) > 0);
        assert!(
            rows.iter()
                .filter(|row| row.counts[Measure::Accepted] > 0)
                .count()
                > 28
        );
        assert!(rows.iter().all(|row| row.province != Some(Province::UNKNOWN)));
    }

    #[tokio::test]
    async fn a_server_that_ran_keeps_its_history() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::create_dir(folder.path().join("journal")).expect("a folder");
        let options = WeekOptions {
            data: folder.path().to_owned(),
            ranges: Path::new("none").to_owned(),
            carriers: Path::new("none").to_owned(),
            days: 1,
            seed: 1,
            peak: 1.0,
            now: UnixMs(1_770_000_000_000),
        };
        assert!(matches!(make_week(options).await, Err(WeekError::Served(_))));
    }
}
