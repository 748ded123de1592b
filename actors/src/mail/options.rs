use super::return_path::ReturnPaths;
use carillon_storage::files::Files;
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

/// What sending mail needs of the installation.
#[derive(Clone)]
pub struct MailOptions {
    /// Where attachments lie; without it a mail that has one is refused.
    pub files: Option<Arc<dyn Files>>,
    /// Must stay the same over restarts, or bounces of mails sent before are not known.
    pub return_paths: ReturnPaths,
    /// Where bounces are received; `None`: nowhere.
    pub bounces: Option<SocketAddr>,
}

/// No attachments, no bounces, and a key that nobody else can know.
impl Default for MailOptions {
    fn default() -> Self {
        MailOptions {
            files: None,
            return_paths: ReturnPaths::new(rand::random()),
            bounces: None,
        }
    }
}

impl fmt::Debug for MailOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MailOptions")
            .field("files", &self.files.is_some())
            .field("return_paths", &self.return_paths)
            .field("bounces", &self.bounces)
            .finish()
    }
}
