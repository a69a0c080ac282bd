//! What one would write with axum: a WebSocket for each who asks, and a broadcast channel. It has the daemon's buffers, and
//! knows neither filters nor resuming. Touch it when the daemon's buffers change.

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{Response, StatusCode};
use axum::routing::get;
use axum::serve::ListenerExt;
use futures_util::{SinkExt, StreamExt};
use genrecast::hub::{Hub, HubLimits};
use genrecast::server::bind;
use hyper_util::rt::TokioIo;
use tokio::sync::broadcast;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};

use super::served::runtime;
use super::{events, process};

type Sender = broadcast::Sender<Utf8Bytes>;

/// A handshake as axum's own extractor makes it, of the version of tungstenite that the daemon has.
async fn upgrade(State(sender): State<Sender>, mut request: Request) -> Response<Body> {
    let key = request.headers().get("sec-websocket-key").expect("a handshake").as_bytes().to_owned();
    let upgraded = hyper::upgrade::on(&mut request);
    let receiver = sender.subscribe();
    tokio::spawn(async move {
        let config = WebSocketConfig::default()
            .read_buffer_size(1 << 10)
            .write_buffer_size(8 << 10)
            .max_write_buffer_size(16 << 20);
        let stream = TokioIo::new(upgraded.await.expect("upgraded"));
        talk(WebSocketStream::from_raw_socket(stream, Role::Server, Some(config)).await, receiver).await;
    });
    let answer = Response::builder().status(StatusCode::SWITCHING_PROTOCOLS);
    let answer = answer.header("connection", "upgrade").header("upgrade", "websocket");
    let answer = answer.header("sec-websocket-accept", derive_accept_key(&key));
    answer.body(Body::empty()).expect("an answer")
}

async fn talk(
    mut socket: WebSocketStream<TokioIo<hyper::upgrade::Upgraded>>,
    mut receiver: broadcast::Receiver<Utf8Bytes>,
) {
    // The greeting says that the broadcast is listened to.
    if socket.send(Message::Text("{}".into())).await.is_err() {
        return;
    }
    loop {
        tokio::select! {
            text = receiver.recv() => match text {
                Ok(text) => if socket.send(Message::Text(text)).await.is_err() { return },
                Err(_) => return,
            },
            heard = socket.next() => if !matches!(heard, Some(Ok(_))) { return },
        }
    }
}

pub fn run() {
    let runtime = runtime();
    let listener = runtime.block_on(bind("127.0.0.1:0".parse().expect("an address"))).expect("a free port");
    let port = listener.local_addr().expect("bound").port();
    let (sender, _) = broadcast::channel(64);
    let router = Router::new().route("/", get(upgrade)).with_state(sender.clone());
    let listener = listener.tap_io(|stream| stream.set_nodelay(true).expect("set"));
    runtime.spawn(async move { axum::serve(listener, router).await });
    let hub = Hub::new(HubLimits::default());
    let mut read = Vec::new();
    process::publish_on_demand(port, || {
        // The same event in the same words, serialised once.
        let seq = hub.publish("radio", events::window(0.5));
        hub.read(seq - 1, 1, &mut read);
        let text = read.remove(0).frame(5);
        // Without a subscriber it goes nowhere.
        let _ = sender.send(text.as_str().into());
    });
}
