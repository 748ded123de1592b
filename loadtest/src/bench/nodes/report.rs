use super::fault::Fault;
use crate::bench::measure::Surroundings;
use crate::judge::{Judgement, Violation};
use crate::load::LoadReport;
use serde::Serialize;
use std::fmt;
use std::time::Duration;

/// How soon lanes have to be owned again: after a clean end, and after anything else.
const OWNED_AFTER_STOP: Duration = Duration::from_secs(5);
const OWNED_AFTER_FAULT: Duration = Duration::from_secs(15);

/// One fault as it went.
#[derive(Clone, Debug, Serialize)]
pub struct Event {
    pub fault: Fault,
    /// None when it was not a node's.
    pub node: Option<usize>,
    /// The lanes that the node had.
    pub lanes: Vec<usize>,
    /// From the fault, of a server from its end, until each of them answered requests again.
    pub owned_ms: Option<u64>,
    /// The same until each of them sent again.
    pub sending_ms: Option<u64>,
}

#[derive(Clone, Debug, Serialize)]
pub struct LaneReport {
    pub lane: usize,
    pub judgement: Judgement,
    pub load: LoadReport,
}

#[derive(Clone, Debug, Serialize)]
pub struct NodesReport {
    pub seed: u64,
    pub nodes: usize,
    pub seconds: f64,
    pub accepted: u64,
    pub lost: u64,
    pub doubled: u64,
    /// Messages of whose outcome nobody is certain at the end.
    pub uncertain: u64,
    /// UNC-1: windows of all sessions for each change of hands and each cut.
    pub uncertain_allowed: u64,
    pub wrong: Vec<String>,
    pub events: Vec<Event>,
    pub lanes: Vec<LaneReport>,
    pub surroundings: Surroundings,
}

impl Event {
    /// What is wrong with how long it took.
    fn objection(&self) -> Option<String> {
        let most = match self.fault {
            Fault::Stop => OWNED_AFTER_STOP,
            Fault::Kill | Fault::Pause | Fault::Outside(_) => OWNED_AFTER_FAULT,
        };
        let is_in_time = |ms| Duration::from_millis(ms) <= most;
        let lanes = &self.lanes;
        if self.sending_ms.is_none() {
            return Some(format!("{}: lanes {lanes:?} do not send again", self.fault));
        }
        let late = self.owned_ms.filter(|ms| !is_in_time(*ms));
        late.map(|ms| {
            format!(
                "{}: lanes {lanes:?} were owned again after {ms} ms only",
                self.fault
            )
        })
    }
}

impl NodesReport {
    pub fn is_good(&self) -> bool {
        self.wrong.is_empty() && self.lanes.iter().all(|lane| lane.judgement.is_clean())
    }

    /// Adds up what the lanes say, and objects to what is wrong with the whole.
    pub(super) fn conclude(&mut self) {
        let sum = |kinds: &[Violation]| {
            let of = |lane: &LaneReport| kinds.iter().map(|kind| lane.judgement.count(*kind)).sum::<u64>();
            self.lanes.iter().map(of).sum()
        };
        self.lost = sum(&[Violation::Lost, Violation::Unfinished, Violation::Incomplete]);
        self.doubled = sum(&[Violation::Doubled, Violation::Resent, Violation::EndedTwice]);
        let add = |of: fn(&Judgement) -> u64| self.lanes.iter().map(|lane| of(&lane.judgement)).sum();
        self.accepted = add(|judgement| judgement.accepted);
        self.uncertain = add(|judgement| judgement.uncertain);
        self.wrong.extend(self.events.iter().filter_map(Event::objection));
        for lane in &self.lanes {
            let (number, load) = (lane.lane, &lane.load);
            if lane.judgement.accepted == 0 {
                self.wrong.push(format!("lane {number}: nothing was accepted"));
            }
            if load.unanswered > 0 || load.refused > 0 {
                self.wrong.push(format!(
                    "lane {number}: {} lines without an answer, {} refused",
                    load.unanswered, load.refused
                ));
            }
        }
    }
}

impl fmt::Display for NodesReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (nodes, lanes) = (self.nodes, self.lanes.len());
        writeln!(
            f,
            "seed {}, {nodes} nodes, {lanes} lanes, {:.0} s",
            self.seed, self.seconds
        )?;
        for event in &self.events {
            let ms = |time: Option<u64>| time.map_or("never".to_owned(), |ms| format!("{ms} ms"));
            writeln!(
                f,
                "  {:<10} node {:<4} lanes {:<9} owned after {:>8}, sending after {:>8}",
                event.fault.to_string(),
                event.node.map_or("—".to_owned(), |node| node.to_string()),
                format!("{:?}", event.lanes),
                ms(event.owned_ms),
                ms(event.sending_ms)
            )?;
        }
        writeln!(
            f,
            "{} accepted, {} lost, {} doubled; {} uncertain at the end, {} allowed",
            self.accepted, self.lost, self.doubled, self.uncertain, self.uncertain_allowed
        )?;
        for lane in &self.lanes {
            write!(f, "lane {}\n{}", lane.lane, lane.judgement)?;
        }
        for wrong in &self.wrong {
            writeln!(f, "BROKEN:  {wrong}")?;
        }
        Ok(())
    }
}
