use super::acknowledgement::Outcome;
use crate::http::Answer;
use carillon_api::{BatchAnswer, Problem, RefusedLine, SendAnswer};
use carillon_domain::ids::MessageId;

/// One outcome per line. A line of which the answer says nothing was not answered.
pub fn outcomes(answer: &Answer, lines: usize, single: bool) -> Vec<Outcome> {
    let mut outcomes = vec![Outcome::Unanswered; lines];
    let accept = |outcomes: &mut Vec<Outcome>, line: u32, id: MessageId| {
        if let Some(outcome) = (line as usize)
            .checked_sub(1)
            .and_then(|place| outcomes.get_mut(place))
        {
            *outcome = Outcome::Accepted(id);
        }
    };
    let refuse = |outcomes: &mut Vec<Outcome>, refused: &RefusedLine| {
        if let Some(outcome) = (refused.line as usize)
            .checked_sub(1)
            .and_then(|place| outcomes.get_mut(place))
        {
            *outcome = Outcome::Refused {
                code: refused.code.as_str().into(),
                field: refused.field.as_str().into(),
            };
        }
    };
    if answer.status >= 400 {
        let problem: Option<Problem> = serde_json::from_slice(&answer.body).ok();
        let (code, field) = match &problem {
            Some(problem) => (
                problem.code.as_str().into(),
                problem.field.as_deref().unwrap_or_default().into(),
            ),
            None => (format!("http_{}", answer.status).into(), "".into()),
        };
        outcomes.fill(Outcome::Refused { code, field });
        problem
            .iter()
            .flat_map(|problem| &problem.refused)
            .for_each(|refused| refuse(&mut outcomes, refused));
    } else if single {
        if let Ok(SendAnswer { id, .. }) = serde_json::from_slice(&answer.body) {
            accept(&mut outcomes, 1, id);
        }
    } else if let Ok(batch) = serde_json::from_slice::<BatchAnswer>(&answer.body) {
        batch
            .accepted
            .iter()
            .for_each(|line| accept(&mut outcomes, line.line, line.id));
        batch
            .refused
            .iter()
            .for_each(|refused| refuse(&mut outcomes, refused));
    }
    outcomes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, body: &str) -> Answer {
        Answer {
            cookie: None,
            status,
            retry_after_s: None,
            body: body.as_bytes().to_vec().into(),
        }
    }

    fn refused(code: &str, field: &str) -> Outcome {
        Outcome::Refused {
            code: code.into(),
            field: field.into(),
        }
    }

    #[test]
    fn every_line_gets_what_the_answer_says_of_it() {
        let id = MessageId::new(1_700_000_000_000, 1, 2);
        let body = format!(
            r#"{{"accepted":[{{"line":1,"id":"{id}"}},{{"line":9,"id":"{id}"}}],
                "refused":[{{"line":2,"code":"invalid_phone","field":"to","detail":""}}]}}"#
        );
        let expected = [
            Outcome::Accepted(id),
            refused("invalid_phone", "to"),
            Outcome::Unanswered,
        ];
        assert_eq!(outcomes(&answer(202, &body), 3, false), expected);
        let problem = r#"{"type":"t","title":"t","status":422,"code":"nothing_accepted","retryable":false,
            "refused":[{"line":1,"code":"text_empty","field":"text","detail":""}]}"#;
        let expected = [refused("text_empty", "text"), refused("nothing_accepted", "")];
        assert_eq!(outcomes(&answer(422, problem), 2, false), expected);
        assert_eq!(
            outcomes(&answer(413, "<html>"), 1, false),
            [refused("http_413", "")]
        );
        assert_eq!(outcomes(&answer(202, "not json"), 1, true), [Outcome::Unanswered]);
    }
}
