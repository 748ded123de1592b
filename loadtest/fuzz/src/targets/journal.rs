use crate::input::{Input, chunk};
use crate::{Memory, Target};
use carillon_embedded::files::{Files, SimulatedFiles};
use carillon_embedded::journal::{EmbeddedJournal, JournalOptions};
use carillon_storage::journal::{FrameSeq, Journal, JournalError, Part};
use crc32c::{crc32c, crc32c_append};
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};

/// A journal's folder in which bytes were changed. It opens with the frames that were written, up to a point, or says where it
/// is damaged. Sums can be made right again behind a change, as no accident does.
pub static JOURNAL: Target = Target {
    name: "journal",
    run,
    seeds,
    words: &["\u{5}", "CARILJNL", "CARILCKP"],
    // Volumes and what the simulated disk keeps of them twice, and the buffer for a piece of a checkpoint.
    memory: Memory {
        fixed_bytes: 8 << 20,
        per_input_byte: 64,
    },
    input_bytes_max: 2_000,
};

const DIR: &str = "/journal";
const VOLUME_BYTES: u64 = 16 * 1024;
const FRAMES_AT: usize = 4096;
const FRAME_MAGIC: [u8; 4] = *b"\xf5CJf";
const FRAME_HEADER_BYTES: usize = 48;
const FRAMES: u64 = 24;

/// The files of a journal with three volumes and a checkpoint of two files in the second, closed in order.
static SOUND: LazyLock<Vec<(PathBuf, Vec<u8>)>> = LazyLock::new(|| {
    let files = SimulatedFiles::new(1);
    let journal = open(&files).expect("an empty folder");
    for number in 1..=FRAMES {
        journal.append(payload(number)).expect("room");
        if number == FRAMES / 2 + 1 {
            let state = [part(1, 300), part(2, 40)];
            journal
                .save_checkpoint(FrameSeq(number - 1), &state)
                .expect("room");
            let changed = [part(2, 50)];
            journal.save_checkpoint(FrameSeq(number), &changed).expect("room");
        }
    }
    journal.close().expect("a disk that works");
    let names = files.list(Path::new(DIR)).expect("our folder");
    let named = names.into_iter().filter(|name| name != "lock");
    let mut sound: Vec<_> = named
        .map(|name| Path::new(DIR).join(name))
        .map(|path| (path.clone(), files.content(&path).expect("it was listed")))
        .collect();
    sound.sort();
    sound
});

fn part(key: u64, bytes: usize) -> Part {
    Part {
        key,
        bytes: vec![9; bytes],
    }
}

fn payload(number: u64) -> Vec<u8> {
    number.to_le_bytes().repeat(150)
}

fn open(files: &SimulatedFiles) -> Result<EmbeddedJournal, JournalError> {
    let options = JournalOptions {
        volume_bytes: VOLUME_BYTES,
        ..JournalOptions::default()
    };
    EmbeddedJournal::open(Path::new(DIR), options, Arc::new(files.clone()))
}

/// Changes: the file, what is done with it, and where.
fn run(input: &[u8]) {
    let mut folder = SOUND.clone();
    let mut resealed = false;
    let mut input = Input::new(input);
    while !input.is_empty() {
        let (file, what, at, with) = (input.byte(), input.byte(), input.short(), input.chunk());
        let file = usize::from(file) % folder.len();
        match what % 8 {
            7 if folder.len() > 1 => drop(folder.remove(file)),
            6 => folder[file].1.truncate(at.into()),
            5 => {
                reseal(&mut folder[file].1);
                resealed = true;
            }
            _ => {
                let content = &mut folder[file].1;
                let at = usize::from(at).min(content.len());
                let end = content.len().min(at + with.len());
                content[at..end].copy_from_slice(&with[..end - at]);
            }
        }
    }
    let files = SimulatedFiles::new(1);
    files.create_dir(Path::new(DIR)).expect("memory");
    for (path, content) in &folder {
        let file = files.create(path).expect("memory");
        file.write_at(0, content)
            .and_then(|()| file.datasync())
            .expect("memory");
    }
    files.sync_dir(Path::new(DIR)).expect("memory");
    let Ok(journal) = open(&files) else {
        return;
    };
    // The state of a checkpoint is not read before it is asked for.
    let _state = journal.load_checkpoint(&mut drop).is_ok();
    let Ok(mut frames) = journal.read(journal.oldest()) else {
        return;
    };
    while let Ok(Some(frame)) = frames.next_frame() {
        if !resealed {
            assert_eq!(frame.payload, payload(frame.seq.0), "frame {}", frame.seq.0);
        }
    }
}

/// Makes the sums of a volume or checkpoint right.
fn reseal(content: &mut [u8]) {
    if content.starts_with(b"CARILCKP") && content.len() >= 48 {
        let crc = crc32c(&content[..44]);
        content[44..48].copy_from_slice(&crc.to_le_bytes());
        if let Some((state, sum)) = content[48..].split_last_chunk_mut::<4>() {
            *sum = crc32c_append(0, state).to_le_bytes();
        }
        return;
    }
    if content.len() < FRAMES_AT {
        return;
    }
    let crc = crc32c(&content[..28]);
    content[28..32].copy_from_slice(&crc.to_le_bytes());
    let salt = u32::from_le_bytes([content[12], content[13], content[14], content[15]]);
    let mut at = FRAMES_AT;
    while at + FRAME_HEADER_BYTES <= content.len() && content[at..].starts_with(&FRAME_MAGIC) {
        let length = [
            content[at + 8],
            content[at + 9],
            content[at + 10],
            content[at + 11],
        ];
        let length = u32::from_le_bytes(length) as usize;
        let body = at + FRAME_HEADER_BYTES;
        let end = content.len().min(body.saturating_add(length));
        let sum = crc32c(&content[body..end]);
        content[at + 44..body].copy_from_slice(&sum.to_le_bytes());
        let sum = crc32c_append(salt, &content[at + 8..body]);
        content[at + 4..at + 8].copy_from_slice(&sum.to_le_bytes());
        at = end.next_multiple_of(8);
    }
}

fn seeds() -> Vec<Vec<u8>> {
    let change = |file: u8, what: u8, at: u16, with: &[u8]| {
        [&[file, what], &at.to_be_bytes()[..], &chunk(with)].concat()
    };
    let mut seeds = vec![Vec::new()];
    for file in 0..5 {
        seeds.push(change(file, 0, 4096 + 60, b"x"));
        seeds.push(change(file, 6, 9_000, b""));
        seeds.push(change(file, 7, 0, b""));
        // The length, the numbers and the mark of what is durable of a frame's header, with right sums.
        for at in [8, 12, 16, 24, 32, 40] {
            let changed = change(file, 0, 4096 + at, &[0xff; 8]);
            seeds.push([changed, change(file, 5, 0, b"")].concat());
        }
        for at in [16, 24] {
            let changed = change(file, 0, at, &[0xff; 8]);
            seeds.push([changed, change(file, 5, 0, b"")].concat());
        }
    }
    seeds
}
