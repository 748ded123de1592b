use crate::cluster::{Cluster, Sized_};
use crate::corrections::{self, Correction};
use crate::directory::Directory;
use crate::failed::failed;
use crate::figures::Figures;
use crate::journeys::{self, Stored};
use crate::lanes::Lanes;
use crate::options::ScyllaOptions;
use crate::search;
use crate::statistics;
use crate::writing::{found_rows, grouped, spans};
use carillon_domain::ids::MessageId;
use carillon_domain::journey::{Amendment, Journey, MessageState};
use carillon_domain::tally::Measure;
use carillon_domain::time::UnixMs;
use carillon_storage::history::stored::{Fold, code, counting, each_once, later};
use carillon_storage::history::{
    Batch, CarrierQuery, CodeRow, GroupBy, History, HistoryError, HistorySize, LatencyRow, Resolution,
    RollupQuery, RollupRow, SearchPage, SearchQuery,
};
use carillon_storage::journal::FrameSeq;
use parking_lot::Mutex;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::runtime::{Handle, Runtime};

/// Microseconds between the timestamps of one writer of a lane and those of the next, whatever the clock says.
const BASE_STEP_US: i64 = 1_000_000_000;

/// The history of all lanes, and the writer of one.
pub struct ScyllaHistory {
    runtime: Option<Runtime>,
    cluster: Cluster,
    options: ScyllaOptions,
    lane: i32,
    stored_upto: AtomicU64,
    size: Mutex<HistorySize>,
    writer: Mutex<Writer>,
}

/// What the one writer remembers.
struct Writer {
    /// What the timestamps of this writer begin with; those of a later one are higher, and those of an earlier one lower, however late
    /// its requests arrive.
    base: i64,
    /// The newest timestamp.
    timestamp: i64,
    directory: Directory,
    figures: Figures,
    /// Messages that were corrected before they came.
    early: HashSet<u64>,
}

impl ScyllaHistory {
    /// Connects, makes what is missing, and becomes the writer of the lane. Only the lane's owner may open it.
    pub fn open(options: ScyllaOptions) -> Result<Self, HistoryError> {
        let place = options.place();
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("scylla")
            .enable_all()
            .build()
            .map_err(failed("starting the threads for", &place))?;
        let lane = options.lane as i32;
        let opened = runtime.block_on(async {
            let cluster = Cluster::open(&options).await?;
            let (upto, base) = claim(&cluster, lane).await?;
            let early = early(&cluster, lane).await?;
            let writer = Writer {
                base,
                timestamp: base,
                directory: Directory::default(),
                figures: Figures::default(),
                early,
            };
            Ok::<_, HistoryError>((cluster, upto, writer))
        });
        let (cluster, upto, writer) = opened?;
        let history = ScyllaHistory {
            runtime: Some(runtime),
            cluster,
            options,
            lane,
            stored_upto: AtomicU64::new(upto as u64),
            size: Mutex::default(),
            writer: Mutex::new(writer),
        };
        *history.size.lock() = history.count()?;
        Ok(history)
    }

    fn run<T: Send>(
        &self,
        future: impl Future<Output = Result<T, HistoryError>> + Send,
    ) -> Result<T, HistoryError> {
        let runtime = self.runtime.as_ref().expect("it ends with the history");
        if Handle::try_current().is_err() {
            return runtime.block_on(future);
        }
        // A thread of another runtime may wait for anything but a runtime.
        std::thread::scope(|scope| scope.spawn(|| runtime.block_on(future)).join())
            .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }

    /// How far all lanes are; this one as it knows itself.
    async fn lanes(&self) -> Result<Lanes, HistoryError> {
        let upto = self.stored_upto();
        Ok(Lanes::read(&self.cluster).await?.with(self.lane, upto))
    }

    async fn within<T>(
        &self,
        figures: impl Future<Output = Result<T, HistoryError>>,
    ) -> Result<T, HistoryError> {
        let max = self.options.figures_time_max;
        match tokio::time::timeout(max, figures).await {
            Ok(figures) => figures,
            Err(_) => Err(HistoryError::TooSlow { max }),
        }
    }

