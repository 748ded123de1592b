use crate::cluster::{Cluster, Sized_};
use crate::directory::{Directory, of_figures};
use crate::failed::{failed, unreadable};
use crate::options::Keep;
use crate::place::{Under, period};
use crate::store::ttl;
use carillon_domain::tally::{MEASURES, Measure};
use carillon_domain::time::UnixMs;
use carillon_storage::history::stored::{CODES_MAX, CodeKey, Fold, Link, Place, cells_max};
use carillon_storage::history::{HistoryError, OTHER_CODES, Resolution};
use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};

/// Sums remembered; the buckets used longest ago are read again when they are needed.
const KNOWN_MAX: usize = 200_000;

/// What is summed up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(i8)]
pub(crate) enum FigureKind {
    /// All measures, by all dimensions.
    Cells = 0,
    /// How often carriers said a code.
    Codes = 1,
    /// Deliveries by the time they took.
    Latencies = 2,
}

/// Sums of one stretch of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct BucketKey {
    pub kind: FigureKind,
    pub resolution: Resolution,
    /// Its beginning.
    pub at: u64,
}

impl BucketKey {
    pub fn period(self) -> i64 {
        period(self.resolution, UnixMs(self.at))
    }

    /// How many keys are told apart.
    fn keys_max(self) -> usize {
        match self.kind {
            FigureKind::Cells => cells_max(self.resolution),
            FigureKind::Codes => CODES_MAX,
            FigureKind::Latencies => usize::MAX,
        }
    }

    /// The key that stands for those that were too many.
    fn overflow(self, key: &[u8]) -> Vec<u8> {
        match self.kind {
            FigureKind::Cells => {
                let place = <[u8; 16]>::try_from(key).map(Place::from_bytes);
                place.expect("a place").without_origin().to_bytes().to_vec()
            }
            FigureKind::Codes => [&key[..CODE_HEAD], OTHER_CODES.as_bytes()].concat(),
            FigureKind::Latencies => key.to_vec(),
        }
    }
}

/// The number under which a resolution stands in the tables.
pub(crate) fn number(resolution: Resolution) -> i8 {
    match resolution {
        Resolution::Minute => 0,
        Resolution::Hour => 1,
        Resolution::Day => 2,
    }
}

/// Bytes of a code's key before the code: connection, kind, measure.
pub(crate) const CODE_HEAD: usize = LINK_BYTES + 1;
pub(crate) const LINK_BYTES: usize = 5;

fn link_bytes(link: Link) -> [u8; LINK_BYTES] {
    // Connections count from -1.
    let [a, b, c, d] = ((link.connection + 1) as u32).to_be_bytes();
    [a, b, c, d, link.kind]
}

/// Connection and kind as [`Link`] has them.
pub(crate) fn link_of(bytes: &[u8]) -> Option<Link> {
    let (connection, kind) = bytes.get(..LINK_BYTES)?.split_at(4);
    let connection = u32::from_be_bytes(connection.try_into().ok()?);
    Some(Link {
        connection: i64::from(connection) - 1,
        kind: kind[0],
    })
}

fn code_bytes(key: &CodeKey) -> Vec<u8> {
    [&link_bytes(key.link)[..], &[key.measure], key.code.as_bytes()].concat()
}

type Sums = Vec<i64>;
type Bucket = HashMap<Vec<u8>, Sums>;

/// lane, kind, resolution, period, at, key, frame, sums, before, TTL
pub(crate) type FigureRow = (i32, i8, i8, i64, i64, Vec<u8>, i64, Vec<u8>, Vec<u8>, i32);

impl Sized_ for FigureRow {
    fn bytes(&self) -> usize {
        80 + self.5.len() + self.7.len() + self.8.len()
    }
}

/// The sums of one lane, as far as its writer remembers them.
#[derive(Default)]
pub(crate) struct Figures {
    known: HashMap<BucketKey, (Bucket, u64)>,
    round: u64,
}

/// What stood there before, and what stands there now.
type Changed = (Option<Sums>, Sums);

/// New sums by bucket and key.
#[derive(Default)]
pub(crate) struct NewSums(BTreeMap<BucketKey, HashMap<Vec<u8>, Changed>>);

