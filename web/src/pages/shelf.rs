use super::front::{Front, stamp};
use parking_lot::{Mutex, RwLock};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

/// How often the folders are looked at for another build.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// The front ends there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrontName {
    Wall,
    Console,
}

impl FrontName {
    pub const ALL: [FrontName; 2] = [FrontName::Wall, FrontName::Console];

    /// The folder's name, and the first part of the path.
    pub fn word(self) -> &'static str {
        match self {
            FrontName::Wall => "wall",
            FrontName::Console => "console",
        }
    }
}

/// The pages that are served, as they were last built.
pub struct Pages {
    folder: PathBuf,
    shelf: RwLock<Arc<Shelf>>,
    looked: Mutex<Instant>,
}

/// The front ends of one build.
#[derive(Default)]
pub struct Shelf {
    fronts: [Option<Front>; 2],
    stamps: Stamps,
}

type Stamps = [[Option<SystemTime>; 2]; 2];

impl Pages {
    /// Reads the pages of `configured`, or, when it is empty, of `pages` beside the program, or of where cargo builds them.
    pub fn open(configured: &Path) -> Self {
        let folder = folder(configured);
        let shelf = Shelf::load(&folder);
        Pages {
            shelf: RwLock::new(Arc::new(shelf)),
            looked: Mutex::new(Instant::now()),
            folder,
        }
    }

    pub fn now(&self) -> Arc<Shelf> {
        self.shelf.read().clone()
    }

    /// The pages as they are on the disk. Blocks on it, at most once a second.
    pub fn looked_at_again(&self) -> Arc<Shelf> {
        {
            let mut looked = self.looked.lock();
            if looked.elapsed() < LOOK_EVERY {
                return self.now();
            }
            *looked = Instant::now();
        }
        if self.now().stamps != stamps(&self.folder) {
            *self.shelf.write() = Arc::new(Shelf::load(&self.folder));
        }
        self.now()
    }
}

impl Shelf {
    fn load(folder: &Path) -> Shelf {
        // Before the files: what is written meanwhile is found by the next look.
        let stamps = stamps(folder);
        let fronts = FrontName::ALL.map(|name| {
            let folder = folder.join(name.word());
            match Front::load(&folder) {
                Ok(front) => Some(front),
                Err(error) => {
                    tracing::info!(folder = %folder.display(), %error, "these pages cannot be served");
                    None
                }
            }
        });
        Shelf { fronts, stamps }
    }

    pub fn front(&self, name: FrontName) -> Option<&Front> {
        self.fronts[name as usize].as_ref()
    }
}

fn stamps(folder: &Path) -> Stamps {
    FrontName::ALL.map(|name| stamp(&folder.join(name.word())))
}

fn folder(configured: &Path) -> PathBuf {
    if !configured.as_os_str().is_empty() {
        return configured.to_owned();
    }
    let program = std::env::current_exe().unwrap_or_default();
    let beside = program.with_file_name("pages");
    let built = program
        .parent()
        .and_then(Path::parent)
        .map(|target| target.join("dashboard"));
    match built {
        Some(built) if !beside.is_dir() => built,
        _ => beside,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::front::INDEX;
    use std::fs;

    #[test]
    fn another_build_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let pages = Pages::open(folder.path());
        assert!(pages.now().front(FrontName::Wall).is_none());
        fs::create_dir(folder.path().join("wall")).unwrap();
        fs::write(folder.path().join("wall").join(INDEX), "1").unwrap();
        assert!(
            pages.looked_at_again().front(FrontName::Wall).is_none(),
            "not that soon"
        );
        *pages.looked.lock() = Instant::now() - LOOK_EVERY;
        let shelf = pages.looked_at_again();
        let page = shelf.front(FrontName::Wall).unwrap().file(INDEX).unwrap();
        assert_eq!(page.content(|_| true).1, "1");
        assert!(shelf.front(FrontName::Console).is_none());
    }
}
