use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Files that are open besides the connections of callers: volumes, history, carriers.
const OTHERS: u64 = 1_024;

/// Lets this process open a file for every connection it may have: usual limits are made for programs that open a few.
pub fn allow(connections_max: u32) {
    let wanted = u64::from(connections_max) + OTHERS;
    let limit = getrlimit(Resource::Nofile);
    if limit.current.is_none_or(|allowed| allowed >= wanted) {
        return;
    }
    let allowed = limit.maximum.map_or(wanted, |most| most.min(wanted));
    let raised = Rlimit {
        current: Some(allowed),
        ..limit
    };
    if let Err(error) = setrlimit(Resource::Nofile, raised) {
        tracing::warn!(%error, "the limit of open files stays as it is");
    }
    if allowed < wanted {
        tracing::warn!(
            allowed,
            wanted,
            "`http.connections_max` needs more open files than are allowed; raise the limit (LimitNOFILE, ulimit -n)"
        );
    }
}
