use crate::http::Failure;
use actix_web::HttpResponse;
use carillon_actors::intake::BatchAnswer as LaneAnswer;
use carillon_api::{AcceptedLine, BatchAnswer, Code, RefusedLine};

/// 202 with both lists, or 422 with the reasons when no line was accepted. Outside, lines count from 1.
pub fn respond(answer: LaneAnswer) -> Result<HttpResponse, Failure> {
    let refused = answer.refused.into_iter().map(|line| RefusedLine {
        line: line.line + 1,
        code: line.code.into(),
        field: line.field.into(),
        detail: line.detail.into(),
    });
    if answer.accepted.is_empty() {
        let mut failure = Failure::new(Code::NothingAccepted, "");
        failure.problem.refused = refused.collect();
        return Err(failure);
    }
    let accepted = answer
        .accepted
        .into_iter()
        .map(|(line, id)| AcceptedLine { line: line + 1, id });
    Ok(HttpResponse::Accepted().json(BatchAnswer {
        accepted: accepted.collect(),
        refused: refused.collect(),
    }))
}
