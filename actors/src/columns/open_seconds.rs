use carillon_domain::ids::MessageId;
use carillon_domain::time::UnixMs;
use std::collections::BTreeMap;

/// How many open messages were accepted in which second, so that the oldest is known without looking at all of them.
#[derive(Debug, Default)]
pub(super) struct OpenSeconds(BTreeMap<u64, u32>);

impl OpenSeconds {
    pub fn enter(&mut self, message: MessageId) {
        *self.0.entry(second_of(message)).or_default() += 1;
    }

    pub fn leave(&mut self, message: MessageId) {
        let second = second_of(message);
        if let Some(open) = self.0.get_mut(&second) {
            *open -= 1;
            if *open == 0 {
                self.0.remove(&second);
            }
        }
    }

    /// The beginning of the second in which the oldest was accepted.
    pub fn oldest(&self) -> Option<UnixMs> {
        self.0.first_key_value().map(|(second, _)| UnixMs(second * 1_000))
    }
}

fn second_of(message: MessageId) -> u64 {
    message.unix_ms() / 1_000
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Whatever comes and goes, the oldest that is open is known to the second, and nothing is left when all are gone.
        #[test]
        fn the_oldest_is_known(steps in proptest::collection::vec((0..20u64, any::<bool>()), 1..200)) {
            let mut seconds = OpenSeconds::default();
            let mut model: Vec<u64> = Vec::new();
            let id = |half_second: u64| MessageId((half_second * 500) << 22);
            for (half_second, comes) in steps {
                if comes {
                    seconds.enter(id(half_second));
                    model.push(half_second);
                } else if let Some(at) = model.iter().position(|open| *open == half_second) {
                    seconds.leave(id(half_second));
                    model.swap_remove(at);
                }
                let oldest = model.iter().min().map(|half_second| UnixMs(half_second / 2 * 1_000));
                prop_assert_eq!(seconds.oldest(), oldest);
            }
            model.into_iter().for_each(|half_second| seconds.leave(id(half_second)));
            prop_assert!(seconds.0.is_empty());
        }
    }
}
