use super::outcome::RunError;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Files that are open besides.
const OTHERS: u64 = 1_024;

/// Lets this process and the server that it starts open so many sockets.
pub fn allow(sockets: usize) -> Result<(), RunError> {
    let wanted = sockets as u64 + OTHERS;
    let limit = getrlimit(Resource::Nofile);
    let raised = |limit: Option<u64>| limit.map(|allowed| allowed.max(wanted));
    let raised = Rlimit {
        current: raised(limit.current),
        maximum: raised(limit.maximum),
    };
    setrlimit(Resource::Nofile, raised).map_err(|error| RunError::OpenFiles {
        wanted,
        source: error.into(),
    })
}
