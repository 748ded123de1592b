//! Mail over real sockets: the real node with the real journal, and relays that do what a test tells them.

mod bounces;
mod breaking;
mod house;
mod opening;
mod pools;
mod refusing;
mod relay;
mod sending;
