use super::metrics::Metrics;
use super::outcome::RunError;
use super::system::System;
use carillon_domain::ids::MessageId;
use std::collections::BTreeMap;
use std::time::Duration;

/// What a server says about its state while nothing happens: two of the same state are the same.
pub struct Snapshot {
    figures: BTreeMap<&'static str, u64>,
    /// By the message's id.
    pub journeys: BTreeMap<String, serde_json::Value>,
}

const FIGURES: [&str; 2] = ["carillon_messages_open", "carillon_messages_waiting"];
/// Figures are counted anew about once a second.
const REST: Duration = Duration::from_secs(2);
const DIFFERENCES_TOLD: usize = 5;

impl Snapshot {
    /// With the journeys of these messages; of a server that was just started and has nothing to do.
    pub async fn take(system: &System, ids: &[MessageId]) -> Result<Self, RunError> {
        tokio::time::sleep(REST).await;
        let metrics = Metrics::read(system.server.address()).await?;
        let mut figures = BTreeMap::new();
        for name in FIGURES {
            figures.insert(name, metrics.figure(name)?);
        }
        let mut journeys = BTreeMap::new();
        let mut client = system.server.client();
        for id in ids {
            let path = format!("/v1/messages/{id}");
            let answer = client.get(&path).await?;
            let mut journey: serde_json::Value = match answer.status {
                200 => {
                    serde_json::from_slice(&answer.body).map_err(|source| RunError::Body { path, source })?
                }
                status => status.into(),
            };
            // Why it waits may change while it does.
            if let Some(fields) = journey.as_object_mut() {
                fields.remove("waiting");
            }
            journeys.insert(id.to_string(), journey);
        }
        Ok(Snapshot { figures, journeys })
    }

    /// A few of them, in words.
    pub fn differences(&self, before: &Snapshot) -> Vec<String> {
        let figures = self.figures.iter().filter_map(|(name, now)| {
            let was = before.figures.get(name);
            (was != Some(now)).then(|| format!("{name}: {was:?}, then {now}"))
        });
        let journeys = self.journeys.iter().filter_map(|(id, now)| {
            let was = before.journeys.get(id);
            (was != Some(now)).then(|| format!("{id}: {was:?}, then {now}"))
        });
        figures.chain(journeys).take(DIFFERENCES_TOLD).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changed_is_told() {
        let snapshot = |open, status: &str| Snapshot {
            figures: BTreeMap::from([("carillon_messages_open", open)]),
            journeys: BTreeMap::from([("msg_1".to_owned(), serde_json::json!({ "status": status }))]),
        };
        let before = snapshot(5, "active");
        assert_eq!(snapshot(5, "active").differences(&before), Vec::<String>::new());
        assert_eq!(snapshot(6, "active").differences(&before).len(), 1);
        assert_eq!(snapshot(6, "delivered").differences(&before).len(), 2);
    }
}
