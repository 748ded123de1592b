//! Sessions from outside: bytes and time in, bytes and events out.

mod both_ends;
mod support;
