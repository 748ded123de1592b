use super::life::{Figures, live};
use super::witness::SharedWitness;
use super::world::Counts;
use serde::Serialize;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

/// Many lives, one after the other.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Report {
    pub first_seed: u64,
    pub seeds: u64,
    pub messages: u64,
    pub segments: u64,
    pub crashes: u64,
    pub cuts: u64,
    pub uncertain: u64,
    /// How often the lived state was compared with the replayed one.
    pub compared: u64,
    pub simulated_s: u64,
    pub seconds: f64,
    pub seeds_per_s: f64,
    pub failure: Option<Failure>,
}

/// A life in which a promise was broken. The seed lives it again.
#[derive(Clone, Debug, Serialize)]
pub struct Failure {
    pub seed: u64,
    pub what: String,
    /// One event a line, the newest last.
    pub last_events: String,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the last events:\n{}seed {}: {}",
            self.last_events, self.seed, self.what
        )
    }
}

/// Lives the lives of `seeds` seeds from `first` on, until one fails. `on_progress` is told from time to time.
pub fn simulate(first: u64, seeds: u64, mut on_progress: impl FnMut(&Report)) -> Report {
    let started = Instant::now();
    let mut told = started;
    let mut report = Report {
        first_seed: first,
        ..Report::default()
    };
    for seed in first..first.saturating_add(seeds) {
        match one(seed) {
            Ok(figures) => report.add(&figures),
            Err(failure) => report.failure = Some(failure),
        }
        report.seconds = started.elapsed().as_secs_f64();
        report.seeds_per_s = report.seeds as f64 / report.seconds;
        if report.failure.is_some() {
            break;
        }
        if told.elapsed() >= Duration::from_secs(5) {
            told = Instant::now();
            on_progress(&report);
        }
    }
    report
}

/// One life; a panic in it is a failure like a broken promise.
fn one(seed: u64) -> Result<Figures, Failure> {
    // Where a fact cannot be applied the process ends: the log then names the seed.
    let _span = tracing::error_span!("life", seed).entered();
    let mut witness: Option<SharedWitness> = None;
    let lived = catch_unwind(AssertUnwindSafe(|| live(seed, |shared| witness = Some(shared))));
    let what = match lived {
        Ok(Ok(figures)) => return Ok(figures),
        Ok(Err(violation)) => violation.to_string(),
        Err(panic) => format!("it panicked: {}", text_of(&*panic)),
    };
    Err(Failure {
        seed,
        what,
        last_events: witness.map_or_else(String::new, |witness| witness.lock().trace.text()),
    })
}

fn text_of(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().cloned();
    text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()))
        .unwrap_or_default()
}

impl Report {
    fn add(&mut self, figures: &Figures) {
        let Counts {
            crashes,
            cuts,
            uncertain,
            compared,
        } = figures.counts;
        self.seeds += 1;
        self.messages += figures.messages;
        self.segments += figures.segments;
        self.crashes += crashes;
        self.cuts += cuts;
        self.uncertain += uncertain;
        self.compared += compared;
        self.simulated_s += figures.simulated_s;
    }
}
