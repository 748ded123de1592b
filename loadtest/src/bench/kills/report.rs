use super::books::Party;
use super::schedule::{Moment, Storm};
use crate::bench::measure::Surroundings;
use crate::judge::{Judgement, Violation};
use crate::load::LoadReport;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt;

/// One kill as it went.
#[derive(Clone, Debug, Serialize)]
pub struct Kill {
    /// Seconds after the run's start.
    pub at_s: f64,
    pub moment: Moment,
    /// The moment was really hit; if not, it was some other.
    pub hit: bool,
    pub storm: Storm,
    /// It had been ready: requests may have been on their way.
    pub was_ready: bool,
}

/// How often a moment was meant and hit, and how often what was meant had passed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Hits {
    pub hit: u64,
    pub missed: u64,
}

#[derive(Clone, Debug, Serialize)]
pub struct PartyReport {
    pub party: Party,
    /// What the rollups have as accepted: messages that have ended.
    pub counted: u64,
    pub judgement: Judgement,
    /// Campaigns have none: their lines are the load.
    pub load: Option<LoadReport>,
}

#[derive(Clone, Debug, Serialize)]
pub struct KillsReport {
    pub seed: u64,
    pub seconds: f64,
    pub kills: u64,
    pub moments: BTreeMap<Moment, Hits>,
    pub storms: BTreeMap<Storm, u64>,
    /// From the start of the process to its readiness.
    pub restart_ms_p50: u64,
    pub restart_ms_max: u64,
    pub accepted: u64,
    pub lost: u64,
    pub doubled: u64,
    /// Messages of whose outcome nobody is certain at the end.
    pub uncertain: u64,
    /// Segments that were uncertain at one time, by the rollups, and messages that are held.
    pub uncertain_ever: u64,
    /// UNC-1: windows of all sessions for each kill, and of a carrier's for each time that it broke its sessions.
    pub uncertain_allowed: u64,
    /// Messages still uncertain although the carrier reported on each of their segments.
    pub unresolved: u64,
    /// Messages of which an uncertain segment was written once more.
    pub repeated: u64,
    pub campaigns: u64,
    /// Campaigns whose start got no answer before the kill.
    pub starts_unanswered: u64,
    /// Everything that is wrong beside what the judgements say, in words.
    pub wrong: Vec<String>,
    pub parties: Vec<PartyReport>,
    pub events: Vec<Kill>,
    pub surroundings: Surroundings,
}

/// By moment, whether it came or not.
pub(super) fn hits(events: &[Kill]) -> BTreeMap<Moment, Hits> {
    let mut moments: BTreeMap<_, _> = Moment::ALL.map(|moment| (moment, Hits::default())).into();
    for kill in events {
        let hits = moments.entry(kill.moment).or_default();
        if kill.hit {
            hits.hit += 1;
        } else {
            hits.missed += 1;
        }
    }
    moments
}

impl KillsReport {
    pub fn is_good(&self) -> bool {
        let is_clean = |party: &PartyReport| party.judgement.is_clean();
        self.wrong.is_empty() && self.parties.iter().all(is_clean)
    }

    /// Adds up what the parties say.
    pub(super) fn sum(&mut self) {
        let sum = |kinds: &[Violation]| {
            let of = |party: &PartyReport| kinds.iter().map(|kind| party.judgement.count(*kind)).sum::<u64>();
            self.parties.iter().map(of).sum()
        };
        self.lost = sum(&[Violation::Lost, Violation::Unfinished, Violation::Incomplete]);
        self.doubled = sum(&[Violation::Doubled, Violation::Resent, Violation::EndedTwice]);
        let add = |of: fn(&Judgement) -> u64| self.parties.iter().map(|party| of(&party.judgement)).sum();
        self.accepted = add(|judgement| judgement.accepted);
        self.uncertain = add(|judgement| judgement.uncertain);
        self.unresolved = add(|judgement| judgement.uncertain_with_receipts);
    }

    /// What the sums and the parties' loads have against the run.
    pub(super) fn objections(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        for party in &self.parties {
            let (name, judged) = (party.party.account(), &party.judgement);
            let ended = judged.accepted.saturating_sub(judged.uncertain);
            if !(ended..=judged.accepted).contains(&party.counted) {
                wrong.push(format!(
                    "{name}: {} ended by the rollups, of {} acknowledged and {} held",
                    party.counted, judged.accepted, judged.uncertain
                ));
            }
            if let Some(load) = party
                .load
                .as_ref()
                .filter(|load| load.unanswered > 0 || load.refused > 0)
            {
                wrong.push(format!(
                    "{name}: {} lines without an answer, {} refused",
                    load.unanswered, load.refused
                ));
            }
        }
        let most = self.uncertain_ever.max(self.uncertain);
        if most > self.uncertain_allowed {
            wrong.push(format!("{most} uncertain, {} allowed", self.uncertain_allowed));
        }
        if self.unresolved > 0 {
            wrong.push(format!(
                "{} uncertain although the carrier reported on them",
                self.unresolved
            ));
        }
        wrong
    }
}

impl fmt::Display for KillsReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "seed {}, {} kills in {:.0} s",
            self.seed, self.kills, self.seconds
        )?;
        for (moment, hits) in &self.moments {
            writeln!(
                f,
                "  {:<15} {:>4} hit, {} missed",
                word(moment),
                hits.hit,
                hits.missed
            )?;
        }
        for (storm, count) in &self.storms {
            writeln!(f, "  carrier {:<9} {count:>3} times", word(storm))?;
        }
        writeln!(
            f,
            "ready again after {} ms at p50, {} ms at most",
            self.restart_ms_p50, self.restart_ms_max
        )?;
        writeln!(
            f,
            "{} accepted, {} lost, {} doubled; {} segments uncertain at one time, {} messages at the end, {} allowed; \
             {} of them reported on; {} messages sent once more by policy",
            self.accepted,
            self.lost,
            self.doubled,
            self.uncertain_ever,
            self.uncertain,
            self.uncertain_allowed,
            self.unresolved,
            self.repeated
        )?;
        writeln!(
            f,
            "{} campaigns, {} of them without an answer to their start",
            self.campaigns, self.starts_unanswered
        )?;
        for party in &self.parties {
            write!(f, "{}\n{}", party.party.account(), party.judgement)?;
        }
        for wrong in &self.wrong {
            writeln!(f, "BROKEN:  {wrong}")?;
        }
        Ok(())
    }
}

/// As it stands in JSON.
fn word(value: &impl Serialize) -> String {
    let value = serde_json::to_value(value).unwrap_or_default();
    value.as_str().unwrap_or_default().to_owned()
}
