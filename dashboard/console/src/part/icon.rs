use leptos::prelude::*;

/// Signs of actions and pages, on a grid of 24.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sign {
    Home,
    List,
    Search,
    Plug,
    Bell,
    Screen,
    Help,
    Theme,
    Pause,
    Play,
    Stop,
    Close,
    Copy,
    Download,
    Gauge,
    Pulse,
    Check,
    Clock,
    Plus,
    Again,
    Eye,
    Leave,
    Trash,
    Info,
    Warning,
}

impl Sign {
    fn path(self) -> &'static str {
        match self {
            Sign::Home => "M4 11l8-7 8 7v8a1 1 0 0 1-1 1h-4v-6H9v6H5a1 1 0 0 1-1-1z",
            Sign::List => "M9 6h11M9 12h11M9 18h11M4 6h.01M4 12h.01M4 18h.01",
            Sign::Search => "M11 4a7 7 0 1 0 0 14 7 7 0 0 0 0-14zM16 16l5 5",
            Sign::Plug => "M9 3v5M15 3v5M6 8h12v3a6 6 0 0 1-12 0zM12 17v4",
            Sign::Bell => "M6 10a6 6 0 0 1 12 0c0 5 2 6 2 7H4c0-1 2-2 2-7zM10 20h4",
            Sign::Screen => "M3 5h18v11H3zM8 20h8M12 16v4",
            Sign::Help => {
                "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM9.5 9.5a2.5 2.5 0 1 1 3.5 2.3c-.7.3-1 .8-1 1.7M12 17h.01"
            }
            Sign::Theme => "M12 4a8 8 0 1 0 8 8 6 6 0 0 1-8-8z",
            Sign::Pause => "M9 5v14M15 5v14",
            Sign::Play => "M8 5l11 7-11 7z",
            Sign::Stop => "M6 6h12v12H6z",
            Sign::Close => "M6 6l12 12M18 6L6 18",
            Sign::Copy => "M9 9h11v11H9zM5 15H4V4h11v1",
            Sign::Download => "M12 4v11M7 11l5 5 5-5M5 20h14",
            Sign::Gauge => "M4 17a8 8 0 1 1 16 0M12 17l4-5",
            Sign::Pulse => "M3 12h4l3-7 4 14 3-7h4",
            Sign::Check => "M5 12l5 5 9-10",
            Sign::Clock => "M12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16zM12 8v4l3 2",
            Sign::Plus => "M12 5v14M5 12h14",
            Sign::Again => "M20 11a8 8 0 1 0-2 6M20 5v6h-6",
            Sign::Eye => "M2 12s4-7 10-7 10 7 10 7-4 7-10 7-10-7-10-7zM12 9a3 3 0 1 0 0 6 3 3 0 0 0 0-6z",
            Sign::Leave => "M10 4H5v16h5M14 8l4 4-4 4M9 12h9",
            Sign::Trash => "M5 7h14M9 7V4h6v3M7 7l1 13h8l1-13",
            Sign::Info => "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM12 11v5M12 8h.01",
            Sign::Warning => "M12 4l9 16H3zM12 10v4M12 17h.01",
        }
    }
}

/// A sign in the colour of the text around it; what it means is said by its button.
#[component]
pub fn Icon(sign: Sign) -> impl IntoView {
    view! {
        <svg class="icon" viewBox="0 0 24 24" aria-hidden="true">
            <path d=sign.path() />
        </svg>
    }
}
