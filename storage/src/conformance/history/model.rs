use super::HistoryPlace;
use super::sample::{FINAL_STATES, journey, phone};
use crate::conformance::Random;
use crate::history::{History, PhoneQuery};
use crate::journal::FrameSeq;
use carillon_domain::ids::{MessageId, TenantId};
use carillon_domain::journey::{Amendment, Journey};
use carillon_domain::time::UnixMs;
use std::collections::BTreeMap;

const FIRST_ID: u64 = 1_770_000_000_000 << 22;
const IDS: u64 = 3000;

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

    fn by_phone(&self, query: &PhoneQuery) -> Vec<Journey> {
        let fits = |journey: &&Journey| {
            journey.to == Some(query.phone)
                && query.tenant.is_none_or(|tenant| journey.tenant == tenant)
                && query.before.is_none_or(|before| journey.message < before)
        };
        let found = self.journeys.values().rev().filter(fits).take(query.limit);
        found
            .filter_map(|journey| self.journey(journey.message))
            .collect()
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
            6 | 7 => {
                let id = MessageId(FIRST_ID + random.below(IDS));
                assert_eq!(
                    history.journey(id).unwrap(),
                    model.journey(id),
                    "seed {seed}, step {step}, {id}"
                );
            }
            _ => {
                let query = PhoneQuery {
                    phone: phone(random.below(5)),
                    tenant: random.percent(30).then(|| TenantId(random.below(3) as u32)),
                    before: random
                        .percent(50)
                        .then(|| MessageId(FIRST_ID + random.below(IDS))),
                    limit: random.below(40) as usize,
                };
                let found = history.by_phone(&query).unwrap();
                assert_eq!(
                    found,
                    model.by_phone(&query),
                    "seed {seed}, step {step}, {query:?}"
                );
            }
        }
    }
}

/// A batch as it comes after a crash, too: partly new, partly handed over before.
fn store(history: &impl History, model: &mut Model, random: &mut Random) {
    let journeys: Vec<Journey> = (0..random.below(60))
        .map(|_| {
            let id = FIRST_ID + random.below(IDS);
            let known = model.journeys.get(&MessageId(id)).cloned();
            known.unwrap_or_else(|| journey(id, phone(random.below(5)), random.below(3) as u32, random))
        })
        .collect();
    let amendments: Vec<Amendment> = (0..random.below(4))
        .map(|_| Amendment {
            message: MessageId(FIRST_ID + random.below(IDS)),
            state: FINAL_STATES[random.below(7) as usize],
            cause: random.percent(50).then(|| "LATE".into()),
            at: UnixMs(random.below(1000)),
        })
        .collect();
    model.upto = model.upto.max(random.below(100));
    history
        .store(&journeys, &amendments, FrameSeq(model.upto))
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
