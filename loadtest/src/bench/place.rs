use std::path::PathBuf;

/// Where a run finds the server's program, and what becomes of its files.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Place {
    /// The program `carillon`; by default the one beside this program.
    #[arg(long, value_name = "FILE")]
    pub program: Option<PathBuf>,
    /// Where the run's folder is made; by default where temporary files go. Use the disk to be measured.
    #[arg(long, value_name = "DIR")]
    pub folder: Option<PathBuf>,
    /// Keep the folder.
    #[arg(long)]
    pub keep: bool,
}

impl Place {
    /// Where the run's folder is made.
    pub fn parent(&self) -> PathBuf {
        self.folder.clone().unwrap_or_else(std::env::temp_dir)
    }
}