    /// What this lane holds, out of its figures by day: rows themselves are not counted.
    fn count(&self) -> Result<HistorySize, HistoryError> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let query = RollupQuery {
            resolution: Resolution::Day,
            from: UnixMs(now.saturating_sub(self.options.keep.journeys).as_millis() as u64),
            until: UnixMs(u64::MAX),
            tenant: None,
            account: None,
            group_by: GroupBy {
                time: true,
                ..GroupBy::default()
            },
        };
        let own = Lanes::default().with(self.lane, self.stored_upto());
        let days = self.run(statistics::rollup(&self.cluster, &own, &query))?;
        let accepted = days.iter().map(|day| day.counts[Measure::Accepted]);
        Ok(HistorySize {
            rows: accepted.sum::<i64>().max(0) as u64,
            oldest: days.first().and_then(|day| day.at),
            ..HistorySize::default()
        })
    }
}

impl Drop for ScyllaHistory {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl History for ScyllaHistory {
    fn stored_upto(&self) -> FrameSeq {
        FrameSeq(self.stored_upto.load(Ordering::Acquire))
    }

    fn store(&self, batch: Batch<'_>, upto: FrameSeq) -> Result<(), HistoryError> {
        let mut writer = self.writer.lock();
        let known = self.stored_upto();
        let is_new = upto > known;
        if batch.is_empty() && !is_new {
            return Ok(());
        }
        let upto = upto.max(known);
        let added = self.run(self.write(&mut writer, &batch, is_new, upto))?;
        self.stored_upto.store(upto.0, Ordering::Release);
        self.size.lock().rows += added as u64;
        Ok(())
    }

    fn journey(&self, id: MessageId) -> Result<Option<Journey>, HistoryError> {
        self.run(async {
            let lanes = self.lanes().await?;
            Ok(search::journeys(&self.cluster, &lanes, [id.0]).await?.pop())
        })
    }

    fn search(&self, query: &SearchQuery) -> Result<SearchPage, HistoryError> {
        query.check()?;
        self.run(async {
            let lanes = self.lanes().await?;
            search::search(&self.cluster, &lanes, query, self.options.search_time_max).await
        })
    }

    fn rollup(&self, query: &RollupQuery) -> Result<Vec<RollupRow>, HistoryError> {
        self.run(self.within(async { statistics::rollup(&self.cluster, &self.lanes().await?, query).await }))
    }

    fn codes(&self, query: &CarrierQuery) -> Result<Vec<CodeRow>, HistoryError> {
        self.run(self.within(async { statistics::codes(&self.cluster, &self.lanes().await?, query).await }))
    }

    fn latencies(&self, query: &CarrierQuery) -> Result<Vec<LatencyRow>, HistoryError> {
        self.run(
            self.within(async { statistics::latencies(&self.cluster, &self.lanes().await?, query).await }),
        )
    }

