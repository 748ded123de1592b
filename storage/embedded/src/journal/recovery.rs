//! From what lies in the folder to a log that may be continued, or the reason why not.

use super::chain::Chain;
use super::checkpoint;
use super::checkpoint_chain::CheckpointChain;
use super::error::{damaged, io_error};
use super::evidence::durable_by;
use super::folder::{Folder, VolumeHead};
use super::frame::FrameKind;
use super::rewrite::{remove_newest_first, rewrite};
use super::volume::{FRAMES_AT, Volume, volume_path};
use super::volume_list::{ListedVolume, VolumeList};
use super::walk::Walk;
use crate::files::Files;
use carillon_storage::journal::{FrameSeq, JournalError};
use std::path::Path;

/// A journal as it was found and, where needed, repaired.
pub(super) struct Recovered {
    pub(super) volumes: VolumeList,
    pub(super) checkpoint: CheckpointChain,
    pub(super) chain: Chain,
    /// The newest volume with frames and where the next frame goes; `None` for a new journal.
    pub(super) tail: Option<(Volume, u64)>,
    /// The empty volume after it, when there is one.
    pub(super) spare: Option<Volume>,
    /// Payload bytes after the checkpoint.
    pub(super) payload_bytes: u64,
}

/// Reads the journal in `dir` from its newest whole checkpoint on.
///
/// Damage to anything that was durable is refused. A torn tail is cut, and after an unclean stop what stays of the tail is written
/// again and synced.
pub(super) fn recover(files: &dyn Files, dir: &Path) -> Result<Recovered, JournalError> {
    let folder = Folder::tidy(files, dir)?;
    let checkpoint = choose_checkpoint(files, dir, &folder)?;
    let recovered = if folder.volumes.is_empty() {
        if let Some(at) = checkpoint.at().filter(|at| *at > FrameSeq::ZERO) {
            let detail = format!("the checkpoint after frame {} has no volumes", at.0);
            return Err(damaged(&volume_path(dir, 1), 0, detail));
        }
        let (volumes, chain) = (VolumeList::default(), Chain::START);
        Recovered {
            volumes,
            checkpoint,
            chain,
            tail: None,
            spare: None,
            payload_bytes: 0,
        }
    } else {
        recover_volumes(files, dir, &folder, checkpoint)?
    };
    for other in folder
        .checkpoints
        .iter()
        .filter(|at| !recovered.checkpoint.has(**at))
    {
        checkpoint::remove(files, dir, *other)?;
    }
    Ok(recovered)
}

fn recover_volumes(
    files: &dyn Files,
    dir: &Path,
    folder: &Folder,
    checkpoint: CheckpointChain,
) -> Result<Recovered, JournalError> {
    let at = checkpoint.at().unwrap_or(FrameSeq::ZERO);
    let (start, chain) = find_start(dir, &folder.volumes, at)?;
    let volumes = VolumeList::default();
    let walk = Walk::run(files, dir, &folder.volumes[start..], chain, at, &volumes)?;
    let (with_frames, behind) = folder.volumes.split_at(start + walk.ends.len());
    judge(files, dir, folder, &walk, behind)?;
    let mut spare = None;
    if walk.last_kind == Some(FrameKind::Closed) && behind.len() <= 1 {
        spare = behind
            .first()
            .map(|head| Volume::open(files, dir, head.index))
            .transpose()?;
    } else {
        tracing::info!(
            frame = walk.chain.seq.0,
            "the journal was not closed; its tail is written again"
        );
        remove_newest_first(files, dir, behind.iter().map(|head| head.index))?;
        for (volume, end) in &walk.ends {
            rewrite(files, dir, volume, *end)?;
        }
    }
    for head in with_frames {
        // Only a new journal's only volume may be without a first frame.
        let first = head.first().unwrap_or(walk.chain.seq.next());
        volumes.begin(ListedVolume {
            index: head.index,
            first,
            bytes: head.bytes,
        });
    }
    let tail = walk
        .ends
        .last()
        .map(|(volume, end)| Ok((Volume::open(files, dir, volume.index)?, *end)));
    Ok(Recovered {
        volumes,
        checkpoint,
        chain: walk.chain,
        tail: tail.transpose()?,
        spare,
        payload_bytes: walk.payload_bytes,
    })
}

