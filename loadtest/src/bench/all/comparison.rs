use super::figures::KEYS;
use super::report::AllReport;
use std::fmt;

/// A result beside the last one.
pub struct Comparison<'a> {
    now: &'a AllReport,
    last: Option<&'a AllReport>,
}

/// One figure.
struct Line<'a> {
    bench: &'a str,
    key: &'static str,
    now: f64,
    last: Option<f64>,
    ratio: Option<f64>,
    marked: bool,
}

impl<'a> Comparison<'a> {
    pub fn new(now: &'a AllReport, last: Option<&'a AllReport>) -> Self {
        Comparison { now, last }
    }

    fn lines(&self) -> impl Iterator<Item = Line<'a>> {
        let last = self.last;
        self.now.benches.iter().flat_map(move |result| {
            KEYS.iter().filter_map(move |key| {
                let now = *result.figures.get(key.name)?;
                let last = last.and_then(|last| last.figure(&result.bench, key.name));
                let ratio = last.map(|last| ratio(now, last));
                Some(Line {
                    bench: &result.bench,
                    key: key.name,
                    now,
                    last,
                    ratio,
                    marked: ratio.is_some_and(|ratio| !key.bound.holds(ratio)),
                })
            })
        })
    }
}

/// Nothing and nothing are alike.
fn ratio(now: f64, last: f64) -> f64 {
    if now == last { 1.0 } else { now / last }
}

/// A table; what is beyond its bound has a mark.
impl fmt::Display for Comparison<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        describe(f, "now ", self.now)?;
        match self.last {
            Some(last) => describe(f, "last", last)?,
            None => writeln!(f, "last: nothing is stored")?,
        }
        writeln!(
            f,
            "\n{:<10} {:<26} {:>12} {:>12} {:>7}",
            "bench", "figure", "now", "last", "ratio"
        )?;
        for line in self.lines() {
            let figure = |value: Option<f64>| value.map(short).unwrap_or_default();
            let ratio = line.ratio.map(|ratio| format!("{ratio:.2}")).unwrap_or_default();
            let row = format!(
                "{:<10} {:<26} {:>12} {:>12} {ratio:>7} {}",
                line.bench,
                line.key,
                short(line.now),
                figure(line.last),
                if line.marked { "!" } else { "" }
            );
            writeln!(f, "{}", row.trim_end())?;
        }
        writeln!(f)?;
        for result in &self.now.benches {
            let word = if result.good {
                "kept its promises"
            } else {
                "BROKE A PROMISE"
            };
            writeln!(
                f,
                "{:<10} {word}, {:.0} s, {:.1} cores busy beside it",
                result.bench, result.seconds, result.cores_beside
            )?;
            for remark in &result.remarks {
                writeln!(f, "           {remark}")?;
            }
        }
        Ok(())
    }
}

fn describe(f: &mut fmt::Formatter<'_>, when: &str, report: &AllReport) -> fmt::Result {
    let versions = &report.versions;
    writeln!(
        f,
        "{when}: {}, carillon {} ({}), {}, {}, Linux {}, {} cores, fdatasync p50 {:.2} ms, p99 {:.2} ms",
        report.day,
        versions.carillon,
        versions.commit.as_deref().unwrap_or("no commit"),
        versions.rustc,
        versions.profile,
        report.kernel,
        report.cores,
        report.sync_p50_ms,
        report.sync_p99_ms
    )
}

/// Three digits that say something.
fn short(value: f64) -> String {
    match value.abs() {
        0.0 => "0".to_owned(),
        size if size >= 100.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::report::tests::report;
    use super::*;

    #[test]
    fn what_is_beyond_its_bound_is_marked() {
        let last = report(&[
            ("batch", "messages_per_s", 100_000.0),
            ("batch", "p99_ms", 10.0),
            ("batch", "lost", 0.0),
        ]);
        let now = report(&[
            ("batch", "messages_per_s", 80_000.0),
            ("batch", "p99_ms", 19.0),
            ("batch", "lost", 1.0),
            ("search", "p99_ms", 3.0),
        ]);
        let marked = |now: &AllReport, last: Option<&AllReport>| -> Vec<_> {
            let lines = Comparison::new(now, last).lines().collect::<Vec<_>>();
            lines
                .iter()
                .filter(|line| line.marked)
                .map(|line| line.key)
                .collect()
        };
        assert_eq!(marked(&now, Some(&last)), ["messages_per_s", "lost"]);
        assert_eq!(marked(&last, Some(&last)), [""; 0]);
        assert_eq!(marked(&now, None), [""; 0]);
        let table = Comparison::new(&now, Some(&last)).to_string();
        assert!(table.contains("80000       100000    0.80 !"), "{table}");
        assert!(
            table.contains("search     p99_ms                             3.00\n"),
            "{table}"
        );
    }
}
