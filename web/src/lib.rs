//! The binary `carillon`: the REST API over a lane, and the only place that names concrete backends.

pub mod admin;
pub mod alarm;
pub mod attachment;
pub mod campaign;
pub mod command;
pub mod config;
pub mod docs_page;
pub mod endpoint;
pub mod feed;
pub mod http;
pub mod live;
pub mod login;
pub mod node;
pub mod pages;
pub mod probe;
pub mod query;
pub mod right;
pub mod send;
pub mod service;
pub mod state;
pub mod upstream;
pub mod webhook;
