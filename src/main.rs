//! The binary `genrecast`.

fn main() {}
