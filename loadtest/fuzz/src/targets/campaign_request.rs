use super::catalog::account;
use super::memory_files::MemoryFiles;
use super::message::WORDS;
use super::texts;
use crate::{Memory, Target};
use carillon::campaign::{draft, parse};
use carillon_api::{CampaignRequest, RateRequest, ResendRequest, ScheduleRequest};
use carillon_domain::time::UnixMs;

/// What a caller asks a campaign to be, and to do later.
pub static CAMPAIGN_REQUEST: Target = Target {
    name: "campaign_request",
    run,
    seeds,
    words: WORDS,
    memory: Memory {
        fixed_bytes: 128 * 1024,
        per_input_byte: 128,
    },
    input_bytes_max: 32 * 1024,
};

const NOW: UnixMs = UnixMs(1_772_000_000_000);

fn run(input: &[u8]) {
    let files = MemoryFiles::default();
    let asked = parse::<CampaignRequest<'_>>(input);
    if let Ok(draft) = asked.and_then(|asked| draft(&files, account(), &asked, NOW)) {
        assert!(!draft.name.is_empty());
        assert!(
            draft
                .schedule
                .is_none_or(|schedule| schedule.at < schedule.expires_at)
        );
    }
    let _later = (
        parse::<ScheduleRequest>(input).is_ok(),
        parse::<RateRequest>(input).is_ok(),
        parse::<ResendRequest>(input).is_ok(),
    );
}

fn seeds() -> Vec<Vec<u8>> {
    texts(&[
        r#"{"name":"复诊提醒","text":"{name}您好，请于{date}复诊","columns":{"to":"手机号","variables":{"name":"姓名","date":"日期"}}}"#,
        r#"{"name":"体检","template":"预约成功","columns":{"to":"to","reference":"no"},"rate_per_second":50,"duplicates":"allow","schedule":{"at":"2026-03-01T08:30:00+08:00","expires_at":"2026-03-01T09:30:00+08:00"}}"#,
        r#"{"name":"x","text":"a","columns":{"to":"to","mail":"mail"},"plan":[{"channel":"sms"},{"channel":"mail","subject":"s","text":"b","when":"failed"}],"window":"08:00-20:00"}"#,
        r#"{"at":"2026-03-01T08:30:00+08:00"}"#,
        "",
    ])
}
