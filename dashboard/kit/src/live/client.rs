//! The link in a browser: sockets, timers and requests.

use std::{cell::RefCell, rc::Rc};

use carillon_api::live::{LiveMessage, LiveRequest, LiveState};
use leptos::prelude::*;
use wasm_bindgen::{JsCast as _, prelude::Closure};
use web_sys::{CloseEvent, MessageEvent, WebSocket};

use super::{
    link::{Effect, Event, Link, Poll},
    view::LinkView,
};
use crate::http;

/// A browser with both sessions is an operator unless it says otherwise.
const AS_WALL: &str = "as=wall";
const SOCKET_PATH: &str = "/v1/live";
const SNAPSHOT_PATH: &str = "/v1/live/snapshot";
/// How often time is looked at.
const TICK_MS: i32 = 250;

/// A running client of the live feed. It lives as long as the page.
#[derive(Clone, Copy)]
pub struct Live {
    /// What is known.
    pub state: RwSignal<LiveState>,
    /// How the link is.
    pub link: RwSignal<LinkView>,
    /// The server's clock in Unix milliseconds, told anew when its second changes.
    pub now_ms: RwSignal<u64>,
    shell: StoredValue<Rc<RefCell<Shell>>, LocalStorage>,
}

struct Shell {
    link: Link,
    query: &'static str,
    socket: Option<Socket>,
    /// The server's clock less ours.
    offset_ms: i64,
}

/// A socket with what it calls; both go together.
struct Socket {
    socket: WebSocket,
    _opened: Closure<dyn FnMut()>,
    _heard: Closure<dyn FnMut(MessageEvent)>,
    _closed: Closure<dyn FnMut(CloseEvent)>,
}

impl Live {
    /// Connects, and stays connected, to see `scope` or everything.
    pub fn start(scope: Option<String>) -> Self {
        Self::start_with(scope, "")
    }

    /// The same with the wall's session, even where there is an operator's.
    pub fn start_as_wall(scope: Option<String>) -> Self {
        Self::start_with(scope, AS_WALL)
    }

    fn start_with(scope: Option<String>, query: &'static str) -> Self {
        let now_ms = own_clock_ms();
        let (link, effects) = Link::start(scope, now_ms);
        let live = Self {
            state: RwSignal::new(LiveState::default()),
            link: RwSignal::new(link.view(now_ms)),
            now_ms: RwSignal::new(now_ms),
            shell: StoredValue::new_local(Rc::new(RefCell::new(Shell {
                link,
                query,
                socket: None,
                offset_ms: 0,
            }))),
        };
        live.perform(effects);
        live.listen();
        live
    }

    /// A client that stays as it is, for work on pages without a server.
    pub fn still(state: LiveState, link: LinkView, now_ms: u64) -> Self {
        let (idle, _) = Link::start(None, now_ms);
        Self {
            state: RwSignal::new(state),
            link: RwSignal::new(link),
            now_ms: RwSignal::new(now_ms),
            shell: StoredValue::new_local(Rc::new(RefCell::new(Shell {
                link: idle,
                query: "",
                socket: None,
                offset_ms: 0,
            }))),
        }
    }

    /// Shows an organisation, or everything.
    pub fn show(self, scope: Option<String>) {
        self.take(Event::Scope(scope));
    }

    fn take(self, event: Event) {
        let shell = self.shell.get_value();
        let now_ms = own_clock_ms();
        let random = js_sys::Math::random();
        let brings_state = matches!(event, Event::Heard(_) | Event::Polled(Poll::Snapshot(_)));
        let mut effects = Vec::new();
        self.state.maybe_update(|state| {
            effects = shell.borrow_mut().link.apply(event, now_ms, random, state);
            brings_state
        });
        if brings_state {
            let at_ms = self.state.with_untracked(|state| state.at_ms);
            shell.borrow_mut().offset_ms = at_ms as i64 - now_ms as i64;
        }
        self.tell(&shell, now_ms);
        self.perform(effects);
    }

    /// Screens hear of the link and the clock when they differ, not four times a second.
    fn tell(self, shell: &RefCell<Shell>, now_ms: u64) {
        let (view, offset_ms) = {
            let shell = shell.borrow();
            (shell.link.view(now_ms), shell.offset_ms)
        };
        if self.link.get_untracked() != view {
            self.link.set(view);
        }
        let server_ms = now_ms.saturating_add_signed(offset_ms);
        if self.now_ms.get_untracked() / 1000 != server_ms / 1000 {
            self.now_ms.set(server_ms);
        }
    }

