use crate::browser;
use crate::console::Console;
use crate::model::campaign_row::total;
use crate::model::place::{OPEN, Page, Place};
use crate::model::tone::Tone;
use crate::part::{Field, Later, Question, Weight};
use crate::rest::{self, CampaignAct};
use crate::text::{fill, t};
use carillon_api::CampaignView;
use carillon_kit::format::count;
use leptos::prelude::*;

/// What the pages do to campaigns; `again` asks for them anew afterwards.
#[derive(Clone, Copy)]
pub struct Steering {
    pub console: Console,
    pub again: Callback<()>,
}

/// Of `PUT /v1/admin/campaigns/{id}/rate`.
const RATE_MAX: u32 = 100_000;

impl Steering {
    pub fn start(self, campaign: &CampaignView) {
        let id = campaign.id.clone();
        let sentence = fill("campaign.start_1", &[("n", &count(total(campaign)))]);
        self.ask(
            fill("campaign.start_title", &[("name", &campaign.name)]),
            vec![sentence],
            t("campaign.start"),
            Weight::Primary,
            Later::new(move |()| self.act(CampaignAct::Start, &id, "campaign.started")),
        );
    }

    /// Nothing is lost by it, so that it is not asked about but taken back.
    pub fn pause(self, campaign: &CampaignView) {
        let (id, csrf, name) = (campaign.id.clone(), self.console.csrf(), campaign.name.clone());
        let paused = id.clone();
        self.console.act(
            async move { rest::act_on_campaign(CampaignAct::Pause, &paused, &csrf).await },
            move |()| {
                self.ask_again();
                let undo = Later::new(move |()| self.act(CampaignAct::Resume, &id, "campaign.resumed"));
                self.console
                    .tell_undoable(fill("campaign.paused_now", &[("name", &name)]), undo);
            },
        );
    }

    pub fn resume(self, campaign: &CampaignView) {
        self.act(CampaignAct::Resume, &campaign.id, "campaign.resumed");
    }

    /// It cannot be taken back: what will not be sent is told before.
    pub fn stop(self, campaigns: Vec<CampaignView>) {
        let left: u64 = campaigns.iter().map(not_written).sum();
        let title = match campaigns.as_slice() {
            [one] => fill("campaign.stop_title", &[("name", &one.name)]),
            many => fill("campaign.stop_many_title", &[("n", &many.len())]),
        };
        let sentences = vec![
            fill("campaign.stop_1", &[("n", &count(left))]),
            t("campaign.stop_2").to_owned(),
        ];
        let on_yes = Later::new(move |()| {
            for campaign in &campaigns {
                self.act(CampaignAct::Stop, &campaign.id, "campaign.stopped_now");
            }
        });
        self.ask(title, sentences, t("campaign.stop"), Weight::Danger, on_yes);
    }

    pub fn rate(self, campaigns: Vec<CampaignView>) {
        let title = match campaigns.as_slice() {
            [one] => fill("campaign.rate_title", &[("name", &one.name)]),
            many => fill("campaign.rate_many_title", &[("n", &many.len())]),
        };
        let now = match campaigns.as_slice() {
            [one] => one
                .rate_per_second
                .map_or_else(String::new, |rate| rate.to_string()),
            _ => String::new(),
        };
        let ids: Vec<_> = campaigns.into_iter().map(|campaign| campaign.id).collect();
        self.console.question.set(Some(Question {
            title,
            sentences: vec![t("campaign.rate_1").to_owned()],
            button: t("campaign.rate").to_owned(),
            weight: Weight::Primary,
            field: Some(Field {
                label: t("campaign.rate_label"),
                value: now,
                wrong: |text| parse_rate(text).err().map(t),
            }),
            on_yes: Later::new(move |text: String| {
                let Ok(rate) = parse_rate(&text) else { return };
                for id in ids.clone() {
                    let csrf = self.console.csrf();
                    self.console
                        .act(async move { rest::set_rate(&id, rate, &csrf).await }, move |()| {
                            self.ask_again();
                            self.console.tell(Tone::Ok, t("campaign.rate_set"));
                        });
                }
            }),
        }));
    }

    /// The failed ones, as a campaign of their own, which opens then.
    pub fn resend(self, campaign: &CampaignView) {
        let id = campaign.id.clone();
        let sentences = vec![
            fill(
                "campaign.resend_1",
                &[("n", &count(u64::from(campaign.counts.failed)))],
            ),
            t("campaign.resend_2").to_owned(),
        ];
        let on_yes = Later::new(move |()| {
            let (id, csrf) = (id.clone(), self.console.csrf());
            self.console
                .act(async move { rest::resend(&id, &csrf).await }, move |made| {
                    self.ask_again();
                    self.console.tell(Tone::Ok, t("campaign.resent"));
                    self.console.go(Place::of(Page::Campaigns).with(OPEN, made.id));
                });
        });
        let title = fill("campaign.resend_title", &[("name", &campaign.name)]);
        self.ask(title, sentences, t("campaign.resend"), Weight::Primary, on_yes);
    }

    pub fn download_refused(self, campaign: &CampaignView) {
        browser::follow(&rest::refused_csv(&campaign.id));
    }

    fn ask(
        self,
        title: String,
        sentences: Vec<String>,
        button: &'static str,
        weight: Weight,
        on_yes: Later<()>,
    ) {
        self.console.question.set(Some(Question {
            title,
            sentences,
            button: button.to_owned(),
            weight,
            field: None,
            on_yes: Later::new(move |_| on_yes.run(())),
        }));
    }

    fn act(self, what: CampaignAct, id: &str, done: &'static str) {
        let (id, csrf) = (id.to_owned(), self.console.csrf());
        self.console.act(
            async move { rest::act_on_campaign(what, &id, &csrf).await },
            move |()| {
                self.ask_again();
                self.console.tell(Tone::Ok, t(done));
            },
        );
    }
}

impl Steering {
    /// The page may be gone by the time of an answer, or of an undo.
    fn ask_again(self) {
        self.again.try_run(());
    }
}

/// Messages that a stop keeps from being sent.
fn not_written(campaign: &CampaignView) -> u64 {
    total(campaign).saturating_sub(u64::from(campaign.counts.written))
}

/// An empty text is no limit.
fn parse_rate(text: &str) -> Result<Option<u32>, &'static str> {
    match text.trim() {
        "" => Ok(None),
        text => match text.parse() {
            Ok(rate) if (1..=RATE_MAX).contains(&rate) => Ok(Some(rate)),
            _ => Err("campaign.rate_wrong"),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pace_is_a_number_or_nothing() {
        for (text, rate) in [
            ("", Ok(None)),
            (" 500 ", Ok(Some(500))),
            ("100000", Ok(Some(100_000))),
        ] {
            assert_eq!(parse_rate(text), rate, "{text}");
        }
        for text in ["0", "-1", "100001", "1.5", "快", "99999999999"] {
            assert!(parse_rate(text).is_err(), "{text}");
        }
    }
}
