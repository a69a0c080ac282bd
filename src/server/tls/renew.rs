//! Watches the files of the certificate that is shown: when they become others, connections from then on see the new one, and
//! none is dropped. Touch it when a renewal is to be noticed otherwise.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::watch;
use tokio::task::spawn_blocking;
use tokio::time::{Instant, sleep};

use super::Identity;
use super::stamp::Stamp;
use crate::server::{Live, LiveSettings};

/// How often it is told that a certificate ends soon.
const TOLD_EVERY: Duration = Duration::from_secs(24 * 60 * 60);

/// Looks at the files each `every`, for ever. What changed must stay the same for as long, because a certificate and its key are
/// written one after the other. A pair that cannot be used is told, and the one before stays.
pub async fn renew(live: watch::Sender<Arc<Live>>, every: Duration) {
    let (mut changed, mut refused) = (None, None);
    let mut told: Option<Instant> = None;
    loop {
        sleep(every).await;
        let Some(shown) = live.borrow().settings().tls.clone() else { continue };
        if let Some(warning) = shown.warning(Timestamp::now())
            && told.is_none_or(|told| told.elapsed() >= TOLD_EVERY)
        {
            tracing::warn!("{warning}");
            told = Some(Instant::now());
        }
        let files = shown.clone();
        let look = move || Stamp::of(&files.certificate, &files.private_key);
        let Ok(now) = spawn_blocking(look).await else { continue };
        if now == shown.stamp || refused == Some(now) {
            changed = None;
        } else if changed != Some(now) {
            changed = Some(now);
        } else {
            let files = shown.clone();
            let Ok(read) = spawn_blocking(move || files.again(Timestamp::now())).await else { continue };
            match read {
                Ok(new) => {
                    tracing::info!("the certificate was renewed: {new}");
                    told = None;
                    show(&live, &shown, new);
                }
                Err(error) => {
                    tracing::warn!(%error, "the new certificate cannot be used; the one before stays: {shown}");
                    refused = Some(now);
                    shown.not_renewed.store(true, Ordering::Relaxed);
                }
            }
        }
    }
}

/// Puts a certificate in the place of another, unless that one went meanwhile.
fn show(live: &watch::Sender<Arc<Live>>, old: &Identity, new: Identity) {
    live.send_if_modified(|live| {
        if live.settings().tls.as_ref() != Some(old) {
            return false;
        }
        let settings = LiveSettings { tls: Some(new), ..live.settings().clone() };
        // They were checked before, and a certificate has nothing in it that could be refused here.
        Live::new(settings).is_ok_and(|renewed| {
            *live = renewed;
            true
        })
    });
}
