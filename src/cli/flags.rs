//! Flags of the commands that are about a whole daemon, `run` and `check`. Touch it when such a flag overrides a key.

use std::path::PathBuf;

use clap::{Args, ValueHint};
use genrecast::config::Flag;
use toml::{Table, Value};

#[derive(Args)]
pub(super) struct DaemonFlags {
    /// What to listen to, instead of the configured sources; may be given several times:
    /// mic:, mic:NAME, http://HOST/STREAM (https too), file:PATH?speed=S&loop=true, exec:PROGRAM ARGUMENTS, -
    #[arg(long = "source", value_name = "URI", allow_hyphen_values = true)]
    sources: Vec<String>,
    /// Address and port to serve on, such as localhost:8470; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<String>,
    /// Where the history is kept [default: $GENRECAST_STATE_DIR, $STATE_DIRECTORY or $XDG_STATE_HOME/genrecast]
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub state_dir: Option<PathBuf>,
}

impl DaemonFlags {
    /// The keys that they set.
    pub fn keys(&self) -> Vec<Flag> {
        let listen = self.listen.as_deref().map(|listen| Flag {
            name: "--listen",
            key: "server.listen",
            value: listen.into(),
        });
        let one =
            |uri: &String| Value::Table(Table::from_iter([("uri".to_owned(), Value::from(uri.as_str()))]));
        let sources = (!self.sources.is_empty()).then(|| Flag {
            name: "--source",
            key: "source",
            value: Value::Array(self.sources.iter().map(one).collect()),
        });
        listen.into_iter().chain(sources).collect()
    }
}
