use super::Webhooks;
use super::message::feed_word;
use crate::probe::Family;
use carillon_actors::feed::FeedKind;
use carillon_domain::catalog::Compiled;
use prometheus::proto::MetricFamily;

/// The figures of webhooks. Labels are accounts' names, which only the configuration makes.
pub fn families(webhooks: &Webhooks, catalog: &Compiled) -> Vec<MetricFamily> {
    let office = webhooks.office();
    let mut calls = Family::counter(
        "carillon_webhook_calls_total",
        "Calls of webhooks, by how they ended.",
    );
    for (outcome, count) in office.figures.calls() {
        calls = calls.sample(&[("outcome", outcome.word())], count as f64);
    }
    let mut delivered = Family::counter(
        "carillon_webhook_events_delivered_total",
        "Events that receivers took, by feed.",
    );
    for kind in [FeedKind::Receipts, FeedKind::Replies] {
        let count = office.figures.delivered_total(kind);
        delivered = delivered.sample(&[("feed", feed_word(kind))], count as f64);
    }
    let gaps = Family::counter(
        "carillon_webhook_gaps_total",
        "Times a webhook was behind what the journal keeps; its events before that are lost to it.",
    )
    .sample(&[], office.figures.gaps.get() as f64);

    let mut families = vec![calls, delivered, gaps];
    let lines: Vec<_> = office.lines.lock().values().cloned().collect();
    if !lines.is_empty() {
        let mut age = Family::gauge(
            "carillon_webhook_backlog_seconds",
            "Age of the oldest event that an account's receiver has not taken.",
        );
        let mut off = Family::gauge(
            "carillon_webhook_off",
            "1 when an account's webhook is switched off.",
        );
        let now = office.now().unix;
        for line in lines {
            let view = line.view();
            let name = catalog.account(line.account).map_or_else(
                || format!("#{}", line.account),
                |account| account.name.to_string(),
            );
            let labels = [("account", name.as_str())];
            let waiting = view
                .oldest
                .map_or(0.0, |oldest| now.saturating_since(oldest).as_secs_f64());
            age = age.sample(&labels, waiting);
            off = off.sample(&labels, f64::from(view.standing.off.is_some()));
        }
        families.extend([age, off]);
    }
    families.into_iter().map(Family::finish).collect()
}
