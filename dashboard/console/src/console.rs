use crate::browser;
use crate::model::failure::Failure;
use crate::model::place::Place;
use crate::model::tone::Tone;
use crate::part::{Later, Question, Toast};
use crate::rest;
use carillon_api::{Code, SessionView};
use carillon_kit::live::Live;
use leptos::prelude::*;
use leptos::task::spawn_local;
use std::future::Future;
use std::time::Duration;

/// What every part of the page works with.
#[derive(Clone, Copy)]
pub struct Console {
    pub place: RwSignal<Place>,
    pub session: RwSignal<Session>,
    pub live: Live,
    pub toasts: RwSignal<Vec<Toast>>,
    /// A question that must be answered before anything else.
    pub question: RwSignal<Option<Question>>,
    pub jump_is_open: RwSignal<bool>,
    pub help_is_open: RwSignal<bool>,
    /// The password, and where one is logged in.
    pub own_is_open: RwSignal<bool>,
}

/// Who uses the page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Session {
    /// The server was not asked yet.
    #[default]
    Unknown,
    Out,
    In(SessionView),
}

/// Rights of operators, by their words in the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Right {
    /// See full numbers and contents.
    Numbers,
    /// Steer connections, campaigns and alarms.
    Steer,
    /// Change the configuration and the links of walls.
    Configure,
}

const TOAST_STAYS: Duration = Duration::from_secs(6);
/// What went wrong is read more slowly.
const FAILURE_STAYS: Duration = Duration::from_secs(12);

impl Console {
    /// What the page's parts share; once, at the root.
    pub fn start() -> Self {
        let console = Console {
            place: RwSignal::new(Place::parse(&browser::address())),
            session: RwSignal::new(Session::default()),
            live: Live::start(None),
            toasts: RwSignal::new(Vec::new()),
            question: RwSignal::new(None),
            jump_is_open: RwSignal::new(false),
            help_is_open: RwSignal::new(false),
            own_is_open: RwSignal::new(false),
        };
        provide_context(console);
        console
    }

    /// Goes somewhere; the way back leads here.
    pub fn go(self, place: Place) {
        self.enter(place, false);
    }

    /// Says more exactly where one is: the way back leads to where one came from.
    pub fn refine(self, place: Place) {
        self.enter(place, true);
    }

    fn enter(self, place: Place, replace: bool) {
        if self.place.with_untracked(|here| *here == place) {
            return;
        }
        browser::show_address(&place.address(), replace);
        self.place.set(place);
    }

    /// What the address says of one name.
    pub fn asked_for(self, name: &'static str) -> Memo<Option<String>> {
        let place = self.place;
        Memo::new(move |_| place.with(|place| place.query.get(name).map(str::to_owned)))
    }

    /// Opens or closes (`""`) the drawer, and leaves everything else of the address.
    pub fn open(self, what: &str) {
        let place = self.place.get_untracked().with(crate::model::place::OPEN, what);
        self.refine(place);
    }

    /// The server's clock, in Unix milliseconds; tells anew every second.
    pub fn now_ms(self) -> i64 {
        i64::try_from(self.live.now_ms.get()).unwrap_or_default()
    }

    /// The same, without following it: for moments that need not be retold every second.
    pub fn now_ms_untracked(self) -> i64 {
        i64::try_from(self.live.now_ms.get_untracked()).unwrap_or_default()
    }

    pub fn may(self, right: Right) -> bool {
        let word = match right {
            Right::Numbers => "numbers",
            Right::Steer => "steer",
            Right::Configure => "configure",
        };
        self.session.with(|session| match session {
            Session::In(view) => view.rights.iter().any(|held| held == word),
            Session::Unknown | Session::Out => false,
        })
    }

    pub fn csrf(self) -> String {
        self.session.with_untracked(|session| match session {
            Session::In(view) => view.csrf.clone(),
            Session::Unknown | Session::Out => String::new(),
        })
    }

    /// Does something on the server: then `then`, or tells why it came to nothing.
    pub fn act<T: 'static>(
        self,
        work: impl Future<Output = Result<T, Failure>> + 'static,
        then: impl FnOnce(T) + 'static,
    ) {
        spawn_local(async move {
            match work.await {
                Ok(done) => then(done),
                Err(failure) => self.tell_failure(&failure),
            }
        });
    }

    pub fn tell_failure(self, failure: &Failure) {
        self.notice(failure);
        if !failure.is_logged_out() {
            self.show(Toast::new(Tone::Crit, failure.sentence()), FAILURE_STAYS);
        }
    }

    /// A failure may say that nobody is logged in any more, or that somebody logged in anew in another tab: with that
    /// session's token the next try works.
    pub fn notice(self, failure: &Failure) {
        if failure.is_logged_out() {
            self.session.set(Session::Out);
        }
        if failure.code() == Some(Code::CsrfTokenWrong) {
            spawn_local(async move {
                if let Ok(view) = rest::session().await {
                    self.session.set(Session::In(view));
                }
            });
        }
    }

    pub fn tell(self, tone: Tone, words: impl Into<String>) {
        self.show(Toast::new(tone, words), TOAST_STAYS);
    }

    /// What was done, and how it is taken back.
    pub fn tell_undoable(self, words: impl Into<String>, undo: Later<()>) {
        let toast = Toast {
            undo: Some(undo),
            ..Toast::new(Tone::Ok, words)
        };
        self.show(toast, FAILURE_STAYS);
    }

    fn show(self, toast: Toast, stays: Duration) {
        let id = toast.id;
        self.toasts.update(|toasts| toasts.push(toast));
        set_timeout(move || self.dismiss(id), stays);
    }

    pub fn dismiss(self, id: u64) {
        self.toasts.update(|toasts| toasts.retain(|toast| toast.id != id));
    }

    pub fn copy(self, text: String) {
        spawn_local(async move {
            if browser::copy(&text).await {
                self.tell(Tone::Ok, crate::text::t("shell.copied"));
            } else {
                self.tell(Tone::Warn, crate::text::t("shell.not_copied"));
            }
        });
    }
}

pub fn use_console() -> Console {
    expect_context()
}
