//! Sessions from outside: bytes and time in, bytes and events out.

mod both_ends;
mod cmpp;
mod ending;
mod hostile;
mod smpp;
mod support;
mod window;
