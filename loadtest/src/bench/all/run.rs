use super::super::beside::Machine;
use super::super::folder::Folder;
use super::super::measure::Surroundings;
use super::super::outcome::RunError;
use super::super::place::Place;
use super::figures::figures;
use super::report::{AllReport, BenchResult};
use super::short::{Ran, Short};
use carillon_domain::beijing::Moment;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

#[derive(Clone, Debug)]
pub struct AllOptions {
    pub benches: Vec<Short>,
    pub place: Place,
}

/// Runs one after the other. What cannot be done says why, and the next one follows.
pub async fn all(options: &AllOptions) -> Result<AllReport, RunError> {
    let folder = Folder::make(&options.place).map_err(RunError::File)?;
    let surroundings = Surroundings::measure(folder.path()).map_err(RunError::Measure)?;
    folder.finish(true);
    let mut report = AllReport {
        day: today(),
        versions: surroundings.versions,
        cores: surroundings.cores,
        kernel: surroundings.kernel,
        sync_p50_ms: surroundings.sync_ms.p50,
        sync_p99_ms: surroundings.sync_ms.p99,
        benches: Vec::new(),
    };
    for short in &options.benches {
        eprintln!("{} …", short.name());
        let (start, machine) = (Instant::now(), Machine::look());
        let ran = short.run(&options.place).await;
        report.benches.push(result(
            *short,
            ran,
            start.elapsed().as_secs_f64(),
            machine.cores_beside(),
        ));
    }
    Ok(report)
}

fn today() -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Moment::of(now.as_millis() as u64).date()
}

fn result(short: Short, ran: Result<Ran, RunError>, seconds: f64, cores_beside: f64) -> BenchResult {
    let result = BenchResult {
        bench: short.name().to_owned(),
        seconds,
        cores_beside,
        ..BenchResult::default()
    };
    match ran {
        Ok(ran) => BenchResult {
            good: ran.complaints.is_empty(),
            figures: figures(&ran.report),
            remarks: ran.complaints,
            ..result
        },
        Err(error) => BenchResult {
            // Where there is no room for it nothing was broken.
            good: matches!(error, RunError::Room { .. }),
            remarks: vec![format!("not measured: {error}")],
            ..result
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_run_without_room_is_forgiven() {
        let room = RunError::Room {
            what: "disk",
            needed: 2,
            free: 1,
        };
        let failed = RunError::Campaign("it stands still");
        let broken = Ran {
            report: serde_json::json!({ "lost": 3 }),
            complaints: vec!["3 lost".to_owned()],
        };
        let good = |ran| result(Short::Batch, ran, 1.0, 0.0).good;
        assert!(good(Err(room)) && !good(Err(failed)) && !good(Ok(broken.clone())));
        let result = result(Short::Batch, Ok(broken), 1.0, 0.0);
        assert_eq!((result.figures["lost"], result.remarks.len()), (3.0, 1));
    }
}
