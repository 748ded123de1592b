use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};

/// Numbers at which lengths and counts go wrong.
const EDGES: [u64; 16] = [
    0,
    1,
    2,
    7,
    0x7f,
    0x80,
    0xfe,
    0xff,
    0x100,
    0x7fff,
    0x8000,
    0xffff,
    0x7fff_ffff,
    0x8000_0000,
    0xffff_ffff,
    u64::MAX,
];
const STEPS_MAX: u32 = 6;
const REPEATS_MAX: usize = 2_000;

/// Makes new inputs of known ones, the same ones from the same seed.
pub struct Mutator<'a> {
    random: SmallRng,
    corpus: &'a [Vec<u8>],
    words: &'a [&'a str],
    bytes_max: usize,
}

impl<'a> Mutator<'a> {
    pub fn new(seed: u64, corpus: &'a [Vec<u8>], words: &'a [&'a str], bytes_max: usize) -> Self {
        Mutator {
            random: SmallRng::seed_from_u64(seed),
            corpus,
            words,
            bytes_max,
        }
    }

    pub fn next_input(&mut self) -> Vec<u8> {
        let mut input = self.known().to_vec();
        for _ in 0..self.random.random_range(1..=STEPS_MAX) {
            self.step(&mut input);
        }
        input.truncate(self.bytes_max);
        input
    }

    fn step(&mut self, input: &mut Vec<u8>) {
        let at = self.random.random_range(0..=input.len());
        match self.random.random_range(0..11u32) {
            0 if at < input.len() => input[at] ^= 1 << self.random.random_range(0..8u32),
            1 if at < input.len() => input[at] = self.random.random(),
            2 => {
                let count = self.random.random_range(1..=16);
                let bytes: Vec<u8> = (0..count).map(|_| self.random.random()).collect();
                splice(input, at, 0, &bytes);
            }
            3 => {
                let end = at + self.length_from(at, input);
                input.drain(at..end);
            }
            4 => {
                let piece = input[at..at + self.length_from(at, input)].to_vec();
                let to = self.random.random_range(0..=input.len());
                splice(input, to, 0, &piece);
            }
            5 => {
                let (edge, over) = (self.edge(), self.random.random_bool(0.8));
                splice(input, at, if over { edge.len() } else { 0 }, &edge);
            }
            6 | 7 if !self.words.is_empty() => {
                let word = self.words[self.random.random_range(0..self.words.len())].as_bytes();
                let over = self.random.random_bool(0.3);
                splice(input, at, if over { word.len() } else { 0 }, word);
            }
            8 => {
                let other = self.known();
                let from = self.random.random_range(0..=other.len());
                let piece = &other[from..from + self.length_from(from, other)];
                let over = self.random.random_bool(0.5);
                splice(input, at, if over { piece.len() } else { 0 }, piece);
            }
            9 => {
                let length = self.length_from(at, input).min(64);
                let room = self.bytes_max.saturating_sub(input.len()) / length.max(1);
                let times = self.random.random_range(0..=REPEATS_MAX.min(room));
                let run = input[at..at + length].repeat(times);
                splice(input, at, 0, &run);
            }
            _ => input.truncate(at),
        }
    }

    /// A number at the edge of something, in a width and order of its own or as digits.
    fn edge(&mut self) -> Vec<u8> {
        let number = EDGES[self.random.random_range(0..EDGES.len())];
        let width = 1 << self.random.random_range(0..4u32);
        match self.random.random_range(0..3u32) {
            0 => number.to_be_bytes()[8 - width..].to_vec(),
            1 => number.to_le_bytes()[..width].to_vec(),
            _ => number.to_string().into_bytes(),
        }
    }

    fn known(&mut self) -> &'a [u8] {
        match self.corpus.len() {
            0 => &[],
            count => &self.corpus[self.random.random_range(0..count)],
        }
    }

    /// A length that fits behind a place, short ones more often.
    fn length_from(&mut self, at: usize, input: &[u8]) -> usize {
        let left = input.len() - at;
        let most = if self.random.random_bool(0.7) {
            left.min(16)
        } else {
            left
        };
        self.random.random_range(0..=most)
    }
}

/// Puts `bytes` at a place, over the next `over` ones.
fn splice(input: &mut Vec<u8>, at: usize, over: usize, bytes: &[u8]) {
    let end = input.len().min(at + over);
    input.splice(at..end, bytes.iter().copied());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_makes_the_same_inputs_which_differ_and_stay_short() {
        let corpus = [b"to,name\n13800000001,x\n".to_vec(), Vec::new()];
        let inputs = |seed| {
            let mut mutator = Mutator::new(seed, &corpus, &["word"], 200);
            (0..1_000).map(|_| mutator.next_input()).collect::<Vec<_>>()
        };
        assert_eq!(inputs(1), inputs(1));
        assert_ne!(inputs(1), inputs(2));
        let inputs = inputs(1);
        assert!(inputs.iter().all(|input| input.len() <= 200));
        assert!(inputs.iter().any(|input| input.len() == 200));
        let distinct: std::collections::BTreeSet<_> = inputs.iter().collect();
        assert!(distinct.len() > 700, "{}", distinct.len());
    }

    #[test]
    fn nothing_is_a_beginning_too() {
        let mut mutator = Mutator::new(3, &[], &[], 50);
        assert!((0..1_000).any(|_| mutator.next_input().len() > 10));
    }
}
