//! Events for web servers: each is a POST, signed if there is a secret, tried again until the server has taken it. Touch this
//! file when a webhook's settings get another one, or when what is tried again changes.

mod failure;
mod message;
mod poster;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::output::{Output, Woken};
use super::queue::Item;
use super::status::{Line, State};
use super::{Secret, Selection};
use crate::backoff::Backoff;
use crate::dial::Address;
use failure::Failure;
use message::Message;
use poster::Poster;

/// How long is waited before the next try, at first and at most.
const WAITS: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(60));

/// How long the last deliveries may take when the daemon ends.
const LAST: Duration = Duration::from_secs(1);

/// One webhook.
#[derive(Debug, Clone, PartialEq)]
pub struct WebhookSettings {
    /// What it is called in the log and in `/healthz`: its address may be a secret.
    pub name: String,
    /// Where events are posted to.
    pub address: Address,
    /// Which events.
    pub selection: Selection,
    /// What they are signed with.
    pub secret: Option<Secret>,
    /// The certificates (PEM) that the server's may be signed by, in the place of the system's.
    pub ca_file: Option<PathBuf>,
    /// How long a delivery may take.
    pub timeout: Duration,
    /// How often one that the server refuses is tried again.
    pub retries: u32,
    /// Most events that wait.
    pub queue: usize,
}

/// Delivers events until the output is to end.
pub(super) async fn run(output: Output<WebhookSettings>, line: Line) {
    let settings = Arc::clone(&output.wanted.borrow());
    let backoff = Backoff::new(WAITS.0, WAITS.1);
    Hook { output, line, backoff, poster: Poster::new(&settings), settings, refused: None, failed: None }
        .run()
        .await;
}

struct Hook {
    output: Output<WebhookSettings>,
    line: Line,
    settings: Arc<WebhookSettings>,
    poster: Poster,
    backoff: Backoff,
    /// What was refused last, and how often.
    refused: Option<(String, u32)>,
    /// What has failed and is to be tried again.
    failed: Option<String>,
}

impl Hook {
    async fn run(&mut self) {
        self.adopt();
        loop {
            self.report();
            match self.output.wait_for_events().await {
                Woken::Done(()) => {}
                Woken::Changed => {
                    self.adopt();
                    continue;
                }
                Woken::Ended => break,
            }
            let Some(item) = self.output.queue.take() else { continue };
            let message = Message::new(&item, self.settings.secret.as_ref());
            self.report();
            if self.failed.take_if(|id| *id == message.id).is_some() {
                self.line.retry();
            }
            match self.output.wait_for(self.poster.post(&self.settings, &message)).await {
                Woken::Done(Ok(())) => self.delivered(&item),
                Woken::Done(Err(failure)) => {
                    let wait = self.failed(item, &message, &failure);
                    match self.output.wait_for(tokio::time::sleep(wait)).await {
                        Woken::Done(()) => {}
                        Woken::Changed => self.adopt(),
                        Woken::Ended => break,
                    }
                }
                // It may have arrived; that is what its id is for.
                Woken::Changed => {
                    self.output.queue.put_back(item);
                    self.adopt();
                }
                Woken::Ended => {
                    self.output.queue.put_back(item);
                    break;
                }
            }
        }
        self.finish().await;
    }

    /// Goes by the settings that hold now; what waits goes on waiting.
    fn adopt(&mut self) {
        self.settings = Arc::clone(&self.output.wanted.borrow_and_update());
        self.output.queue.set(self.settings.selection.clone(), self.settings.queue);
        self.poster = Poster::new(&self.settings);
        self.backoff.reset();
        self.refused = None;
    }

    fn delivered(&mut self, item: &Item) {
        match item {
            Item::Event(_) => self.line.tell(|status| status.delivered += 1),
            Item::Gap(gap) => {
                let hook = &self.settings.name;
                tracing::warn!(
                    hook,
                    gap.from_seq,
                    gap.to_seq,
                    gap.dropped,
                    "webhook: events that it never gets"
                );
            }
        }
        self.backoff.reset();
        self.refused = None;
        self.line.turn(State::Working);
    }

    /// Lets it wait again, or gives it up; says how long to wait.
    fn failed(&mut self, item: Item, message: &Message, failure: &Failure) -> Duration {
        let (hook, remedy) = (&self.settings.name, failure.remedy());
        // Once an outage: the rest is seen in `/healthz`.
        if self.line.fail(&failure.to_string(), remedy) {
            tracing::warn!(hook, error = %failure, remedy, "webhook: not delivered; it is tried again, and events wait");
        } else {
            tracing::debug!(hook, error = %failure, "webhook: still not delivered");
        }
        let before = self.refused.take().filter(|(id, _)| *id == message.id).map_or(0, |(_, times)| times);
        if failure.refuses() && before >= self.settings.retries {
            tracing::warn!(hook, id = message.id, error = %failure, "webhook: given up, because the server refuses it");
            self.output.queue.refuse(item);
            return self.backoff.wait();
        }
        self.refused = failure.refuses().then(|| (message.id.clone(), before + 1));
        self.failed = Some(message.id.clone());
        self.output.queue.put_back(item);
        self.backoff.wait().max(failure.retry_after())
    }

    /// Delivers what is left, as far as the server takes it at once.
    async fn finish(&mut self) {
        self.output.queue.fill();
        let deadline = Instant::now() + LAST;
        while let Some(item) = self.output.queue.take() {
            let message = Message::new(&item, self.settings.secret.as_ref());
            let left = deadline.saturating_duration_since(Instant::now());
            match tokio::time::timeout(left, self.poster.post(&self.settings, &message)).await {
                Ok(Ok(())) => self.delivered(&item),
                _ => {
                    self.output.queue.put_back(item);
                    break;
                }
            }
        }
        let (hook, left) = (&self.settings.name, self.output.queue.len());
        if left > 0 {
            tracing::warn!(hook, left, "webhook: events that it never gets, because the daemon ends");
        }
    }

    fn report(&self) {
        let (waiting, dropped) = (self.output.queue.len(), self.output.queue.dropped());
        self.line.tell(|status| (status.waiting, status.dropped) = (waiting, dropped));
    }
}
