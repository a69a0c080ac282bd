//! The outputs that there are: each a task, started, changed and ended as the configuration wants it. Touch it when there is
//! another kind of output.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::mqtt::{self, MqttWanted};
use super::output::Output;
use super::queue::Queue;
use super::status::{Key, Line};
use super::webhook::{self, WebhookSettings};
use super::{Ground, Wanted};

/// How long the outputs may take for what is left when the daemon ends.
pub const END_LIMIT: Duration = Duration::from_millis(1200);

/// One running output's settings; it ends when this is dropped.
type Sender<S> = watch::Sender<Arc<S>>;

/// Runs the outputs until the other side of `wanted` is gone; then what waits is delivered as far as [`END_LIMIT`] goes.
/// What is wanted at first gets the events of this run from the first on; an output that is added later, those from then on.
///
/// # Panics
/// When one of the outputs does.
pub async fn run(ground: Ground, mut wanted: watch::Receiver<Wanted>) {
    let mut outputs =
        Outputs { tasks: JoinSet::new(), mqtt: None, webhooks: BTreeMap::new(), after: 0, ground };
    loop {
        let now = wanted.borrow_and_update().clone();
        outputs.carry_out(now);
        outputs.after = outputs.ground.hub.latest();
        tokio::select! {
            changed = wanted.changed() => if changed.is_err() { break },
            () = outputs.task_ended() => {}
        }
    }
    outputs.end().await;
}

struct Outputs {
    ground: Ground,
    tasks: JoinSet<()>,
    mqtt: Option<Sender<MqttWanted>>,
    webhooks: BTreeMap<String, Sender<WebhookSettings>>,
    /// New outputs get the events after this one.
    after: u64,
}

impl Outputs {
    fn carry_out(&mut self, wanted: Wanted) {
        let Wanted { settings, sources } = wanted;
        let mqtt = settings.mqtt.map(|settings| Arc::new(MqttWanted { settings, sources }));
        match (mqtt, &self.mqtt) {
            (None, _) => self.mqtt = None,
            (Some(wanted), Some(running)) => change(running, wanted),
            (Some(wanted), None) => {
                let selection = wanted.settings.selection.clone();
                let queue = self.queue(selection, wanted.settings.queue);
                let line = Line::new(&self.ground.statuses, Key::Mqtt, &wanted.settings.broker.to_string());
                let (sender, receiver) = watch::channel(wanted);
                let output = Output::new(&self.ground.hub, queue, receiver);
                self.tasks.spawn(mqtt::run(self.ground.clone(), output, line));
                self.mqtt = Some(sender);
            }
        }
        self.webhooks.retain(|name, _| settings.webhooks.iter().any(|hook| hook.name == *name));
        for hook in settings.webhooks {
            let hook = Arc::new(hook);
            if let Some(running) = self.webhooks.get(&hook.name) {
                change(running, hook);
                continue;
            }
            let queue = self.queue(hook.selection.clone(), hook.queue);
            let line = Line::new(&self.ground.statuses, Key::Webhook(hook.name.clone()), &hook.name);
            let (sender, receiver) = watch::channel(Arc::clone(&hook));
            let output = Output::new(&self.ground.hub, queue, receiver);
            self.tasks.spawn(webhook::run(output, line));
            self.webhooks.insert(hook.name.clone(), sender);
        }
    }

    fn queue(&self, selection: super::Selection, limit: usize) -> Queue {
        Queue::new(Arc::clone(&self.ground.hub), selection, limit, self.after)
    }

    /// Waits until an output has ended that was told to.
    async fn task_ended(&mut self) {
        match self.tasks.join_next().await {
            None => std::future::pending().await,
            Some(ended) => propagate(ended),
        }
    }

    /// Ends all of them.
    async fn end(mut self) {
        self.mqtt = None;
        self.webhooks.clear();
        let all = async {
            while let Some(ended) = self.tasks.join_next().await {
                propagate(ended);
            }
        };
        if timeout(END_LIMIT, all).await.is_err() {
            tracing::warn!("not all that was to be told to others was told in time");
        }
    }
}

/// Another setting is told; the same is not.
fn change<S: PartialEq>(running: &Sender<S>, wanted: Arc<S>) {
    running.send_if_modified(|now| {
        let changed = **now != *wanted;
        if changed {
            *now = wanted;
        }
        changed
    });
}

/// A panic of a task is one of the thread, so that whoever watches it notices.
fn propagate(ended: Result<(), tokio::task::JoinError>) {
    if let Err(error) = ended
        && let Ok(panic) = error.try_into_panic()
    {
        std::panic::resume_unwind(panic);
    }
}