    fn size(&self) -> HistorySize {
        *self.size.lock()
    }
}

/// What was there before a batch, of the messages it speaks of.
struct Before {
    journeys: HashMap<u64, Stored>,
    corrections: HashMap<u64, Correction>,
    lanes: Lanes,
}

impl Before {
    fn correction(&self, message: MessageId) -> Option<&Amendment> {
        self.corrections.get(&message.0)?.counting(&self.lanes)
    }
}

impl ScyllaHistory {
    /// Stores a batch, how far it goes last. Returns how many messages are new.
    async fn write(
        &self,
        writer: &mut Writer,
        batch: &Batch<'_>,
        is_new: bool,
        upto: FrameSeq,
    ) -> Result<usize, HistoryError> {
        let (cluster, statements) = (&self.cluster, &self.cluster.statements);
        let (frame, ttl) = (upto.0 as i64, ttl(self.options.keep.journeys));
        writer.timestamp += 1;
        let timestamp = writer.timestamp;
        let journeys = each_once(batch);
        let before = self.before(writer, &journeys, &batch.amendments, is_new).await?;
        let changes = self.changes(writer, &journeys, &batch.amendments, is_new, &before)?;

        let known = self.stored_upto().0 as i64;
        let sums = writer
            .figures
            .add(cluster, &mut writer.directory, self.lane, known, &changes.fold)
            .await?;
        writer.directory.learn(cluster, spans(&journeys)).await?;
        let rows: Vec<_> = journeys
            .iter()
            .map(|journey| journeys::row_of(journey, self.lane, frame, ttl, &cluster.place))
            .collect::<Result<_, _>>()?;
        let found = found_rows(&journeys, &mut writer.directory, ttl);
        let listed = grouped(writer.directory.unlisted(ttl), |row| (row.0, row.1));
        let mut corrected = Vec::new();
        for (amendment, before) in &changes.corrections {
            corrected.push(vec![corrections::row_of(
                amendment, *before, self.lane, frame, ttl,
            )]);
        }
        let early: Vec<_> = changes
            .early
            .iter()
            .map(|id| (self.lane, code::to_sql(*id), ttl))
            .collect();
        tokio::try_join!(
            cluster.write(
                "storing messages",
                &statements.put_journey,
                timestamp,
                grouped(rows, |row| row.0)
            ),
            cluster.write(
                "storing where messages are",
                &statements.put_found,
                timestamp,
                found
            ),
            cluster.write("storing the directory", &statements.put_span, timestamp, listed),
            cluster.write(
                "storing corrections",
                &statements.put_correction,
                timestamp,
                corrected
            ),
            cluster.write(
                "storing early corrections",
                &statements.put_early,
                timestamp,
                [early]
            ),
            cluster.write(
                "storing figures",
                &statements.put_figure,
                timestamp,
                sums.rows(self.lane, frame, &self.options.keep),
            ),
        )?;
        let whole = vec![(self.lane, frame, writer.base)];
        cluster
            .write(
                "storing how far the lane is",
                &statements.put_lane,
                timestamp,
                [whole],
            )
            .await?;

        writer.directory.listed();
        writer.figures.stored(sums);
        writer.early.extend(&changes.early);
        let came: Vec<_> = changes
            .came
            .iter()
            .map(|id| (self.lane, code::to_sql(*id)))
            .collect();
        changes.came.iter().for_each(|id| _ = writer.early.remove(id));
        // Left behind, they only cost a look.
        cluster
            .write(
                "removing early corrections",
                &statements.remove_early,
                timestamp + 1,
                [came],
            )
            .await?;
        writer.timestamp += 1;
        let known = if is_new { 0 } else { before.journeys.len() };
        Ok(journeys.len().saturating_sub(known))
    }

    /// Reads what the sums of a batch depend on.
    async fn before(
        &self,
        writer: &Writer,
        journeys: &[&Journey],
        amendments: &[&Amendment],
        is_new: bool,
    ) -> Result<Before, HistoryError> {
        let brought: HashSet<u64> = journeys.iter().map(|journey| journey.message.0).collect();
        let corrected: HashSet<u64> = amendments.iter().map(|amendment| amendment.message.0).collect();
        let mut stored: HashSet<u64> = corrected.difference(&brought).copied().collect();
        // Of a batch that is new, no message has come before.
        let may_have_come = |id: &&u64| !is_new || writer.early.contains(id);
        let mut known: HashSet<u64> = brought.iter().filter(may_have_come).copied().collect();
        known.extend(&corrected);
        if !is_new {
            stored.extend(&brought);
        }
        let lanes = if known.is_empty() {
            Lanes::default()
        } else {
            self.lanes().await?
        };
        Ok(Before {
            journeys: journeys::read(&self.cluster, stored).await?,
            corrections: corrections::read(&self.cluster, known).await?,
            lanes,
        })
    }

