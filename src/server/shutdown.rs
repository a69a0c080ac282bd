//! The wish that the server ends. Touch it when its end is asked for otherwise.

use tokio::sync::watch;

/// Waits until the server is to end.
pub(super) async fn stopped(shutdown: &mut watch::Receiver<bool>) {
    // An error means that the sender is gone: whoever was to tell us cannot any more.
    let _ = shutdown.wait_for(|stop| *stop).await;
}
