use compact_str::CompactString;

/// What the rules look at, as it is now. Whatever is unknown is `None` and raises nothing.
#[derive(Clone, Debug, Default)]
pub struct Figures {
    pub connections: Vec<ConnectionFigures>,
    /// Messages that wait to be sent.
    pub waiting: u64,
    /// Seconds until they have left at the present rate; `None` when they do not get fewer.
    pub drain_s: Option<u64>,
    /// Of the deliveries of the last five minutes, and how many they are.
    pub latency_p99_ms: Option<u64>,
    pub latency_deliveries: u64,
    pub segments_uncertain: u64,
    /// Messages that have ended and are not stored.
    pub history_behind: u64,
    pub stores: Vec<StoreFigures>,
    /// Accounts whose webhook was switched off, and for how many hours it had failed.
    pub webhooks_off: Vec<(CompactString, u64)>,
    /// By how much the clock was set while waits are held; 0: it is relied on.
    pub clock_jump_ms: i64,
}

#[derive(Clone, Debug, Default)]
pub struct ConnectionFigures {
    pub name: CompactString,
    /// An operator wants it off, or drains it: it raises nothing.
    pub is_off: bool,
    /// It is bound and answers.
    pub is_usable: bool,
    pub sessions_bound: u32,
    pub sessions_wanted: u32,
    /// The carrier keeps slowing it down.
    pub is_throttled: bool,
    /// Segments written in the last second, and how many may be.
    pub rate: u32,
    pub rate_limit: u32,
    /// Segments with a known outcome in the last five minutes, and those of them that failed or were refused.
    pub outcomes: u64,
    pub failures: u64,
    pub last_error: CompactString,
    /// Usable connections of the groups it belongs to.
    pub backups: Vec<CompactString>,
}

#[derive(Clone, Debug, Default)]
pub struct StoreFigures {
    pub name: CompactString,
    pub free_bytes: u64,
    pub total_bytes: u64,
    /// With less than this free, intake stops.
    pub needed_bytes: u64,
}
