//! How long events take from their publication to a subscriber. Touch it when benches time deliveries otherwise.

use futures_util::StreamExt;
use jiff::Timestamp;
use tokio::sync::mpsc;
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

/// Reads for as long as the daemon is there and tells how long after its publication each window came, in milliseconds.
pub async fn time(request: impl IntoClientRequest + Unpin, latencies: mpsc::UnboundedSender<f64>) {
    let (mut socket, _) = connect_async(request).await.expect("connects");
    while let Some(Ok(message)) = socket.next().await {
        let now = Timestamp::now();
        let Message::Text(text) = message else { continue };
        if !text.starts_with(r#"{"type":"genre.window""#) {
            continue;
        }
        let (_, rest) = text.rsplit_once(r#""time":""#).expect("a time");
        let time: Timestamp = rest[..rest.find('"').expect("its end")].parse().expect("a time");
        // Events are stamped in whole milliseconds, cut off: up to one of them is not delay.
        let _ = latencies.send(now.duration_since(time).as_secs_f64() * 1000.0);
    }
}
