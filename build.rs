//! Has cargo build anew when the page in `web/dist` appears, changes or goes, which no Rust file tells it. Touch it when
//! the page is built elsewhere.

use std::path::Path;

fn main() {
    // Cargo takes a path that is missing for one that has changed, at every build. So where there is no page yet the folder
    // is watched in which it will appear.
    let watched = if Path::new("web/dist").is_dir() { "web/dist" } else { "web" };
    println!("cargo::rerun-if-changed={watched}");
}
