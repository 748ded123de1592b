use super::catalog::{account, catalog, ranges};
use super::memory_files::MemoryFiles;
use crate::{Memory, Target};
use carillon_actors::campaign::lines::LinesReader;
use carillon_actors::campaign::recipients::{Check, CheckProgress, RefusedReader};
use carillon_domain::campaign::{CampaignDraft, CampaignMessage, CampaignWords, Duplicates, LineColumns};
use carillon_storage::files::Files;
use std::io::BufReader;

/// A recipients file in whatever encoding: each line is taken or refused with its number, none is lost.
pub static RECIPIENTS: Target = Target {
    name: "recipients",
    run,
    seeds,
    words: &[
        "\"",
        "\"\"",
        ",",
        ";",
        "\t",
        "\r\n",
        "\n",
        "13800000001",
        "姓名",
        "手机号",
        "to",
        "=1+1",
        "\u{feff}",
    ],
    // The buffers of two readings, the table of recipients seen, and both lists, which this store keeps in memory.
    memory: Memory {
        fixed_bytes: 3 << 20,
        per_input_byte: 512,
    },
    input_bytes_max: 200_000,
};

fn run(input: &[u8]) {
    let files = MemoryFiles::default();
    let source = files.put(input);
    let check = Check {
        draft: &draft(),
        catalog: catalog(),
        ranges: ranges(),
        files: &files,
        progress: &CheckProgress::default(),
    };
    let Ok(checked) = check.run(source) else {
        return;
    };
    let counts = checked.counts;
    assert_eq!(counts.good + counts.refused + counts.doubles, counts.total);
    let open = |file| {
        files
            .open(file)
            .expect("memory")
            .expect("it was finished just now")
    };
    let mut lines = LinesReader::begin(open(checked.lines)).expect("our own list");
    let (mut good, mut last) = (0, 0);
    while let Some(line) = lines.next_line().expect("our own list") {
        assert!(line.number > last, "in the order of the file");
        (good, last) = (good + 1, line.number);
    }
    assert_eq!(good, counts.good);
    let mut refused = RefusedReader::new(BufReader::new(open(checked.refused))).expect("our own list");
    let mut told = 0;
    while let Some(entry) = refused.next_entry().expect("our own list") {
        assert!(!entry.code.is_empty());
        told += 1;
    }
    assert_eq!(told, counts.refused + counts.doubles);
}

fn draft() -> CampaignDraft {
    CampaignDraft {
        tenant: account().tenant,
        account: account().id,
        name: "x".into(),
        message: CampaignMessage {
            words: CampaignWords {
                text: Some("{姓名}您好，请于明天复诊".into()),
                ..CampaignWords::default()
            },
            columns: LineColumns {
                to: Some("手机号".into()),
                ..LineColumns::default()
            },
            ..CampaignMessage::default()
        },
        duplicates: Duplicates::Refuse,
        rate: None,
        schedule: None,
        resend: None,
        idempotency: None,
    }
}

fn seeds() -> Vec<Vec<u8>> {
    let file = "手机号,姓名\r\n13800000001,张三\r\n13800000002,\"李,\"\"四\"\"\"\r\n\r\n138,短\r\n13800000001,又\r\n13800000003\r\n";
    let marked = format!("\u{feff}{}", file.replace(',', "\t"));
    let open = "手机号;姓名\n13800000001;\"张\n三\"\n13800000002;\"李\n13800000003;王\n";
    let gbk = encoding_rs::GBK.encode(file).0.into_owned();
    let damaged = [&gbk[..], b"13800000005,\xff\xfe\n"].concat();
    vec![file.into(), marked.into(), open.into(), gbk, damaged]
}
