use super::beijing::duration_s;
use crate::text::{fill, find, t};
use carillon_api::{Code, Problem};
use carillon_kit::text::{Language, language};

/// Why a request to the server came to nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// No answer: the server or the way to it is down.
    Unreachable,
    /// An answer that says what is wrong.
    Problem {
        problem: Box<Problem>,
        /// What `Retry-After` says.
        retry_after_s: Option<u64>,
    },
    /// An answer that cannot be read: the server is another version.
    Unreadable { status: u16 },
}

impl Failure {
    pub fn code(&self) -> Option<Code> {
        match self {
            Failure::Problem { problem, .. } => Code::from_word(&problem.code),
            Failure::Unreachable | Failure::Unreadable { .. } => None,
        }
    }

    /// When the server wants to be asked again.
    pub fn retry_after_s(&self) -> Option<u64> {
        match self {
            Failure::Problem { retry_after_s, .. } => *retry_after_s,
            Failure::Unreachable | Failure::Unreadable { .. } => None,
        }
    }

    /// Nobody is logged in any more.
    pub fn is_logged_out(&self) -> bool {
        self.code() == Some(Code::Unauthenticated)
    }

    /// What happened and what to do, in one or two sentences.
    pub fn sentence(&self) -> String {
        match self {
            Failure::Unreachable => t("failure.unreachable").to_owned(),
            Failure::Unreadable { status } => fill("failure.unreadable", &[("status", status)]),
            Failure::Problem {
                problem,
                retry_after_s,
            } => of_problem(problem, *retry_after_s),
        }
    }
}

/// What a code means, in the language of the page.
pub fn title_of(code: Code) -> &'static str {
    match language() {
        Language::Zh => code.title_zh(),
        Language::En => code.title_en(),
    }
}

fn of_problem(problem: &Problem, retry_after_s: Option<u64>) -> String {
    let title = match Code::from_word(&problem.code) {
        Some(code) => title_of(code),
        None => problem.title.as_str(),
    };
    let advice = find(&format!("advice.{}", problem.code)).map(str::to_owned);
    let advice = advice.or_else(|| match retry_after_s {
        Some(seconds) => Some(fill("failure.retry_after", &[("time", &duration_s(seconds))])),
        None => problem.retryable.then(|| t("failure.retry").to_owned()),
    });
    match advice {
        Some(advice) => fill("failure.with_advice", &[("title", &title), ("advice", &advice)]),
        None => fill("failure.alone", &[("title", &title)]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(code: Code, retry_after_s: Option<u64>) -> Failure {
        Failure::Problem {
            problem: Box::new(Problem::new(code, "in English")),
            retry_after_s,
        }
    }

    #[test]
    fn every_code_has_a_sentence_in_chinese() {
        for code in Code::ALL {
            let sentence = failure(*code, None).sentence();
            assert!(sentence.starts_with(code.title_zh()), "{sentence}");
            assert!(sentence.ends_with('。'), "{sentence}");
            assert!(!sentence.contains("in English"), "{sentence}");
        }
    }

    #[test]
    fn what_to_do_stands_behind_what_happened() {
        assert_eq!(
            failure(Code::Overloaded, Some(90)).sentence(),
            "系统繁忙，待发消息过多。请在 1 分 30 秒后再试。"
        );
        assert_eq!(
            failure(Code::Internal, None).sentence(),
            "内部错误。可以稍后再试。"
        );
        assert!(failure(Code::Unauthenticated, None).is_logged_out());
        assert!(!Failure::Unreachable.is_logged_out());
        let mut unknown = Problem::new(Code::Internal, "");
        unknown.code = "of_tomorrow".to_owned();
        unknown.title = "出了新问题".to_owned();
        unknown.retryable = false;
        let unknown = Failure::Problem {
            problem: Box::new(unknown),
            retry_after_s: None,
        };
        assert_eq!(unknown.sentence(), "出了新问题。");
    }

    #[test]
    fn advice_is_of_known_codes() {
        let file = include_str!("../../messages/zh.txt");
        let advised = file.lines().filter_map(|line| line.strip_prefix("advice."));
        for line in advised {
            let word = line.split(' ').next().unwrap_or_default();
            assert!(Code::from_word(word).is_some(), "{word}");
        }
    }
}
