use crate::meter;
use std::time::Duration;

/// What one input may cost in processor time. Far above what any takes, so that a slow machine is no failure; what grows faster
/// than its input gets there.
const CPU_MAX: Duration = Duration::from_secs(2);

/// One parser, or a few that read the same bytes, and what must hold whatever they are given.
pub struct Target {
    pub name: &'static str,
    /// Runs the parser, and panics when something does not hold.
    pub run: fn(&[u8]),
    /// Sound inputs of today's format; files of the corpus come on top.
    pub seeds: fn() -> Vec<Vec<u8>>,
    /// Words of the format, put in by mutation.
    pub words: &'static [&'static str],
    pub memory: Memory,
    /// Mutation makes no longer inputs.
    pub input_bytes_max: usize,
}

/// A limit of memory held at once, of the parser and of what the target itself keeps.
#[derive(Clone, Copy, Debug)]
pub struct Memory {
    pub fixed_bytes: usize,
    pub per_input_byte: usize,
}

/// What an input has cost.
#[derive(Clone, Copy, Debug, Default)]
pub struct Cost {
    pub memory_bytes: usize,
    pub cpu: Duration,
}

impl Memory {
    pub fn allowed(self, input_bytes: usize) -> usize {
        self.fixed_bytes + self.per_input_byte * input_bytes
    }
}

impl Target {
    /// Runs one input.
    ///
    /// # Panics
    /// When something does not hold, or when the input costs more than its limits: that is how both engines learn of it.
    pub fn check(&self, input: &[u8]) -> Cost {
        let began = meter::cpu();
        let memory_bytes = meter::peak_bytes(|| (self.run)(input));
        let cost = Cost {
            memory_bytes,
            cpu: meter::cpu().saturating_sub(began),
        };
        let allowed = self.memory.allowed(input.len());
        let bytes = input.len();
        assert!(
            memory_bytes <= allowed,
            "{bytes} bytes of input took {memory_bytes} bytes of memory, {allowed} are allowed"
        );
        assert!(
            cost.cpu <= CPU_MAX,
            "{bytes} bytes of input took {:?} of processor time, {CPU_MAX:?} are allowed",
            cost.cpu
        );
        cost
    }

    /// Makes what is made once for all inputs (a catalog, a table), so that no input is charged for it.
    pub fn warm_up(&self) {
        (self.seeds)().iter().for_each(|seed| (self.run)(seed));
    }
}