impl Figures {
    /// What a fold makes of the sums, which count up to the frame `upto`.
    pub async fn add(
        &mut self,
        cluster: &Cluster,
        directory: &mut Directory,
        lane: i32,
        upto: i64,
        fold: &Fold,
    ) -> Result<NewSums, HistoryError> {
        self.round += 1;
        let changes = changes(fold);
        let listed = |bucket: &BucketKey| (listed_under(lane, *bucket), bucket.period());
        directory.learn(cluster, changes.keys().map(listed)).await?;
        let mut new = NewSums::default();
        for (at, changes) in changes {
            let (bucket, used) = match self.known.entry(at) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(unknown) => unknown.insert((read_bucket(cluster, lane, upto, at).await?, 0)),
            };
            *used = self.round;
            new.0.insert(at, sum(at, bucket, changes));
        }
        Ok(new)
    }

    /// After they were stored.
    pub fn stored(&mut self, new: NewSums) {
        for (at, sums) in new.0 {
            let (bucket, _) = self.known.get_mut(&at).expect("sums were added to it");
            bucket.extend(sums.into_iter().map(|(key, (_, sums))| (key, sums)));
        }
        let mut known: usize = self.known.values().map(|(bucket, _)| bucket.len() + 1).sum();
        while known > KNOWN_MAX {
            let oldest = self
                .known
                .iter()
                .min_by_key(|(_, (_, used))| *used)
                .map(|(at, _)| *at);
            let Some((bucket, _)) = oldest.and_then(|at| self.known.remove(&at)) else {
                break;
            };
            known -= bucket.len() + 1;
        }
    }
}

impl NewSums {
    /// The rows of each partition.
    pub fn rows(&self, lane: i32, frame: i64, keep: &Keep) -> Vec<Vec<FigureRow>> {
        let mut groups: BTreeMap<_, Vec<FigureRow>> = BTreeMap::new();
        for (bucket, sums) in &self.0 {
            let (kind, resolution, period) = (bucket.kind as i8, number(bucket.resolution), bucket.period());
            let ttl = match bucket.resolution {
                Resolution::Minute => ttl(keep.minutes),
                Resolution::Hour => ttl(keep.hours),
                Resolution::Day => 0,
            };
            let row = |(key, (before, sums)): (&Vec<u8>, &Changed)| {
                let before = before.as_deref().map(encode).unwrap_or_default();
                let (at, key, sums) = (bucket.at as i64, key.clone(), encode(sums));
                (lane, kind, resolution, period, at, key, frame, sums, before, ttl)
            };
            groups
                .entry((kind, resolution, period))
                .or_default()
                .extend(sums.iter().map(row));
        }
        groups.into_values().collect()
    }
}

/// How the directory lists the buckets of a lane.
fn listed_under(lane: i32, bucket: BucketKey) -> Under {
    of_figures(lane, bucket.kind as i8, number(bucket.resolution))
}

/// A fold's sums by bucket and key.
fn changes(fold: &Fold) -> BTreeMap<BucketKey, Vec<(Vec<u8>, Sums)>> {
    let mut changes: BTreeMap<BucketKey, Vec<(Vec<u8>, Sums)>> = BTreeMap::new();
    let hours = fold.in_resolution(Resolution::Hour);
    let days = hours.in_resolution(Resolution::Day);
    for (resolution, fold) in [
        (Resolution::Minute, fold),
        (Resolution::Hour, &hours),
        (Resolution::Day, &days),
    ] {
        let mut change = |kind, at, key, sums| {
            let bucket = BucketKey { kind, resolution, at };
            changes.entry(bucket).or_default().push((key, sums));
        };
        for ((at, place), counts) in fold.cells() {
            let sums = Measure::ALL.map(|measure| counts[measure]).to_vec();
            change(FigureKind::Cells, at, place.to_bytes().to_vec(), sums);
        }
        for (key, count) in fold.codes() {
            change(FigureKind::Codes, key.at, code_bytes(&key), vec![*count]);
        }
        for (key, count) in fold.latencies() {
            let bytes = [&link_bytes(key.link)[..], &[key.bucket.index() as u8]].concat();
            change(FigureKind::Latencies, key.at, bytes, vec![*count]);
        }
    }
    changes
}

/// The sums that change in a bucket, with those of before.
fn sum(at: BucketKey, bucket: &Bucket, changes: Vec<(Vec<u8>, Sums)>) -> HashMap<Vec<u8>, Changed> {
    let mut new: HashMap<Vec<u8>, Changed> = HashMap::new();
    let mut keys = bucket.len();
    for (key, change) in changes {
        let mut key = key;
        if !bucket.contains_key(&key) && !new.contains_key(&key) {
            if keys >= at.keys_max() {
                key = at.overflow(&key);
            }
            keys += 1;
        }
        let before = bucket.get(&key);
        let (_, sums) = new.entry(key).or_insert_with(|| {
            (
                before.cloned(),
                before.cloned().unwrap_or_else(|| vec![0; change.len()]),
            )
        });
        for (sum, change) in sums.iter_mut().zip(change) {
            *sum += change;
        }
    }
    new
}

