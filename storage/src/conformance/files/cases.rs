use super::Stage;
use crate::conformance::Random;
use crate::files::{Files, FilesError};
use carillon_domain::content::FileHash;
use std::io::{self, Read, Seek, SeekFrom, Write};

const LIMIT: u64 = 1 << 20;

fn store(files: &dyn Files, content: &[u8]) -> Result<FileHash, FilesError> {
    let mut writer = files.begin(LIMIT)?;
    for piece in content.chunks(777) {
        if let Err(source) = writer.write_all(piece) {
            return Err(FilesError::Io {
                operation: "writing",
                place: "a new file".to_owned(),
                source,
            });
        }
    }
    writer.finish()
}

fn content(files: &dyn Files, file: FileHash) -> Option<Vec<u8>> {
    let mut content = Vec::new();
    files.open(file).unwrap()?.read_to_end(&mut content).unwrap();
    Some(content)
}

pub fn a_file_comes_back_by_its_hash(stage: &dyn Stage) {
    let files = stage.open().unwrap();
    let hash = store(&*files, b"abc").unwrap();
    // FIPS 180-2, appendix B.1.
    assert_eq!(
        hash.to_string(),
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    );
    assert_eq!(content(&*files, hash).unwrap(), b"abc");
    assert_eq!(files.size(hash).unwrap(), Some(3));
}

pub fn files_of_every_size_come_back(stage: &dyn Stage) {
    let mut random = Random::new(1);
    let files = stage.open().unwrap();
    for bytes in [0, 1, 63, 64, 65, 65_535, 65_536, 65_537, 300_000] {
        let written = random.bytes(bytes);
        let hash = store(&*files, &written).unwrap();
        assert_eq!(content(&*files, hash).unwrap(), written, "{bytes} bytes");
        assert_eq!(files.size(hash).unwrap(), Some(bytes as u64));
    }
}

pub fn the_same_content_is_the_same_file(stage: &dyn Stage) {
    let files = stage.open().unwrap();
    let first = store(&*files, b"once").unwrap();
    let names = stage.names();
    assert_eq!(store(&*files, b"once").unwrap(), first);
    assert_eq!(stage.names(), names);
    assert_ne!(store(&*files, b"twice").unwrap(), first);
}

pub fn reading_starts_anywhere(stage: &dyn Stage) {
    let files = stage.open().unwrap();
    let written = Random::new(2).bytes(100_000);
    let hash = store(&*files, &written).unwrap();
    let mut reader = files.open(hash).unwrap().unwrap();
    for (at, bytes) in [(0, 10), (70_000, 20_000), (99_990, 100), (5, 1), (200_000, 4)] {
        reader.seek(SeekFrom::Start(at as u64)).unwrap();
        let mut read = Vec::new();
        reader.by_ref().take(bytes).read_to_end(&mut read).unwrap();
        let from = at.min(written.len());
        let to = (at + bytes as usize).min(written.len());
        assert_eq!(read, written[from..to], "{bytes} bytes at {at}");
    }
    reader.seek(SeekFrom::Start(50)).unwrap();
    assert_eq!(reader.seek(SeekFrom::Current(-20)).unwrap(), 30);
    assert_eq!(reader.seek(SeekFrom::End(-1)).unwrap(), 99_999);
    assert!(
        reader.seek(SeekFrom::Current(-100_000)).is_err(),
        "before the beginning"
    );
}

pub fn what_is_not_there_is_none(stage: &dyn Stage) {
    let files = stage.open().unwrap();
    let nobody = FileHash([7; 32]);
    assert!(files.open(nobody).unwrap().is_none());
    assert_eq!(files.size(nobody).unwrap(), None);
    assert!(!files.remove(nobody).unwrap());
}

pub fn an_unfinished_file_is_never_seen(stage: &dyn Stage) {
    let files = stage.open().unwrap();
    let kept = store(&*files, b"kept").unwrap();
    let names = stage.names();
    let mut dropped = files.begin(LIMIT).unwrap();
    dropped.write_all(b"begun").unwrap();
    drop(dropped);
    assert_eq!(stage.names(), names, "dropped");
    let mut lost = files.begin(LIMIT).unwrap();
    lost.write_all(b"begun").unwrap();
    stage.power_cut(100);
    drop(lost);
    let files = stage.open().unwrap();
    assert_eq!(stage.names(), names, "of an earlier process");
    assert_eq!(content(&*files, kept).unwrap(), b"kept");
}

pub fn a_file_over_its_limit_is_refused(stage: &dyn Stage) {
    let files = stage.open().unwrap();
    let mut writer = files.begin(10).unwrap();
    writer.write_all(&[1; 10]).unwrap();
    let error = writer.write_all(&[1]).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::FileTooLarge);
    drop(writer);
    assert_eq!(stage.names(), 0);
    let mut whole = files.begin(10).unwrap();
    whole.write_all(&[1; 10]).unwrap();
    whole.finish().unwrap();
    assert_eq!(stage.names(), 1);
}

pub fn a_removed_file_is_gone_and_readers_read_on(stage: &dyn Stage) {
    let files = stage.open().unwrap();
    let hash = store(&*files, b"for a while").unwrap();
    let mut reader = files.open(hash).unwrap().unwrap();
    assert!(files.remove(hash).unwrap());
    assert!(!files.remove(hash).unwrap());
    assert!(files.open(hash).unwrap().is_none());
    let mut read = Vec::new();
    reader.read_to_end(&mut read).unwrap();
    assert_eq!(read, b"for a while");
    assert_eq!(store(&*files, b"for a while").unwrap(), hash);
    assert_eq!(content(&*files, hash).unwrap(), b"for a while");
}

pub fn finished_files_survive_power_cuts_at_any_moment(stage: &dyn Stage) {
    let mut random = Random::new(3);
    let mut finished = Vec::new();
    for nth in 1..120 {
        let files = stage.open().unwrap();
        for (hash, written) in &finished {
            assert_eq!(
                content(&*files, *hash).as_ref(),
                Some(written),
                "before cut {nth}"
            );
        }
        stage.power_cut_at(nth % 12 + 1, nth);
        for _ in 0..4 {
            let bytes = random.below(5_000) as usize;
            let written = random.bytes(bytes);
            match store(&*files, &written) {
                Ok(hash) => finished.push((hash, written)),
                Err(_) => break,
            }
        }
        stage.power_cut(nth);
    }
    assert!(finished.len() > 50, "only {} were stored", finished.len());
    let files = stage.open().unwrap();
    assert!(
        finished
            .iter()
            .all(|(hash, written)| content(&*files, *hash).as_ref() == Some(written))
    );
}

pub fn a_failed_sync_is_told(stage: &dyn Stage) {
    let files = stage.open().unwrap();
    stage.fail_syncs();
    assert!(store(&*files, b"never on the disk").is_err());
    stage.heal();
    let hash = store(&*files, b"never on the disk").unwrap();
    stage.power_cut(4);
    assert!(content(&*stage.open().unwrap(), hash).is_some());
}

pub fn a_full_disk_is_told(stage: &dyn Stage) {
    let files = stage.open().unwrap();
    let kept = store(&*files, b"kept").unwrap();
    stage.fill_disk();
    let error = store(&*files, &[5; 200_000]).unwrap_err();
    assert!(error.is_full(), "{error:?}");
    stage.heal();
    let files = stage.open().unwrap();
    assert_eq!(content(&*files, kept).unwrap(), b"kept");
    assert_eq!(stage.names(), 1, "nothing of it is left");
}
