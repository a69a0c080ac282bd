//! The threads `upload-K`: they hear clips that clients send, at a lower priority than everything that is live.
//! Touch it when they are to be started or ended otherwise.

use std::thread::JoinHandle;

use super::threads::{Spawner, join_stage};
use super::{DaemonError, STAGE_LIMIT, Stage};
use crate::hearing::Ears;
use crate::upload::{Hall, Library, Worker};

/// How nice these threads are to others. Where both want the same core, one of niceness 0 gets nine times as much of it
/// (Linux's weights are 1024 and 110).
const NICENESS: i32 = 10;

/// Whoever hears clips.
pub(super) struct Uploads {
    hall: Hall,
    threads: Vec<JoinHandle<()>>,
}

impl Uploads {
    /// Starts so many; their sessions are opened when the first clip comes.
    pub fn start(at_once: usize, own: Ears, stage: &Stage, spawner: &Spawner) -> Result<Self, DaemonError> {
        let library = Library { catalogue: stage.catalogue.clone(), own };
        let mut threads = Vec::new();
        for k in 0..at_once {
            let worker = Worker::new(stage.hall.clone(), library.clone(), stage.decide.subscribe());
            let body = move || {
                give_way();
                worker.run();
            };
            threads.push(spawner.spawn(&format!("upload-{k}"), body)?);
        }
        Ok(Self { hall: stage.hall.clone(), threads })
    }

    /// Ends what is heard and sends away whoever waits.
    pub fn close(&self) {
        self.hall.close();
    }

    /// Joins the threads.
    pub fn end(self) {
        self.hall.close();
        join_stage("upload", self.threads, STAGE_LIMIT);
    }
}

/// Gives the calling thread a low priority. On Linux that is each thread's own matter; elsewhere it would be the whole
/// process's, and nothing is done.
fn give_way() {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::getpriority_process(None)
        .and_then(|now| rustix::process::setpriority_process(None, now.max(NICENESS)))
    {
        tracing::warn!(%error, "clips that are sent are heard at the same priority as live sources");
    }
}
