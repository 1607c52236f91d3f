//! Not a daemon yet.

fn main() {}
