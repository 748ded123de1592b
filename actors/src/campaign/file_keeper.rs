use crate::lane::SharedLane;
use carillon_domain::content::FileHash;
use carillon_storage::files::Files;
use std::rc::Rc;
use std::sync::Arc;
use tokio::sync::{OwnedRwLockReadGuard, RwLock, oneshot};

/// As long as it lives no file is removed: no fact tells yet of what is stored meanwhile, and the same content may be what
/// another campaign has left.
pub struct FilesKept {
    _guard: OwnedRwLockReadGuard<()>,
}

/// Keeps who stores files and who removes them apart.
#[derive(Clone, Default)]
pub struct FileKeeper(Arc<RwLock<()>>);

impl FileKeeper {
    /// To be held from before a file is stored until the fact that refers to it is recorded.
    pub async fn keep(&self) -> FilesKept {
        FilesKept {
            _guard: self.0.clone().read_owned().await,
        }
    }
}

/// Removes what campaigns have left and nobody refers to, once that they left it is durable. While files are kept nothing is
/// removed; the next call does it.
pub(crate) fn remove_left(shared: &Rc<SharedLane>) {
    let Some(tools) = shared.campaigns.tools() else {
        return;
    };
    if !shared.read(|core| core.columns().campaigns().has_left()) {
        return;
    }
    let Ok(alone) = tools.keeper.0.try_write_owned() else {
        return;
    };
    let (told, durable) = oneshot::channel();
    let left = shared.with(|core, _| {
        let left = core.take_left_files();
        core.tell_when_durable(told);
        left
    });
    let files = tools.files;
    actix::spawn(async move {
        if durable.await.is_ok() {
            let _a_panic_was_logged = tokio::task::spawn_blocking(move || remove(&*files, &left)).await;
        }
        drop(alone);
    });
}

fn remove(files: &dyn Files, left: &[FileHash]) {
    for file in left {
        if let Err(error) = files.remove(*file) {
            tracing::warn!(%error, "a file of a campaign that is gone stays");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::LaneHandle;
    use crate::supervision_tests::{draft, node, until};
    use carillon_domain::campaign::{Campaign, CampaignChange, CampaignState};
    use carillon_domain::ids::CampaignId;
    use std::io::Write;

    /// Nobody listens there.
    const NO_CARRIER: u16 = 9;
    const RECIPIENTS: &[u8] = b"to,n\n13800000001,1\n13800000002,2\n";

    async fn campaign(handle: &LaneHandle, id: CampaignId) -> Campaign {
        handle.campaign(None, id).await.unwrap().unwrap().campaign
    }

    async fn uploaded(handle: &LaneHandle) -> (CampaignId, FileHash) {
        let mut writer = handle.files().unwrap().begin(1 << 20).unwrap();
        writer.write_all(RECIPIENTS).unwrap();
        let source = writer.finish().unwrap();
        let bytes = RECIPIENTS.len() as u64;
        let (id, _) = handle.draft_campaign(draft()).await.unwrap();
        let change = CampaignChange::Uploaded { source, bytes };
        handle.change_campaign(None, id, change).await.unwrap();
        (id, source)
    }

    #[actix::test]
    async fn what_is_stored_again_while_it_is_left_stays() {
        let folder = tempfile::tempdir().unwrap();
        let (handle, _journal) = node(folder.path(), NO_CARRIER);
        let ready = |id| {
            let handle = handle.clone();
            async move { until(|| async { campaign(&handle, id).await.state == CampaignState::Ready }).await }
        };
        let (first, source) = uploaded(&handle).await;
        ready(first).await;

        let kept = handle.keep_files().await;
        handle
            .change_campaign(None, first, CampaignChange::Dropped)
            .await
            .unwrap();
        handle.ask(remove_left).await.unwrap();
        let (second, same) = uploaded(&handle).await;
        assert_eq!(source, same);
        handle.ask(remove_left).await.unwrap();
        drop(kept);
        ready(second).await;
        handle.ask(remove_left).await.unwrap();
        drop(handle.keep_files().await);
        let of_second: Vec<_> = campaign(&handle, second).await.files().collect();
        let files = handle.files().unwrap();
        assert_eq!(of_second.len(), 3);
        for file in &of_second {
            assert!(files.size(*file).unwrap().is_some());
        }

        handle
            .change_campaign(None, second, CampaignChange::Dropped)
            .await
            .unwrap();
        until(|| async { of_second.iter().all(|file| files.size(*file).unwrap().is_none()) }).await;
    }
}