    fn perform(self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Connect => self.connect(),
                Effect::Send(request) => self.send(&request),
                Effect::Close => self.drop_socket(),
                Effect::Poll(scope) => self.poll(scope),
                Effect::Reload => reload(),
                Effect::LookForPages => leptos::task::spawn_local(reload_when_replaced()),
            }
        }
    }

    fn connect(self) {
        self.drop_socket();
        let query = self.shell.get_value().borrow().query;
        let Some(socket) = socket_address(query).and_then(|address| WebSocket::new(&address).ok()) else {
            self.take(Event::Closed);
            return;
        };
        let opened = Closure::new(move || self.take(Event::Opened));
        let heard = Closure::new(move |event: MessageEvent| self.hear(&event));
        let closed = Closure::new(move |_: CloseEvent| self.take(Event::Closed));
        socket.set_onopen(Some(opened.as_ref().unchecked_ref()));
        socket.set_onmessage(Some(heard.as_ref().unchecked_ref()));
        socket.set_onclose(Some(closed.as_ref().unchecked_ref()));
        let socket = Socket {
            socket,
            _opened: opened,
            _heard: heard,
            _closed: closed,
        };
        self.shell.get_value().borrow_mut().socket = Some(socket);
    }

    /// A text that is no message comes from a server of another time; its next snapshot tells its build.
    fn hear(self, event: &MessageEvent) {
        let text = event.data().as_string().unwrap_or_default();
        if let Ok(message) = serde_json::from_str::<LiveMessage>(&text) {
            self.take(Event::Heard(message));
        }
    }

    fn send(self, request: &LiveRequest) {
        let shell = self.shell.get_value();
        let shell = shell.borrow();
        if let (Some(socket), Ok(text)) = (&shell.socket, serde_json::to_string(request)) {
            // What cannot be sent will be answered by silence, which has its limit.
            let _ = socket.socket.send_with_str(&text);
        }
    }

    fn drop_socket(self) {
        let Some(socket) = self.shell.get_value().borrow_mut().socket.take() else {
            return;
        };
        socket.socket.set_onopen(None);
        socket.socket.set_onmessage(None);
        socket.socket.set_onclose(None);
        // A socket that is closed already is what is wanted.
        let _ = socket.socket.close();
        // It may be one of the socket's own calls that got here; they must not be freed below it.
        set_timeout(move || drop(socket), std::time::Duration::ZERO);
    }

    fn poll(self, scope: Option<String>) {
        let query = self.shell.get_value().borrow().query;
        leptos::task::spawn_local(async move {
            let scope = scope.map_or_else(String::new, |scope| {
                format!("&scope={}", js_sys::encode_uri_component(&scope))
            });
            let poll = match http::get(&format!("{SNAPSHOT_PATH}?{query}{scope}")).await {
                Ok(answer) if answer.status == 401 || answer.status == 403 => Poll::Refused,
                Ok(answer) if answer.status == 200 => {
                    serde_json::from_str(&answer.body).map_or(Poll::Unreachable, Poll::Snapshot)
                }
                _ => Poll::Unreachable,
            };
            self.take(Event::Polled(poll));
        });
    }

    fn listen(self) {
        let Some(window) = web_sys::window() else { return };
        let tick = Closure::<dyn FnMut()>::new(move || self.take(Event::Tick));
        // A browser without timers shows nothing at all; there is nobody to tell.
        let _ = window
            .set_interval_with_callback_and_timeout_and_arguments_0(tick.as_ref().unchecked_ref(), TICK_MS);
        tick.forget();
        let Some(document) = window.document() else { return };
        let visible = Closure::<dyn FnMut()>::new({
            let document = document.clone();
            move || {
                if document.visibility_state() == web_sys::VisibilityState::Visible {
                    self.take(Event::Visible);
                }
            }
        });
        let _ =
            document.add_event_listener_with_callback("visibilitychange", visible.as_ref().unchecked_ref());
        visible.forget();
    }
}

fn own_clock_ms() -> u64 {
    js_sys::Date::now() as u64
}

fn socket_address(query: &str) -> Option<String> {
    let location = web_sys::window()?.location();
    let scheme = if location.protocol().ok()? == "https:" {
        "wss"
    } else {
        "ws"
    };
    Some(format!(
        "{scheme}://{}{SOCKET_PATH}?{query}",
        location.host().ok()?
    ))
}

/// The bundler writes a build into each page; a page that would now be delivered with another one is out of date.
async fn reload_when_replaced() {
    let build = document()
        .query_selector("meta[name=carillon-build]")
        .ok()
        .flatten()
        .and_then(|meta| meta.get_attribute("content"));
    let path = window().location().pathname().ok();
    let (Some(build), Some(path)) = (build, path) else {
        return;
    };
    let page = http::get(front_of(&path)).await;
    let is_replaced = |page: &http::Answer| {
        page.status == 200 && page.body.contains("carillon-build") && !page.body.contains(&build)
    };
    if page.is_ok_and(|page| is_replaced(&page)) {
        reload();
    }
}

/// Where the front end of a path is: addresses inside of it are only known to itself.
fn front_of(path: &str) -> &str {
    let end = path
        .match_indices('/')
        .nth(1)
        .map_or(path.len(), |(at, _)| at + 1);
    &path[..end]
}

fn reload() {
    // A page that cannot be loaded anew goes on with what it is.
    let _ = web_sys::window().map(|window| window.location().reload());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_belong_to_a_front_end() {
        for (path, front) in [
            ("/console/records", "/console/"),
            ("/console/", "/console/"),
            ("/wall/", "/wall/"),
            ("/wall", "/wall"),
            ("", ""),
        ] {
            assert_eq!(front_of(path), front);
        }
    }
}
