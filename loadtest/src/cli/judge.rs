use super::arguments::{Judge, Ledger, address};
use super::{print, print_json};
use anyhow::{Context, bail};
use carillon_loadtest::judge::{Expectations, RecordsReader, Settlement, Shared, Tolerance};
use carillon_loadtest::ledger::{Frame, LedgerReader};
use carillon_loadtest::load::{Outcome, read_acknowledgements};
use std::collections::HashMap;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::time::Duration;

/// How long ends may be awaited without any change.
const PATIENCE: Duration = Duration::from_secs(30);

pub async fn judge(arguments: Judge) -> anyhow::Result<bool> {
    let mut first_marker = u64::MAX;
    for acknowledgement in read_acknowledgements(&arguments.acknowledgements)? {
        first_marker = first_marker.min(acknowledgement?.marker.unwrap_or(u64::MAX));
    }
    if first_marker == u64::MAX {
        bail!(
            "no line of {} has a marker; there is nothing to join",
            arguments.acknowledgements.display()
        );
    }
    let mut settlement = Settlement::new(first_marker, 0);
    for acknowledgement in read_acknowledgements(&arguments.acknowledgements)? {
        settlement.told(&acknowledgement?)?;
    }
    let mut accounts = 0;
    for path in &arguments.ledger {
        accounts = read_ledger(path, accounts, &mut settlement)?;
    }
    let phones = phones(&arguments.acknowledgements)?;
    settlement.join_orphans(|phone| phones.get(phone.strip_prefix("86").unwrap_or(phone)).copied());
    let settlement = Shared::new(settlement);
    if let (Some(url), Some(key)) = (&arguments.url, &arguments.key) {
        RecordsReader::new(address(url)?, key)
            .follow(&settlement, PATIENCE)
            .await?;
    }
    let judgement = settlement.0.lock().judge(Tolerance {
        uncertain_max: arguments.uncertain_max,
        resends: arguments.resends,
        strangers: arguments.strangers,
        without_records: arguments.url.is_none(),
    });
    let misjudged = match &arguments.expected {
        Some(path) => misjudged(&arguments.acknowledgements, path)?,
        None => Vec::new(),
    };
    if arguments.json {
        print_json(&serde_json::json!({ "judgement": judgement, "misjudged_lines": misjudged }))?;
    } else {
        let misjudged: String = misjudged
            .iter()
            .map(|line| format!("BROKEN:  {line}\n"))
            .collect();
        print(&format!("{judgement}{misjudged}"))?;
    }
    Ok(judgement.is_clean() && misjudged.is_empty())
}

/// Accounts of the second file and later are numbered on after those before.
fn read_ledger(path: &Path, first: u16, settlement: &mut Settlement) -> anyhow::Result<u16> {
    let mut next = first;
    for frame in LedgerReader::open(path)? {
        match frame? {
            Frame::Account(mut header) => {
                header.account += first;
                next = next.max(header.account + 1);
                settlement.account(header);
            }
            Frame::Segment(mut record) => {
                record.account += first;
                settlement.arrived(record);
            }
            Frame::Summary(mut summary) => {
                summary.account += first;
                settlement.summary(summary);
            }
        }
    }
    Ok(next)
}

/// Markers by phone, for segments whose first part never arrived; phones of several messages are left out.
fn phones(path: &Path) -> anyhow::Result<HashMap<String, u64>> {
    let mut phones: HashMap<String, Option<u64>> = HashMap::new();
    for acknowledgement in read_acknowledgements(path)? {
        let acknowledgement = acknowledgement?;
        if let (Some(marker), Outcome::Accepted(_)) = (acknowledgement.marker, &acknowledgement.outcome) {
            let phone = acknowledgement.phone.to_string();
            phones
                .entry(phone)
                .and_modify(|known| *known = None)
                .or_insert(Some(marker));
        }
    }
    Ok(phones
        .into_iter()
        .filter_map(|(phone, marker)| Some((phone, marker?)))
        .collect())
}

fn misjudged(acknowledgements: &Path, expected: &Path) -> anyhow::Result<Vec<String>> {
    let text =
        std::fs::read_to_string(expected).with_context(|| format!("cannot read {}", expected.display()))?;
    let expected = Expectations::parse(&text).context("the expected refusals cannot be understood")?;
    let mut misjudged = Vec::new();
    for told in read_acknowledgements(acknowledgements)? {
        misjudged.extend(expected.misjudged(&told?));
    }
    Ok(misjudged)
}

pub fn ledger(arguments: &Ledger) -> anyhow::Result<bool> {
    let mut output = BufWriter::new(std::io::stdout().lock());
    for frame in LedgerReader::open(&arguments.file)? {
        serde_json::to_writer(&mut output, &frame?)?;
        output.write_all(b"\n")?;
    }
    output.flush()?;
    Ok(true)
}