/// The newest checkpoint that is whole and whose journal is complete; none when the journal has every frame and is replayed from
/// the first.
fn choose_checkpoint(
    files: &dyn Files,
    dir: &Path,
    folder: &Folder,
) -> Result<CheckpointChain, JournalError> {
    let oldest = folder
        .oldest()
        .ok_or_else(|| first_is_broken(dir, &folder.volumes[0]))?;
    let mut damage = None;
    for at in folder.checkpoints.iter().filter(|at| at.next() >= oldest) {
        match CheckpointChain::find(files, dir, *at) {
            Ok(chain) => return Ok(chain),
            Err(error @ JournalError::Damaged { .. }) => {
                tracing::warn!(%error, "a checkpoint is damaged; the one before it is used");
                damage.get_or_insert(error);
            }
            Err(error) => return Err(error),
        }
    }
    match damage {
        _ if oldest == FrameSeq(1) => Ok(CheckpointChain::default()),
        Some(damage) => Err(damage),
        None => {
            let place = volume_path(dir, folder.volumes[0].index);
            Err(damaged(
                &place,
                FRAMES_AT,
                format!(
                    "frame {} is the oldest, and no checkpoint leads up to it",
                    oldest.0
                ),
            ))
        }
    }
}

/// The volume that holds the checkpoint's frame, or else the oldest, and the chain before its first frame.
fn find_start(dir: &Path, volumes: &[VolumeHead], at: FrameSeq) -> Result<(usize, Chain), JournalError> {
    let holds = |head: &VolumeHead| head.first().is_some_and(|first| first <= at);
    let start = volumes.iter().rposition(holds).unwrap_or(0);
    if let Some(head) = volumes[..start].iter().find(|head| head.header.is_none()) {
        return Err(first_is_broken(dir, head));
    }
    let head = &volumes[start];
    match head.header {
        _ if head.index == 1 => Ok((start, Chain::START)),
        Some(header) => Ok((start, Chain::before(&header))),
        None => Err(first_is_broken(dir, head)),
    }
}

fn first_is_broken(dir: &Path, head: &VolumeHead) -> JournalError {
    damaged(
        &volume_path(dir, head.index),
        FRAMES_AT,
        "the first frame is not whole",
    )
}

/// Refuses when the walk ended before something that was durable.
fn judge(
    files: &dyn Files,
    dir: &Path,
    folder: &Folder,
    walk: &Walk,
    behind: &[VolumeHead],
) -> Result<(), JournalError> {
    let Some((volume, end)) = walk.ends.last() else {
        return Ok(());
    };
    let search =
        |volume: &Volume, from| durable_by(volume, from).map_err(io_error("reading frames", &volume.path));
    let here = search(volume, *end)?;
    let mut durable_upto = here;
    for head in behind {
        durable_upto = durable_upto.max(search(&Volume::open(files, dir, head.index)?, FRAMES_AT)?);
    }
    if durable_upto > walk.chain.ordinal {
        let detail = "a frame that was durable is not whole";
        return Err(match behind.first() {
            // This volume is at its end, so that the frame was in the next one.
            Some(head) if here == 0 && head.header.is_none() => {
                damaged(&volume_path(dir, head.index), FRAMES_AT, detail)
            }
            _ => damaged(&volume.path, *end, detail),
        });
    }
    match folder.checkpoints.first() {
        // A checkpoint is stored only when its frame is durable.
        Some(at) if *at > walk.chain.seq => Err(damaged(
            &volume.path,
            *end,
            format!("frames up to {} were durable and are not there", at.0),
        )),
        _ => Ok(()),
    }
}
