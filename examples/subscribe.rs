//! Prints each change of genre, and misses none: after a lost connection it goes on where it was. Copy it and touch `tell`.
//!
//! `cargo run --example subscribe -- ws://127.0.0.1:8470/v1/events [SOURCE …]`; needs tokio, tokio-tungstenite, futures-util
//! and serde_json. GENRECAST_TOKEN holds the token where the daemon asks for one.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::time::sleep;
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::client::{ClientRequestBuilder, IntoClientRequest};
use tokio_tungstenite::tungstenite::error::UrlError;
use tokio_tungstenite::tungstenite::{Error, Message};

fn tell(event: &Value) {
    let label = |end: &str| event[end]["label"].as_str().unwrap_or("(begin)").to_owned();
    let (start, source) = (event["to"]["start"].as_str(), event["source"].as_str());
    println!("{} {}: {} -> {}", start.unwrap_or(""), source.unwrap_or(""), label("from"), label("to"));
}

/// Moves EPOCH:SEQ up to which everything has been served: what `since` takes.
fn learn(place: &mut Option<String>, message: &Value) {
    if let Some(next) = message["next_epoch"].as_str() {
        *place = Some(format!("{next}:0"));
        return;
    }
    let seq = match message["type"].as_str() {
        Some("gap") => &message["to_seq"],
        Some("heartbeat") => &message["cursor"],
        Some("hello") => return,
        _ => &message["seq"],
    };
    if let (Some(epoch), Some(seq)) = (message["epoch"].as_str(), seq.as_u64()) {
        *place = Some(format!("{epoch}:{seq}"));
    }
}

/// Hears until the connection is lost.
async fn hear(address: &str, sources: &[String], place: &mut Option<String>) -> Result<(), Error> {
    let uri = address.parse().map_err(|_| Error::Url(UrlError::UnsupportedUrlScheme))?;
    let mut request = ClientRequestBuilder::new(uri).with_sub_protocol("genrecast.v1.json");
    if let Ok(token) = std::env::var("GENRECAST_TOKEN") {
        request = request.with_header("Authorization", format!("Bearer {token}"));
    }
    let (mut socket, _) = connect_async(request.into_client_request()?).await?;
    let mut wanted = json!({"type": "subscribe", "types": ["genre.changed"], "since": place});
    if !sources.is_empty() {
        wanted["sources"] = json!(sources);
    }
    socket.send(Message::text(wanted.to_string())).await?;
    while let Some(message) = socket.next().await {
        let Message::Text(text) = message? else { continue };
        let message: Value = serde_json::from_str(&text).unwrap_or_default();
        match message["type"].as_str() {
            Some("genre.changed") => tell(&message),
            Some("error") if message["code"] == "future_cursor" => {
                // The daemon's past is gone.
                *place = None;
                return Ok(());
            }
            Some("error") => eprintln!("{message}"),
            _ => {}
        }
        learn(place, &message);
    }
    Ok(())
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let mut arguments = std::env::args().skip(1);
    let address = arguments.next().unwrap_or_else(|| "ws://127.0.0.1:8470/v1/events".into());
    let (sources, mut place): (Vec<String>, _) = (arguments.collect(), None);
    loop {
        if let Err(lost) = hear(&address, &sources, &mut place).await {
            eprintln!("lost: {lost}");
        }
        sleep(Duration::from_secs(1)).await;
    }
}
