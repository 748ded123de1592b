use super::people::{People, Person};
use super::told::{Accepted, Told};
use crate::http::{Answer, HttpClient};
use carillon_api::{CampaignAnswer, CampaignView};
use parking_lot::Mutex;
use rand::RngExt;
use rand::rngs::SmallRng;
use serde_json::json;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

const JSON: &str = "Content-Type: application/json\r\n";
const CSV: &str = "Content-Type: text/csv\r\n";
const POLL: Duration = Duration::from_millis(100);
/// Looks at a campaign until its file is checked.
const POLLS_MAX: u32 = 300;

/// Who asks for campaigns, and what about.
const TOPICS: [(&str, &str, &str); 4] = [
    ("checkup", "秋冬体检月", "体检中心本月周末正常开放，欢迎预约。"),
    ("his", "流感疫苗接种", "流感疫苗已到，可在手机上预约接种。"),
    (
        "his",
        "高血压日宣教",
        "每日同一时间测量血压并做好记录，按时服药。",
    ),
    ("checkup", "骨密度筛查", "五十岁以上建议每年做一次骨密度检查。"),
];

/// A campaign (发送任务) that somebody wants, with its recipients.
pub(super) struct DemoCampaign {
    pub account: &'static str,
    name: &'static str,
    topic: &'static str,
    recipients: Vec<Person>,
    rate_per_second: u32,
}

impl DemoCampaign {
    pub fn new(turn: usize, people: &People, lines: RangeInclusive<usize>, random: &mut SmallRng) -> Self {
        let (account, name, topic) = TOPICS[turn % TOPICS.len()];
        let lines = random.random_range(lines);
        let recipients = (0..lines).map(|_| people.somebody(random)).collect();
        DemoCampaign {
            account,
            name,
            topic,
            recipients,
            // It takes two to four minutes.
            rate_per_second: (lines as u32 / random.random_range(120..240)).max(5),
        }
    }

    /// The same, as fast as the connections take it.
    pub fn at_once(mut self) -> Self {
        self.rate_per_second = 1_000;
        self
    }

    /// Creates it, hands over its recipients and starts it.
    pub async fn run(self, mut client: HttpClient, told: Arc<Mutex<Told>>) {
        let started = self.start(&mut client).await;
        let mut told = told.lock();
        match started {
            Ok(()) => {
                told.campaigns += 1;
                for person in self.recipients {
                    told.accepted_one(Accepted {
                        account: self.account,
                        phone: person.phone,
                        by_mail: false,
                    });
                }
            }
            Err(error) => {
                tracing::warn!(%error, "a campaign could not be started");
                told.campaigns_failed += 1;
            }
        }
    }

    async fn start(&self, client: &mut HttpClient) -> anyhow::Result<()> {
        let body = json!({
            "name": self.name,
            "template": "宣教",
            "columns": { "to": "手机号", "variables": { "name": "姓名", "topic": "内容" } },
            "rate_per_second": self.rate_per_second,
            "duplicates": "allow",
        });
        let answer = client
            .post("/v1/campaigns", JSON, body.to_string().as_bytes())
            .await?;
        let campaign: CampaignAnswer = serde_json::from_slice(&done(answer)?.body)?;
        let path = format!("/v1/campaigns/{}", campaign.id);
        done(
            client
                .put(&format!("{path}/recipients"), CSV, self.csv().as_bytes())
                .await?,
        )?;
        for _ in 0..POLLS_MAX {
            let view: CampaignView = serde_json::from_slice(&done(client.get(&path).await?)?.body)?;
            if view.state == "ready" {
                done(client.post(&format!("{path}/start"), "", &[]).await?)?;
                return Ok(());
            }
            tokio::time::sleep(POLL).await;
        }
        anyhow::bail!("its recipients were not checked in time")
    }

    fn csv(&self) -> String {
        let mut csv = String::from("手机号,姓名,内容\n");
        for person in &self.recipients {
            csv.push_str(&format!("{},{},{}\n", person.phone, person.name, self.topic));
        }
        csv
    }
}

fn done(answer: Answer) -> anyhow::Result<Answer> {
    anyhow::ensure!(
        answer.status < 300,
        "answered with {}: {}",
        answer.status,
        String::from_utf8_lossy(&answer.body)
    );
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use super::super::people::tests::people;
    use super::*;
    use carillon_domain::template::Template;
    use rand::SeedableRng;

    #[test]
    fn every_line_fills_the_template_of_its_account() {
        let people = people();
        let mut random = SmallRng::seed_from_u64(1);
        let template = Template::parse("{name:text(20)}您好，{topic:text(40)}").expect("a template");
        for turn in 0..TOPICS.len() {
            let campaign = DemoCampaign::new(turn, &people, 10..=20, &mut random);
            let csv = campaign.csv();
            assert_eq!(csv.lines().count(), campaign.recipients.len() + 1);
            for line in csv.lines().skip(1) {
                let cells: Vec<_> = line.split(',').collect();
                assert_eq!(cells.len(), 3, "{line}");
                let value = |name: &str| Some(if name == "name" { cells[1] } else { cells[2] });
                template.render(value).expect("it fits");
            }
        }
    }
}
