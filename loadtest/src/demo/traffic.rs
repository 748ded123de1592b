use super::day::share_of_peak;
use super::message::DemoMessage;
use super::people::People;
use super::stream::{self, STREAMS};
use carillon_domain::time::UnixMs;
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use std::time::Duration;

/// One request of a system of the hospital.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    pub account: &'static str,
    /// One: sent alone. More: a batch.
    pub messages: Vec<DemoMessage>,
    /// Somebody made a mistake: nothing of it is accepted.
    pub fault: Option<Fault>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// A number that nobody can have.
    Phone,
    /// A template that does not exist.
    Template,
    /// Half a body.
    Body,
}

/// Of all requests that are sent alone.
const FAULTS_SHARE: f64 = 0.004;
const FAULTS: [Fault; 3] = [Fault::Phone, Fault::Template, Fault::Body];
/// Requests of one stream and step at most, whatever chance says.
const CALLS_MAX: u32 = 10_000;

/// What all systems of the hospital send, moment by moment. Pure: the same seed and the same steps give the same traffic.
pub struct Traffic<'p> {
    people: &'p People,
    random: SmallRng,
    /// Messages a second in the busiest hour.
    peak: f64,
    serial: u64,
}

impl<'p> Traffic<'p> {
    pub fn new(people: &'p People, seed: u64, peak: f64) -> Self {
        Traffic {
            people,
            random: SmallRng::seed_from_u64(seed),
            peak,
            serial: 0,
        }
    }

    /// What is sent in a step of real time, when the hospital's clock shows `at`.
    pub fn during(&mut self, at: UnixMs, step: Duration) -> Vec<Call> {
        let expected = self.peak * share_of_peak(at) * step.as_secs_f64();
        let mut calls = Vec::new();
        for (number, stream) in STREAMS.iter().enumerate() {
            let messages = expected * f64::from(stream.percent) / 100.0;
            for _ in 0..poisson(messages / f64::from(stream.batch), &mut self.random) {
                calls.push(self.call(number, at));
            }
        }
        calls
    }

    fn call(&mut self, stream: usize, at: UnixMs) -> Call {
        let batch = STREAMS[stream].batch;
        // From half of it to one and a half times as many.
        let count = match batch {
            1 => 1,
            _ => self.random.random_range(batch.div_ceil(2)..=batch + batch / 2),
        };
        let messages = (0..count)
            .map(|_| {
                self.serial += 1;
                let person = self.people.somebody(&mut self.random);
                stream::message(stream, person, self.serial, at, &mut self.random)
            })
            .collect();
        let is_faulty = batch == 1 && self.random.random_bool(FAULTS_SHARE);
        let fault = is_faulty.then(|| FAULTS[self.random.random_range(0..FAULTS.len())]);
        Call {
            account: STREAMS[stream].account,
            messages,
            fault,
        }
    }
}

/// How often something happens that happens independently, `expected` times on average.
fn poisson(expected: f64, random: &mut SmallRng) -> u32 {
    let mut count = 0;
    let mut left = expected;
    while count < CALLS_MAX {
        left += random.random::<f64>().max(f64::MIN_POSITIVE).ln();
        if left < 0.0 {
            break;
        }
        count += 1;
    }
    count
}

#[cfg(test)]
mod tests {
    use super::super::people::tests::people;
    use super::*;

    /// The busiest hour of a Monday.
    const NINE: UnixMs = UnixMs((4 * 24 + 1) * 3_600_000);

    #[test]
    fn as_much_is_sent_as_the_hour_wants() {
        let people = people();
        let mut traffic = Traffic::new(&people, 1, 40.0);
        let mut in_hour = |at| -> usize {
            let steps = (0..3_600).flat_map(|_| traffic.during(at, Duration::from_secs(1)));
            steps.map(|call| call.messages.len()).sum()
        };
        let (busy, calm) = (in_hour(NINE), in_hour(UnixMs(NINE.0 + 18 * 3_600_000)));
        assert!((130_000..158_000).contains(&busy), "{busy}");
        assert!(calm * 8 < busy, "{calm}");
    }

    #[test]
    fn the_same_seed_sends_the_same() {
        let people = people();
        let sent = |seed| {
            let mut traffic = Traffic::new(&people, seed, 100.0);
            (0..20)
                .flat_map(|_| traffic.during(NINE, Duration::from_millis(250)))
                .collect::<Vec<_>>()
        };
        assert_eq!(sent(1), sent(1));
        assert_ne!(sent(1), sent(2));
    }

    #[test]
    fn every_request_is_one_that_the_demo_catalog_takes() {
        use carillon_api::MessageRequest;
        use carillon_domain::catalog::apply::ApplyFile;
        let people = people();
        let file: ApplyFile =
            toml::from_str(include_str!("../../../deploy/demo.toml")).expect("the demo's catalog");
        let mut traffic = Traffic::new(&people, 1, 1_000.0);
        for message in traffic
            .during(NINE, Duration::from_secs(1))
            .into_iter()
            .flat_map(|call| call.messages)
        {
            let account = file
                .account
                .iter()
                .find(|account| account.name == message.account());
            let organisation = &account.expect("the account").organisation;
            let text = serde_json::to_string(&message.request()).expect("JSON");
            let request: MessageRequest<'_> = serde_json::from_str(&text).expect("a request");
            if let Some(name) = &request.template {
                let template = file
                    .template
                    .iter()
                    .find(|template| template.name == name.as_str() && template.organisation == *organisation)
                    .unwrap_or_else(|| panic!("{text}"));
                let parsed = carillon_domain::template::Template::parse(&template.text).expect("a template");
                parsed
                    .render(|name| request.variables.get(name))
                    .expect("all variables");
            }
            if let Some(name) = &request.strategy {
                assert!(
                    file.strategy
                        .iter()
                        .any(|strategy| strategy.name == name.as_str()
                            && strategy.organisation == *organisation)
                );
            }
        }
    }

    #[test]
    fn chance_is_bounded() {
        let mut random = SmallRng::seed_from_u64(1);
        assert_eq!(poisson(0.0, &mut random), 0);
        assert_eq!(poisson(f64::INFINITY, &mut random), CALLS_MAX);
        let sum: u32 = (0..1_000).map(|_| poisson(2.5, &mut random)).sum();
        assert!((2_300..2_700).contains(&sum), "{sum}");
    }
}
