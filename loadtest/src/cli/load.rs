use super::arguments::{Load, RemindersFile, address};
use super::print_json;
use anyhow::Context;
use carillon_loadtest::judge::Expectations;
use carillon_loadtest::load::{
    self as generator, AcknowledgementLog, AcknowledgementSink, Discard, FileSource, LoadOptions,
    PatternSource, SendSms, Source,
};
use carillon_loadtest::reminders::Reminders;
use std::io::{BufWriter, Write};

pub async fn load(arguments: Load) -> anyhow::Result<bool> {
    let mut source: Box<dyn Source> = match (&arguments.file, arguments.generate) {
        (Some(path), _) => {
            Box::new(FileSource::open(path).with_context(|| format!("cannot read {}", path.display()))?)
        }
        (None, count) => Box::new(PatternSource::new(
            0,
            count.unwrap_or(0),
            arguments.long_every,
            arguments.lines,
        )),
    };
    let mut sink: Box<dyn AcknowledgementSink> = match &arguments.acknowledgements {
        Some(path) => Box::new(AcknowledgementLog::create(path)?),
        None => Box::new(Discard),
    };
    let run = arguments
        .run
        .unwrap_or_else(|| format!("{:016x}", rand::random::<u64>()));
    let sendsms = match &arguments.sendsms {
        Some(login) => {
            let (user, password) = login.split_once(':').context("not of the form USER:PASSWORD")?;
            Some(SendSms::new(user, password, arguments.receipts))
        }
        None => None,
    };
    let options = LoadOptions {
        lines_per_request: arguments.lines,
        single: arguments.single || sendsms.is_some(),
        sendsms,
        connections: arguments.connections,
        rate: arguments.rate,
        progress_bar: true,
        ..LoadOptions::new(address(&arguments.url)?, &arguments.key, &run)
    };
    let report = generator::run(&options, source.as_mut(), sink.as_mut()).await?;
    print_json(&report)?;
    Ok(report.unanswered == 0)
}

pub fn reminders(arguments: &RemindersFile) -> anyhow::Result<bool> {
    let mut lines = BufWriter::new(std::io::stdout().lock());
    let mut expectations = Expectations::default();
    let count = usize::try_from(arguments.count).context("too many lines")?;
    for reminder in Reminders::new(arguments.seed, arguments.broken).take(count) {
        writeln!(lines, "{}", reminder.json)?;
        expectations.expect(&reminder);
    }
    lines.flush()?;
    if let Some(path) = &arguments.expected {
        std::fs::write(path, expectations.to_text())
            .with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(true)
}
