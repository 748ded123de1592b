use super::ask::{Asked, ask, journeys, questions};
use super::cache::Cache;
use super::calendar::MESSAGES_MAX;
use super::load::{Stored, load, ranges};
use super::question::{Question, Topic};
use super::rows::Rows;
use crate::bench::folder::Folder;
use crate::bench::measure::{Surroundings, Usage};
use crate::bench::outcome::RunError;
use crate::bench::place::Place;
use crate::bench::room;
use crate::load::{Latencies, Percentiles};
use carillon_domain::number_range::NumberRanges;
use carillon_domain::time::UnixMs;
use carillon_embedded::history::{EmbeddedHistory, HistoryOptions};
use carillon_storage::history::History;
use rand::SeedableRng;
use rand::rngs::SmallRng;
use serde::Serialize;
use std::path::Path;
use std::sync::Arc;

#[derive(Clone, Debug)]
pub struct SearchOptions {
    pub messages: u64,
    /// First pages of each kind that are opened warm; later pages are fewer, cold ones fewer still.
    pub questions: usize,
    pub seed: u64,
    pub place: Place,
}

#[derive(Clone, Debug, Serialize)]
pub struct SearchReport {
    pub messages: u64,
    pub files: usize,
    /// On the disk, figures included.
    pub bytes_per_message: f64,
    pub bytes_per_message_of_figures: f64,
    /// First pages by number, warm.
    pub p50_ms: f64,
    pub p99_ms: f64,
    /// The same, cold.
    pub cold_p50_ms: f64,
    pub cold_p99_ms: f64,
    /// Of this process, with the rows on their way to the files.
    pub rss_mib_max: f64,
    pub stored: Stored,
    pub asked: Vec<Asked>,
    /// Answers that were not what was stored.
    pub wrong: u64,
    pub seed: u64,
    pub surroundings: Surroundings,
}

/// On the disk, figures included.
const BYTES_PER_MESSAGE: u64 = 500;
/// Rows on their way, and SQLite.
const MEMORY_BYTES: u64 = 3 << 30;
const LATER_PAGES_SHARE: usize = 5;
const COLD_SHARE: usize = 20;

impl SearchReport {
    /// Answers that were wrong.
    pub fn complaints(&self) -> Vec<String> {
        let wrong = self.asked.iter().filter(|asked| asked.wrong > 0);
        wrong
            .map(|asked| {
                format!(
                    "{}, page {}: {} answers were wrong",
                    asked.what, asked.page, asked.wrong
                )
            })
            .collect()
    }
}

/// Stores messages straight into files of the embedded history, and asks for them in every way there is.
pub fn search(options: &SearchOptions) -> Result<SearchReport, RunError> {
    let messages = options.messages.clamp(1, MESSAGES_MAX);
    let folder = Folder::make(&options.place).map_err(RunError::File)?;
    room::on_disk(folder.path(), messages * BYTES_PER_MESSAGE)?;
    room::in_memory(MEMORY_BYTES)?;
    let surroundings = Surroundings::measure(folder.path()).map_err(RunError::Measure)?;
    let rows = Rows::new(messages, options.seed);
    let data = Data {
        folder: folder.path(),
        ranges: Arc::new(ranges()?),
    };
    let history = data.open()?;
    let stored = load(&history, &rows)?;
    history.merge_due()?;
    history.remove_old(UnixMs(rows.calendar.id(messages - 1).unix_ms()))?;
    let (files, message_bytes) = (history.size().files, history.size().bytes);
    drop(history);
    let cache = Cache::of(folder.path()).map_err(RunError::File)?;
    let mut random = SmallRng::seed_from_u64(options.seed);
    let asked = ask_everything(&data, &cache, &rows, &mut random, options.questions)?;
    let wrong = asked.iter().map(|asked| asked.wrong).sum();
    let by_number = asked.iter().find(|asked| asked.what == Topic::Number.word());
    let (warm, cold) = by_number
        .map(|asked| (asked.warm_ms, asked.cold_ms))
        .unwrap_or_default();
    folder.finish(wrong == 0);
    Ok(SearchReport {
        messages,
        files,
        bytes_per_message: cache.bytes as f64 / messages as f64,
        bytes_per_message_of_figures: cache.bytes.saturating_sub(message_bytes) as f64 / messages as f64,
        p50_ms: warm.p50,
        p99_ms: warm.p99,
        cold_p50_ms: cold.p50,
        cold_p99_ms: cold.p99,
        rss_mib_max: Usage::of(std::process::id()).map_or(0.0, |usage| usage.rss_mib_max),
        stored,
        asked,
        wrong,
        seed: options.seed,
        surroundings,
    })
}

/// Where the history is, and how it is opened.
struct Data<'a> {
    folder: &'a Path,
    ranges: Arc<NumberRanges>,
}

impl Data<'_> {
    fn open(&self) -> Result<EmbeddedHistory, RunError> {
        let options = HistoryOptions {
            works_in_background: false,
            ranges: self.ranges.clone(),
            ..HistoryOptions::default()
        };
        Ok(EmbeddedHistory::open(self.folder, options)?)
    }
}

/// First warm, everything; then cold, which leaves nothing warm.
fn ask_everything(
    data: &Data<'_>,
    cache: &Cache,
    rows: &Rows,
    random: &mut SmallRng,
    count: usize,
) -> Result<Vec<Asked>, RunError> {
    cache.warm().map_err(RunError::File)?;
    let mut asked = Vec::new();
    let mut first_pages = Vec::new();
    for topic in Topic::ALL {
        for page in topic.pages() {
            let wanted = if *page == 1 {
                count
            } else {
                count / LATER_PAGES_SHARE
            };
            let mut questions = questions(topic, *page, rows, random, wanted.max(1));
            let (warm_ms, wrong) = warm(data, rows, &questions)?;
            if *page == 1 {
                questions.truncate(count.div_ceil(COLD_SHARE));
                first_pages.push((asked.len(), questions));
            }
            asked.push(Asked {
                what: topic.word(),
                page: *page,
                warm_ms,
                cold_ms: Percentiles::default(),
                wrong,
            });
        }
    }
    asked.push(journeys(&data.open()?, rows, random, count)?);
    for (place, questions) in first_pages {
        let (cold_ms, wrong) = cold(data, cache, rows, &questions)?;
        asked[place].cold_ms = cold_ms;
        asked[place].wrong += wrong;
    }
    Ok(asked)
}

/// Every question once with everything read before, its own files opened by others.
fn warm(data: &Data<'_>, rows: &Rows, questions: &[Question]) -> Result<(Percentiles, u64), RunError> {
    let history = data.open()?;
    let (mut latencies, mut wrong) = (Latencies::default(), 0);
    for question in questions.iter().rev().take(questions.len().div_ceil(COLD_SHARE)) {
        ask(&history, question, rows)?;
    }
    for question in questions {
        let (took, is_right) = ask(&history, question, rows)?;
        latencies.count(took);
        wrong += u64::from(!is_right);
    }
    Ok((latencies.percentiles(), wrong))
}

/// Every question after a start, with nothing in memory.
fn cold(
    data: &Data<'_>,
    cache: &Cache,
    rows: &Rows,
    questions: &[Question],
) -> Result<(Percentiles, u64), RunError> {
    let (mut latencies, mut wrong) = (Latencies::default(), 0);
    for question in questions {
        let history = data.open()?;
        cache.drop_all().map_err(RunError::File)?;
        let (took, is_right) = ask(&history, question, rows)?;
        latencies.count(took);
        wrong += u64::from(!is_right);
    }
    Ok((latencies.percentiles(), wrong))
}
