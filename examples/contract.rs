//! Writes the contract that the daemon serves into a folder: `cargo run --example contract -- docs/api`.
//! Touch it when the folder is to look otherwise.

use std::path::{Path, PathBuf};
use std::{env, fs, io};

use genrecast::server::contract::documents;

fn main() -> io::Result<()> {
    let Some(folder) = env::args_os().nth(1).map(PathBuf::from) else {
        return Err(io::Error::other(
            "name the folder to write into: cargo run --example contract -- docs/api",
        ));
    };
    fs::create_dir_all(folder.join("schema"))?;
    for place in [folder.join("schema"), folder.clone()] {
        remove_documents(&place)?;
    }
    for (path, text) in documents() {
        fs::write(folder.join(path), text)?;
    }
    println!("{} documents in {}", documents().len(), folder.display());
    Ok(())
}

/// What is no longer served shall not stay.
fn remove_documents(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "json") {
            fs::remove_file(path)?;
        }
    }
    Ok(())
}
