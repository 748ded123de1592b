use super::outcome::RunError;
use crate::http::HttpClient;
use std::net::SocketAddr;
use std::time::Duration;

const TIMEOUT: Duration = Duration::from_secs(30);

/// What a server's `/metrics` told at one moment.
pub struct Metrics(String);

impl Metrics {
    pub async fn read(address: SocketAddr) -> Result<Self, RunError> {
        let answer = HttpClient::new(address, "", TIMEOUT).get("/metrics").await?;
        Ok(Metrics(String::from_utf8_lossy(&answer.body).into_owned()))
    }

    /// A sample by its name and labels, as it is written there.
    pub fn figure(&self, name: &str) -> Result<u64, RunError> {
        let samples = self.0.lines().filter_map(|line| line.rsplit_once(' '));
        let mut named = samples.filter(|(sample, _)| *sample == name);
        let value = named.next().and_then(|(_, value)| value.parse::<f64>().ok());
        value.map(|value| value as u64).ok_or(RunError::Figure {
            name: name.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_is_found_by_its_whole_name() {
        let text = "# HELP a_total x\na_total 3\na_total_b 4\nb{reason=\"silent\"} 5\n";
        let metrics = Metrics(text.to_owned());
        assert_eq!(metrics.figure("a_total").ok(), Some(3));
        assert_eq!(metrics.figure("b{reason=\"silent\"}").ok(), Some(5));
        assert!(matches!(metrics.figure("b"), Err(RunError::Figure { name }) if name == "b"));
    }
}
