//! What pages are made of.

mod bars;
mod button;
mod drawer;
mod empty;
mod help;
mod icon;
mod jump_box;
mod later;
mod link;
mod nav;
mod own_sheet;
mod page_keys;
mod pill;
mod row_keys;
mod sheet;
mod toast;
mod top_bar;

pub use bars::{LoadBar, ProgressBar};
pub use button::{Button, SignButton, Weight};
pub use drawer::Drawer;
pub use empty::{Empty, FailureLine};
pub use help::Help;
pub use icon::{Icon, Sign};
pub use jump_box::JumpBox;
pub use later::Later;
pub use link::PlaceLink;
pub use nav::Nav;
pub use own_sheet::OwnSheet;
pub use page_keys::listen as listen_for_page_keys;
pub use pill::{HealthMark, OutcomeMark, Pill};
pub use row_keys::RowKeys;
pub use sheet::{Field, Question, QuestionSheet, Sheet};
pub use toast::{Toast, Toasts};
pub use top_bar::TopBar;
