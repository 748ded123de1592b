use super::mix::mix;
use carillon_domain::phone::PhoneNumber;
use std::ops::Range;

/// To whom messages go, so that both ways are known without keeping anything: from a message to its number, and from a number
/// to all its messages.
///
/// Messages come in rounds of a prime number of slots; a round visits every slot once, in an order of its own. A number has
/// one slot or several.
#[derive(Debug)]
pub struct People {
    slots: u64,
    rounds: Vec<Round>,
    regulars_end: u64,
}

/// Place `p` of the round visits slot `(factor * p + shift) mod slots`.
#[derive(Clone, Copy, Debug)]
struct Round {
    factor: u64,
    inverse: u64,
    shift: u64,
}

/// Messages of somebody with one slot.
const ROUNDS: u64 = 8;
/// Numbers that get very many messages, e.g. those of a trial.
const BUSY: u64 = 10;
const BUSY_SLOTS: u64 = 1_000;
const BUSY_END: u64 = BUSY * BUSY_SLOTS;
/// One slot of so many belongs to somebody who gets more than others.
const REGULARS_SHARE: u64 = 5;
const REGULAR_SLOTS: u64 = 10;
const SLOTS_MIN: u64 = 2 * BUSY_END;

const FIRST_PHONE: u64 = 8_613_000_000_000;
const PHONES: u64 = 1_000_000_000;
/// Without a common factor with [`PHONES`]: neighbours have numbers of different ranges, nobody has that of another.
const PHONE_STEP: u64 = 7_654_321;

impl People {
    pub fn of(messages: u64, seed: u64) -> Self {
        let slots = prime_from((messages / ROUNDS).max(SLOTS_MIN));
        let regulars = (slots - BUSY_END) / REGULARS_SHARE / REGULAR_SLOTS * REGULAR_SLOTS;
        let round = |number| {
            let factor = 1 + mix(seed ^ number) % (slots - 1);
            Round {
                factor,
                inverse: power(factor, slots - 2, slots),
                shift: mix(mix(seed ^ number)) % slots,
            }
        };
        People {
            slots,
            rounds: (0..messages.div_ceil(slots)).map(round).collect(),
            regulars_end: BUSY_END + regulars,
        }
    }

    /// Whom a message goes to; `message` counts from 0, and so do people.
    pub fn person(&self, message: u64) -> u64 {
        let Round { factor, shift, .. } = self.rounds[(message / self.slots) as usize];
        let slot = (factor * (message % self.slots) + shift) % self.slots;
        if slot < BUSY_END {
            slot / BUSY_SLOTS
        } else if slot < self.regulars_end {
            BUSY + (slot - BUSY_END) / REGULAR_SLOTS
        } else {
            self.singles_begin() + slot - self.regulars_end
        }
    }

    /// The messages to a person of all that there may be, newest first.
    pub fn messages(&self, person: u64) -> Vec<u64> {
        let rounds = (0..).zip(&self.rounds);
        let mut messages: Vec<u64> = rounds
            .flat_map(|(number, round)| {
                self.slots_of(person).map(move |slot| {
                    let from_shift = (slot + self.slots - round.shift) % self.slots;
                    number * self.slots + round.inverse * from_shift % self.slots
                })
            })
            .collect();
        messages.sort_unstable_by(|a, b| b.cmp(a));
        messages
    }

    fn slots_of(&self, person: u64) -> Range<u64> {
        if person < BUSY {
            person * BUSY_SLOTS..(person + 1) * BUSY_SLOTS
        } else if person < self.singles_begin() {
            let begin = BUSY_END + (person - BUSY) * REGULAR_SLOTS;
            begin..begin + REGULAR_SLOTS
        } else {
            let slot = self.regulars_end + person - self.singles_begin();
            // Nobody's would be beyond.
            slot.min(self.slots)..(slot + 1).min(self.slots)
        }
    }

    fn singles_begin(&self) -> u64 {
        BUSY + (self.regulars_end - BUSY_END) / REGULAR_SLOTS
    }

    /// One of those with very many messages.
    pub fn busy(&self, random: u64) -> u64 {
        random % BUSY
    }

    /// Somebody who never got a message.
    pub fn nobody(&self, random: u64) -> u64 {
        self.slots + random % self.slots
    }

    pub fn phone(person: u64) -> PhoneNumber {
        let phone = FIRST_PHONE + person * PHONE_STEP % PHONES;
        PhoneNumber::from_e164(phone).expect("a Chinese mobile number")
    }
}

fn prime_from(least: u64) -> u64 {
    let is_prime = |number: u64| {
        let mut divisors = 2..=number.isqrt();
        divisors.all(|divisor| !number.is_multiple_of(divisor))
    };
    let mut candidates = least..;
    candidates.find(|number| is_prime(*number)).unwrap_or(least)
}

/// `base` to the power of `exponent` modulo a number below 2³².
fn power(mut base: u64, mut exponent: u64, modulus: u64) -> u64 {
    let mut result = 1;
    while exponent > 0 {
        if exponent % 2 == 1 {
            result = result * base % modulus;
        }
        base = base * base % modulus;
        exponent /= 2;
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::{BTreeMap, BTreeSet};

    const MESSAGES: u64 = 100_000;

    #[test]
    fn a_number_has_exactly_the_messages_that_go_to_it() {
        let people = People::of(MESSAGES, 7);
        let mut by_person = BTreeMap::<u64, Vec<u64>>::new();
        for message in (0..MESSAGES).rev() {
            by_person.entry(people.person(message)).or_default().push(message);
        }
        for (person, messages) in &by_person {
            let mut known = people.messages(*person);
            known.retain(|message| *message < MESSAGES);
            assert_eq!(known, *messages, "person {person}");
        }
        assert!(by_person[&people.busy(3)].len() > 1_000);
        let nobody = people.nobody(5);
        assert!(!by_person.contains_key(&nobody) && people.messages(nobody).is_empty());
        let phones: BTreeSet<_> = by_person
            .keys()
            .map(|person| People::phone(*person).as_u64())
            .collect();
        assert_eq!(phones.len(), by_person.len());
    }

    #[test]
    fn primes_and_powers_are_right() {
        assert_eq!(
            [prime_from(8), prime_from(11), prime_from(1_000_000)],
            [11, 11, 1_000_003]
        );
        assert_eq!(power(3, 5, 1_000), 243);
        assert_eq!(power(123_456, 1_000_002, 1_000_003), 1);
    }
}