/// What stands of a bucket, up to the frame `upto`.
async fn read_bucket(cluster: &Cluster, lane: i32, upto: i64, at: BucketKey) -> Result<Bucket, HistoryError> {
    let mut bucket = Bucket::new();
    let begin = at.at as i64;
    read(
        cluster,
        (lane, at.kind, at.resolution, at.period()),
        (begin, begin + 1),
        |figure| {
            if let Some(sums) = figure.counting(|frame| frame <= upto) {
                bucket.insert(figure.key.clone(), decode(&cluster.place, sums)?);
            }
            Ok(())
        },
    )
    .await?;
    Ok(bucket)
}

/// A row of the table of figures.
pub(crate) struct Figure {
    pub at: i64,
    pub key: Vec<u8>,
    frame: i64,
    sums: Vec<u8>,
    before: Vec<u8>,
}

impl Figure {
    /// The sums that count, when rows up to certain frames do.
    pub fn counting(&self, counts: impl FnOnce(i64) -> bool) -> Option<&[u8]> {
        match counts(self.frame) {
            true => Some(&self.sums),
            false => Some(&self.before[..]).filter(|before| !before.is_empty()),
        }
    }
}

/// Figures of one partition: lane, kind, resolution, period; from one moment until before another.
pub(crate) async fn read(
    cluster: &Cluster,
    partition: (i32, FigureKind, Resolution, i64),
    (from, until): (i64, i64),
    mut take: impl FnMut(Figure) -> Result<(), HistoryError>,
) -> Result<(), HistoryError> {
    let (lane, kind, resolution, period) = partition;
    let values = (lane, kind as i8, number(resolution), period, from, until);
    let row = |(at, key, frame, sums, before): (i64, Vec<u8>, i64, Vec<u8>, Vec<u8>)| {
        take(Figure {
            at,
            key,
            frame,
            sums,
            before,
        })
    };
    cluster
        .each_row("reading figures", &cluster.statements.figures, values, row)
        .await
}

fn encode(sums: &[i64]) -> Vec<u8> {
    postcard::to_stdvec(sums).expect("numbers have a form")
}

/// Sums as they stand in a row.
pub(crate) fn decode(place: &str, bytes: &[u8]) -> Result<Sums, HistoryError> {
    let sums: Sums = postcard::from_bytes(bytes).map_err(failed("reading sums", place))?;
    match sums.len() {
        1 | MEASURES => Ok(sums),
        other => Err(unreadable(place, format!("{other} sums in one row"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: BucketKey = BucketKey {
        kind: FigureKind::Codes,
        resolution: Resolution::Minute,
        at: 60_000,
    };

    fn key(code: &str) -> Vec<u8> {
        let link = Link {
            connection: -1,
            kind: 8,
        };
        [&link_bytes(link)[..], &[3], code.as_bytes()].concat()
    }

    #[test]
    fn sums_go_on_from_what_stood_there() {
        let bucket = Bucket::from([(key("a"), vec![5])]);
        let new = sum(
            AT,
            &bucket,
            vec![(key("a"), vec![2]), (key("b"), vec![1]), (key("a"), vec![-1])],
        );
        assert_eq!(new[&key("a")], (Some(vec![5]), vec![6]));
        assert_eq!(new[&key("b")], (None, vec![1]));
    }

    #[test]
    fn codes_that_are_too_many_are_one() {
        let bucket: Bucket = (0..CODES_MAX - 1)
            .map(|code| (key(&code.to_string()), vec![1]))
            .collect();
        let all = [("0", 1), ("new", 2), ("more", 3), ("even more", 4)];
        let new = sum(
            AT,
            &bucket,
            all.map(|(code, count)| (key(code), vec![count])).into(),
        );
        assert_eq!(new[&key("0")].1, [2]);
        assert_eq!(new[&key("new")].1, [2]);
        assert_eq!(new[&key(OTHER_CODES)].1, [7]);
        assert_eq!(new.len(), 3);
    }

    #[test]
    fn links_come_back() {
        for connection in [-1, 0, 65_535] {
            let link = Link { connection, kind: 9 };
            assert_eq!(link_of(&link_bytes(link)), Some(link));
        }
        assert_eq!(link_of(&[0; 4]), None);
    }
}
