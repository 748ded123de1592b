use super::{Failure, Operation, SimulatedFiles};
use crate::files::{File, Files, write_zeros};
use std::path::Path;
use std::sync::Arc;

const DIR: &str = "/journal";

fn durable_file(files: &SimulatedFiles, name: &str, bytes: usize) -> Arc<dyn File> {
    let file = files.create(&Path::new(DIR).join(name)).unwrap();
    write_zeros(&*file, 0, bytes as u64).unwrap();
    file.datasync().unwrap();
    files.sync_dir(Path::new(DIR)).unwrap();
    file
}

fn content(files: &SimulatedFiles, name: &str) -> Option<Vec<u8>> {
    files.content(&Path::new(DIR).join(name))
}

#[test]
fn synced_bytes_survive_every_power_cut() {
    for seed in 0..50 {
        let files = SimulatedFiles::new(seed);
        let file = durable_file(&files, "a", 4096);
        file.write_at(100, &[7; 3000]).unwrap();
        file.datasync().unwrap();
        files.power_cut(seed);
        assert_eq!(
            &content(&files, "a").unwrap()[100..3100],
            [7; 3000],
            "seed {seed}"
        );
    }
}

#[test]
fn unsynced_bytes_are_lost_or_kept_by_the_sector() {
    let (mut lost, mut kept, mut torn) = (0, 0, 0);
    for seed in 0..200 {
        let files = SimulatedFiles::new(seed);
        durable_file(&files, "a", 4096).write_at(0, &[7; 4096]).unwrap();
        files.power_cut(seed);
        let content = content(&files, "a").unwrap();
        let sectors: Vec<_> = content.chunks(512).map(|sector| sector[0]).collect();
        assert!(
            content
                .chunks(512)
                .zip(&sectors)
                .all(|(sector, first)| sector.iter().all(|b| b == first))
        );
        match sectors.iter().filter(|first| **first == 7).count() {
            0 => lost += 1,
            8 => kept += 1,
            _ => torn += 1,
        }
    }
    assert!(
        lost > 10 && kept > 10 && torn > 10,
        "lost {lost}, kept {kept}, torn {torn}"
    );
}

#[test]
fn names_need_a_sync_of_their_folder() {
    let (mut renamed, mut not) = (0, 0);
    for seed in 0..100 {
        let files = SimulatedFiles::new(seed);
        durable_file(&files, "a", 1);
        files
            .rename(&Path::new(DIR).join("a"), &Path::new(DIR).join("b"))
            .unwrap();
        files.power_cut(seed);
        match (content(&files, "a"), content(&files, "b")) {
            (Some(_), None) => not += 1,
            (None, Some(_)) => renamed += 1,
            other => panic!("a rename is whole or not at all: {other:?}"),
        }
    }
    assert!(renamed > 10 && not > 10, "renamed {renamed}, not {not}");
}

#[test]
fn handles_of_the_time_before_a_cut_are_dead() {
    let files = SimulatedFiles::new(1);
    let file = durable_file(&files, "a", 512);
    files.power_cut_at(2, 1);
    file.write_at(0, &[1]).unwrap();
    assert!(file.datasync().is_err());
    assert!(file.write_at(0, &[2]).is_err());
    assert!(files.list(Path::new(DIR)).is_err());
    assert_eq!(files.restart().list(Path::new(DIR)).unwrap(), ["a"]);
}

#[test]
fn a_failed_sync_leaves_a_cache_that_lies() {
    let files = SimulatedFiles::new(5);
    let file = durable_file(&files, "a", 8192);
    file.write_at(0, &[7; 8192]).unwrap();
    files.fail(Operation::DataSync, 1, Failure::Broken);
    assert!(file.datasync().is_err());
    file.datasync().unwrap();
    assert_eq!(
        content(&files, "a").unwrap(),
        [7; 8192],
        "the cache still shows it"
    );
    files.power_cut(0);
    assert_ne!(content(&files, "a").unwrap(), [7; 8192], "the disk never got it");
}

#[test]
fn faults_hit_the_operation_they_are_meant_for() {
    let files = SimulatedFiles::new(5);
    let file = durable_file(&files, "a", 512);
    let writes = files.count(Operation::Write);
    files.fail(Operation::Write, 2, Failure::ShortWrite);
    file.write_at(0, &[1; 10]).unwrap();
    assert_eq!(
        file.write_at(0, &[2; 10]).unwrap_err().kind(),
        std::io::ErrorKind::StorageFull
    );
    assert_eq!(
        content(&files, "a").unwrap()[..10],
        [2, 2, 2, 2, 2, 1, 1, 1, 1, 1]
    );
    file.write_at(0, &[3; 10]).unwrap();
    assert_eq!(files.count(Operation::Write), writes + 3);
}

#[test]
fn a_disk_whose_sync_does_nothing_loses_what_it_promised() {
    let lost = (0..20).any(|seed| {
        let files = SimulatedFiles::new(seed);
        let file = durable_file(&files, "a", 512);
        files.set_sync_works(false);
        file.write_at(0, &[7]).unwrap();
        file.datasync().unwrap();
        files.power_cut(seed);
        content(&files, "a").unwrap()[0] != 7
    });
    assert!(lost);
}

#[test]
fn a_lock_is_held_once_and_goes_with_its_process() {
    let files = SimulatedFiles::new(1);
    let path = Path::new(DIR).join("lock");
    let held = files.lock(&path).unwrap();
    assert!(held.is_some() && files.lock(&path).unwrap().is_none());
    let next = files.restart();
    let held_by_next = next.lock(&path).unwrap();
    assert!(held_by_next.is_some());
    drop(held);
    assert!(
        next.lock(&path).unwrap().is_none(),
        "the dead process frees nothing"
    );
}
