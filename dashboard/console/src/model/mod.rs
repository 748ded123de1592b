//! What the pages show and decide, as plain data: no browser, no clock.

pub mod alarm_line;
pub mod beijing;
pub mod campaign_filter;
pub mod campaign_row;
pub mod cause;
pub mod connection_line;
pub mod failure;
pub mod journey;
pub mod jump;
pub mod lockout;
pub mod number;
pub mod place;
pub mod query;
pub mod record_filter;
pub mod row_cursor;
pub mod tone;
