use super::HistoryPlace;
use super::cases::paged;
use super::recount::Recount;
use super::rollups::queries;
use super::sample::{FINAL_STATES, add_mail, journey, phone};
use crate::conformance::Random;
use crate::history::{Batch, History, HistoryError, SearchQuery};
use crate::journal::FrameSeq;
use carillon_domain::fact::FinalState;
use carillon_domain::ids::{AccountId, CampaignId, MessageId, TenantId};
use carillon_domain::journey::{Amendment, Journey, MessageState};
use carillon_domain::time::UnixMs;
use std::collections::BTreeMap;

const FIRST_ID: u64 = 1_770_000_000_000 << 22;
const IDS: u64 = 3000;
/// Every so many messages there is one that may be amended (RCP-1).
const AMENDABLE_EVERY: u64 = 4;

/// The same, as simple as it can be.
#[derive(Default)]
struct Model {
    journeys: BTreeMap<MessageId, Journey>,
    amendments: BTreeMap<MessageId, Amendment>,
    upto: u64,
}

impl Model {
    fn journey(&self, id: MessageId) -> Option<Journey> {
        let mut journey = self.journeys.get(&id)?.clone();
        if let Some(amendment) = self.amendments.get(&id) {
            journey.amend(amendment);
        }
        Some(journey)
    }

    fn search(&self, query: &SearchQuery) -> Vec<Journey> {
        let journeys = self.journeys.keys().rev().filter_map(|id| self.journey(*id));
        journeys.filter(|journey| query.fits(journey)).collect()
    }

    fn recount(&self) -> Recount<'_> {
        let messages = self.journeys.values();
        Recount::of(messages.map(|journey| (journey, self.amendments.get(&journey.message))))
    }
}

/// Random stores, searches and restarts give what a plain map gives. The seed is in every message.
pub fn agrees_with_a_model(place: impl HistoryPlace, seed: u64) {
    let mut random = Random::new(seed);
    let mut model = Model::default();
    let mut history = place.open();
    for step in 0..120 {
        match random.below(10) {
            0..5 => store(&history, &mut model, &mut random),
            5 => {
                drop(history);
                history = place.open();
                assert_eq!(
                    history.stored_upto(),
                    FrameSeq(model.upto),
                    "seed {seed}, step {step}"
                );
            }
            6 => {
                let all = queries();
                let query = &all[random.below(all.len() as u64) as usize];
                model.recount().agrees(&history, query);
            }
            7 => {
                let id = id(random.below(IDS));
                assert_eq!(
                    history.journey(id).unwrap(),
                    model.journey(id),
                    "seed {seed}, step {step}, {id}"
                );
            }
            _ => {
                let query = query(&mut random);
                if query.check().is_err() {
                    let refused = history.search(&query);
                    assert!(matches!(refused, Err(HistoryError::TooBroad(_))), "seed {seed}");
                    continue;
                }
                assert_eq!(
                    paged(&history, &query),
                    model.search(&query),
                    "seed {seed}, step {step}, {query:?}"
                );
            }
        }
    }
}

fn id(number: u64) -> MessageId {
    MessageId(FIRST_ID + (number << 20))
}

fn query(random: &mut Random) -> SearchQuery {
    let time = |random: &mut Random| UnixMs(id(random.below(IDS)).unix_ms());
    SearchQuery {
        tenant: random.percent(30).then(|| TenantId(random.below(3) as u32)),
        account: random.percent(30).then(|| AccountId(random.below(9) as u32)),
        campaign: random.percent(30).then(|| CampaignId(random.below(3) as u32)),
        phone: random.percent(50).then(|| phone(random.below(5))),
        mail: random
            .percent(20)
            .then(|| format!("person-{}@example.org", random.below(4))),
        states: (0..random.below(4))
            .map(|_| MessageState::Final(FINAL_STATES[random.below(7) as usize]))
            .collect(),
        from: if random.percent(60) {
            time(random)
        } else {
            UnixMs(0)
        },
        until: if random.percent(60) {
            time(random)
        } else {
            UnixMs(u64::MAX)
        },
        before: random.percent(30).then(|| id(random.below(IDS))),
        limit: 1 + random.below(40) as usize,
    }
}

/// A batch of what ended since the last one; or, as after a crash, one that was handed over before in part.
fn store(history: &impl History, model: &mut Model, random: &mut Random) {
    let is_new = random.percent(60);
    let mut journeys = Vec::new();
    for _ in 0..random.below(60) {
        let number = random.below(IDS);
        match model.journeys.get(&id(number)) {
            Some(known) if !is_new => journeys.push(known.clone()),
            Some(_) => {}
            None => journeys.push(fresh(number, random)),
        }
    }
    let amendments: Vec<Amendment> = (0..random.below(4))
        .map(|_| Amendment {
            message: id(random.below(IDS) / AMENDABLE_EVERY * AMENDABLE_EVERY),
            state: FINAL_STATES[random.below(7) as usize],
            cause: random.percent(50).then(|| "LATE".into()),
            at: UnixMs(id(random.below(IDS)).unix_ms()),
        })
        .collect();
    if is_new {
        model.upto += 1 + random.below(3);
    }
    history
        .store(Batch::of(&journeys, &amendments), FrameSeq(model.upto))
        .unwrap();
    for journey in journeys {
        model.journeys.insert(journey.message, journey);
    }
    for amendment in amendments {
        let known = model.amendments.get(&amendment.message);
        if known.is_none_or(|known| known.at <= amendment.at) {
            model.amendments.insert(amendment.message, amendment);
        }
    }
}

fn fresh(number: u64, random: &mut Random) -> Journey {
    let to = phone(random.below(5) + 10_000 * random.below(2));
    let tenant = random.below(3) as u32;
    let mut journey = journey(id(number).0, to, tenant, random);
    if number.is_multiple_of(AMENDABLE_EVERY) {
        let states = [FinalState::Sent, FinalState::Expired, FinalState::Unknown];
        journey.state = MessageState::Final(states[random.below(3) as usize]);
    }
    if random.percent(30) {
        add_mail(&mut journey, random.below(4));
    }
    if random.percent(10) {
        journey.to = None;
    }
    journey
}
