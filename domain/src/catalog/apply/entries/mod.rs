//! From the entries of the file to the objects of the catalog, section by section.

mod account;
mod business_type;
mod connection;
mod lane;
mod list;
mod organisation;
mod route;
mod strategy;
mod template;

pub(super) use account::accounts;
pub(super) use business_type::business_types;
pub(super) use connection::connections;
pub(super) use lane::check_lanes;
pub(super) use list::{number_lists, word_lists};
pub(super) use organisation::organisations;
pub(super) use route::{route_groups, route_rules};
pub(super) use strategy::strategies;
pub(super) use template::templates;
