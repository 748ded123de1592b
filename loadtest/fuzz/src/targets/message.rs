use super::catalog::{account, catalog, ranges};
use super::memory_files::MemoryFiles;
use super::texts;
use crate::{Memory, Target};
use carillon::send::{Checker, parse};
use carillon_domain::time::UnixMs;

pub const WORDS: &[&str] = &[
    "\"to\":\"13800000001\"",
    "\"mail\":\"a@b.example\"",
    "\"text\":\"您好\"",
    "\"html\":\"<p>x</p>\"",
    "\"template\":\"登录验证码\"",
    "\"variables\":{\"code\":\"123456\"}",
    "\"strategy\":\"短信不达转邮件\"",
    "\"plan\":[{\"channel\":\"sms\"},{\"channel\":\"mail\",\"when\":\"failed\"}]",
    "\"attachments\":[{\"name\":\"x\",\"file\":\"0\"}]",
    "\"validity_s\":60",
    "\"send_at\":\"2026-03-01T08:30:00+08:00\"",
    "\"window\":\"08:00-20:00\"",
    "\\u0000",
    "\\ud83d\\ude00",
    "[[[[[[[[",
    "{\"a\":{\"a\":",
    "1e999",
];

/// One message as JSON, through every check that needs no state.
pub static MESSAGE: Target = Target {
    name: "message",
    run,
    seeds,
    words: WORDS,
    // Texts in several forms, their plan, and the errors' words.
    memory: Memory {
        fixed_bytes: 128 * 1024,
        per_input_byte: 128,
    },
    input_bytes_max: 64 * 1024,
};

const NOW: UnixMs = UnixMs(1_772_000_000_000);
/// A refusal repeats nothing long.
const DETAIL_BYTES_MAX: usize = 2_000;

fn run(input: &[u8]) {
    let files = MemoryFiles::default();
    let checked = parse(input)
        .and_then(|message| Checker::over(catalog(), account(), ranges(), &files, NOW).prepare(&message));
    match checked {
        Ok(message) => {
            assert!(!message.plan.is_empty());
            assert!(message.plan.iter().all(|attempt| attempt.segments >= 1));
        }
        Err(fault) => assert!(
            fault.detail.len() <= DETAIL_BYTES_MAX,
            "{} bytes",
            fault.detail.len()
        ),
    }
}

pub fn seeds() -> Vec<Vec<u8>> {
    texts(&[
        r#"{"to":"13800000001","text":"您好"}"#,
        r#"{"to":"+86 138-0000-0001","template":"登录验证码","variables":{"code":123456},"reference":"visit-1","validity_s":300}"#,
        r#"{"mail":"name@example.org","subject":"报告","html":"<html><body><p>您好&nbsp;<b>张</b></p><script>x</script></body></html>","priority":"low"}"#,
        r#"{"to":"13800000001","mail":"name@example.org","template":"报告已出","variables":{"name":"张三","item":"血常规"},"strategy":"短信不达转邮件","window":"08:00-20:00","send_at":"2026-03-01T08:30:00+08:00"}"#,
        r#"{"to":"13800000001","text":"a","plan":[{"channel":"sms"},{"channel":"mail","text":"b","subject":"c","when":{"not_delivered_within_s":300},"attachments":[{"name":"x.pdf","file":"0000000000000000000000000000000000000000000000000000000000000000"}]}],"mail":"a@b.example","signature":"医院"}"#,
    ])
}
