//! How long to wait before the next attempt to connect.

const FIRST_MS: u64 = 500;
const LONGEST_MS: u64 = 10_000;

/// Before attempt 1, 2, …: doubled each time, and a quarter more or less by `random` (0 to 1), so that many screens do
/// not come back at the same moment.
pub fn delay_ms(attempt: u32, random: f64) -> u64 {
    let whole = FIRST_MS
        .saturating_mul(1 << attempt.saturating_sub(1).min(16))
        .min(LONGEST_MS);
    (whole as f64 * (0.75 + 0.5 * random.clamp(0.0, 1.0))) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_double_up_to_a_limit() {
        let delays: Vec<_> = (0..8).map(|attempt| delay_ms(attempt, 0.5)).collect();
        assert_eq!(delays, [500, 500, 1000, 2000, 4000, 8000, 10_000, 10_000]);
        assert_eq!(delay_ms(u32::MAX, 1.0), 12_500);
        assert_eq!(delay_ms(5, 0.0), 6_000);
    }
}
