use carillon_api::live::{AlarmsPanel, Panel};
use carillon_domain::ids::TenantId;

/// Where the alarms of a screen come from.
pub trait AlarmSource: Send + Sync {
    /// Those that concern an organisation, or all; asked twice a second.
    fn panel(&self, scope: Option<TenantId>) -> Panel<AlarmsPanel>;
}

/// Nobody watches: the panel says that it never had data.
pub struct NoAlarms;

impl AlarmSource for NoAlarms {
    fn panel(&self, _: Option<TenantId>) -> Panel<AlarmsPanel> {
        Panel::default()
    }
}
