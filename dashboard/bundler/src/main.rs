//! Builds the front ends for browsers: WebAssembly, hashed names, compressed twins.

fn main() {}