    /// What a batch changes.
    fn changes<'b>(
        &self,
        writer: &Writer,
        journeys: &[&Journey],
        amendments: &[&'b Amendment],
        is_new: bool,
        before: &'b Before,
    ) -> Result<Changes<'b>, HistoryError> {
        let ranges = &self.options.ranges;
        let mut latest: BTreeMap<MessageId, &Amendment> = BTreeMap::new();
        for &amendment in amendments {
            latest
                .entry(amendment.message)
                .and_modify(|known| *known = later(known, amendment))
                .or_insert(amendment);
        }
        let mut changes = Changes::default();
        for &amendment in latest.values() {
            let known = before.correction(amendment.message);
            if counting(known, Some(amendment)) == Some(amendment) {
                changes.corrections.push((amendment, known));
            }
        }
        for journey in journeys {
            let known = before
                .correction(journey.message)
                .filter(|_| is_amendable(journey));
            if !is_new && let Some(stored) = before.journeys.get(&journey.message.0) {
                changes
                    .fold
                    .remove(&stored.journey(&self.cluster)?, known, ranges);
            }
            let brought = latest.remove(&journey.message);
            changes.fold.add(journey, counting(known, brought), ranges);
            changes.came.extend(writer.early.get(&journey.message.0));
        }
        for (message, amendment) in latest {
            let Some(stored) = before.journeys.get(&message.0) else {
                changes.early.push(message.0);
                continue;
            };
            let journey = stored.journey(&self.cluster)?;
            let known = before.correction(message);
            changes.fold.remove(&journey, known, ranges);
            changes
                .fold
                .add(&journey, counting(known, Some(amendment)), ranges);
        }
        Ok(changes)
    }
}

#[derive(Default)]
struct Changes<'b> {
    fold: Fold,
    /// Those that count from now on, with those before them.
    corrections: Vec<(&'b Amendment, Option<&'b Amendment>)>,
    /// Messages that are corrected and have not come.
    early: Vec<u64>,
    /// Messages that were corrected early and have come now.
    came: Vec<u64>,
}

fn is_amendable(journey: &Journey) -> bool {
    matches!(journey.state, MessageState::Final(state) if state.is_amendable())
}

/// Becomes the writer of a lane: how far it is, and what its timestamps begin with.
async fn claim(cluster: &Cluster, lane: i32) -> Result<(i64, i64), HistoryError> {
    let operation = "opening the lane";
    let statements = &cluster.statements;
    let found = cluster.rows(operation, &statements.lane, (lane,)).await?;
    let found = found
        .maybe_first_row::<(i64, i64)>()
        .map_err(failed(operation, &cluster.place))?;
    let (upto, before) = found.unwrap_or((0, 0));
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let base = i64::try_from(now.as_micros())
        .unwrap_or(i64::MAX)
        .max(before.saturating_add(BASE_STEP_US));
    cluster
        .write(operation, &statements.put_lane, base, [vec![(lane, upto, base)]])
        .await?;
    Ok((upto, base))
}

async fn early(cluster: &Cluster, lane: i32) -> Result<HashSet<u64>, HistoryError> {
    let mut early = HashSet::new();
    let take = |(id,): (i64,)| {
        early.insert(code::from_sql(id));
        Ok(())
    };
    cluster
        .each_row(
            "reading early corrections",
            &cluster.statements.early,
            (lane,),
            take,
        )
        .await?;
    Ok(early)
}

/// Seconds from now, as the servers take them: none that end after they can count. 0 is for ever.
pub(crate) fn ttl(keep: Duration) -> i32 {
    /// 2038-01-19 03:14:06 UTC.
    const END: Duration = Duration::from_secs((1 << 31) - 2);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    match now.checked_add(keep) {
        Some(until) if until < END => keep.as_secs().max(1) as i32,
        _ => 0,
    }
}

/// lane, upto, base
type LaneRow = (i32, i64, i64);

impl Sized_ for LaneRow {
    fn bytes(&self) -> usize {
        20
    }
}

/// lane, id, TTL
type EarlyRow = (i32, i64, i32);

impl Sized_ for EarlyRow {
    fn bytes(&self) -> usize {
        16
    }
}

/// lane, id
type CameRow = (i32, i64);

impl Sized_ for CameRow {
    fn bytes(&self) -> usize {
        12
    }
}
