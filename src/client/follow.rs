//! Following a daemon: connect, subscribe, hear, and begin again where it broke off.
//! Touch it when connecting or giving up changes.

use std::io;
use std::time::Duration;

use axum::http::header::{AUTHORIZATION, SEC_WEBSOCKET_PROTOCOL};
use axum::http::{HeaderValue, StatusCode};
use futures_util::{SinkExt, StreamExt};
use serde_json::{Map, Value, json};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::{Error as WsError, Message};
use tokio_tungstenite::{WebSocketStream, client_async_with_config};

use super::connect::{Duplex, connect};
use super::output::Output;
use super::position::Position;
use super::view::{Link, View};
use super::{ClientError, Endpoint, ExitReason, ListenOptions};
use crate::backoff::Backoff;

/// The subprotocol spoken; the same text as the server's, for it is what the two agree upon.
const SUBPROTOCOL: &str = "genrecast.v1.json";

const CONNECT_LIMIT: Duration = Duration::from_secs(10);

/// Waits between tries to connect.
const FIRST_WAIT: Duration = Duration::from_millis(500);
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// Heartbeats that may fail to come before a connection counts as dead.
const MISSED_HEARTBEATS: f64 = 3.0;

/// How often a live view may be drawn.
const FRAME: Duration = Duration::from_millis(100);

type Socket = WebSocketStream<Box<dyn Duplex>>;

/// How a connection, or the try to get one, ended.
enum Ended {
    /// Worth another try.
    Lost(String),
    /// Not worth one.
    Refused(ClientError),
    Exit(ExitReason),
}

impl From<io::Error> for Ended {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::Exit(ExitReason::ReaderGone),
            _ => Self::Refused(ClientError::Output(error)),
        }
    }
}

pub(super) struct Follower {
    options: ListenOptions,
    endpoint: Endpoint,
    output: Output,
    stop: watch::Receiver<bool>,
    position: Position,
    view: View,
    backoff: Backoff,
    /// Whether the daemon has ever answered.
    met: bool,
}

impl Follower {
    pub(super) fn new(
        options: ListenOptions,
        endpoint: Endpoint,
        output: Output,
        stop: watch::Receiver<bool>,
    ) -> Self {
        Self {
            position: Position::new(options.since.clone()),
            view: View::new(endpoint.as_str()),
            backoff: Backoff::new(FIRST_WAIT, LONGEST_WAIT),
            met: false,
            options,
            endpoint,
            output,
            stop,
        }
    }

    pub(super) async fn run(mut self) -> Result<ExitReason, ClientError> {
        let mut stop = self.stop.clone();
        // Whatever it is doing, it can be stopped: no state of it outlives this.
        let reason = tokio::select! {
            biased;
            _ = stop.wait_for(|stop| *stop) => Ok(ExitReason::Stopped),
            ended = self.follow() => ended,
        };
        self.output.end();
        reason
    }

    async fn follow(&mut self) -> Result<ExitReason, ClientError> {
        loop {
            let ended = match self.connection().await {
                Ok(never) => match never {},
                Err(ended) => ended,
            };
            let why = match ended {
                Ended::Exit(reason) => return Ok(reason),
                Ended::Refused(error) => return Err(error),
                Ended::Lost(why) => why,
            };
            if !self.met && !self.options.wait {
                let url = self.endpoint.as_str().to_owned();
                return Err(ClientError::Unreachable { url, why });
            }
            let mut left = self.backoff.wait();
            while !left.is_zero() {
                let retry_s = left.as_secs_f64().ceil() as u64;
                self.view.link = Link::Lost { why: why.clone(), retry_s };
                match self.output.draw(&self.view).map_err(Ended::from) {
                    Err(Ended::Exit(reason)) => return Ok(reason),
                    Err(Ended::Refused(error)) => return Err(error),
                    Err(Ended::Lost(_)) | Ok(()) => {}
                }
                let step = left.min(Duration::from_secs(1));
                sleep(step).await;
                left -= step;
            }
        }
    }

    async fn connection(&mut self) -> Result<std::convert::Infallible, Ended> {
        self.view.link = Link::Connecting;
        self.output.draw(&self.view)?;
        let mut socket = self.connect().await?;
        let wish = Message::text(self.subscribe().to_string());
        socket.send(wish).await.map_err(lost)?;
        let mut silence = CONNECT_LIMIT;
        let mut frames = tokio::time::interval(FRAME);
        loop {
            let heard = tokio::select! {
                heard = timeout(silence, socket.next()) => heard,
                _ = frames.tick(), if self.output.waits() => {
                    self.output.draw(&self.view)?;
                    continue;
                }
            };
            let heard = heard
                .map_err(|_| Ended::Lost("the daemon has fallen silent".into()))?
                .ok_or_else(|| Ended::Lost("the connection was lost".into()))?
                .map_err(lost)?;
            match heard {
                Message::Text(text) => {
                    if let Some(heartbeat) = self.hear(&text)? {
                        silence = heartbeat.mul_f64(MISSED_HEARTBEATS).max(CONNECT_LIMIT);
                    }
                }
                Message::Close(frame) => return Err(self.closed(frame)),
                _ => {}
            }
        }
    }

    async fn connect(&mut self) -> Result<Socket, Ended> {
        let url = self.endpoint.as_str();
        let mut request = url.into_client_request().map_err(lost)?;
        let protocol = HeaderValue::from_static(SUBPROTOCOL);
        request.headers_mut().insert(SEC_WEBSOCKET_PROTOCOL, protocol);
        if let Some(token) = &self.options.token {
            request.headers_mut().insert(AUTHORIZATION, token.header());
        }
        // Read anew each time: a certificate may have been renewed since.
        let trust = self.endpoint.trust().map_err(Ended::Refused)?;
        let connecting = timeout(CONNECT_LIMIT, async {
            let stream = connect(&self.endpoint, trust.as_ref()).await?;
            client_async_with_config(request, stream, None).await
        });
        match connecting.await {
            Ok(Ok((socket, _))) => Ok(socket),
            Ok(Err(WsError::Http(response))) => {
                let status = response.status();
                let body = response.body().as_deref().unwrap_or_default();
                let body: Value = serde_json::from_slice(body).unwrap_or_default();
                let message = body["error"]["message"].as_str();
                let message = message.unwrap_or("what answers there is no genrecast");
                // Only an error of ours stays one: whatever stands before a daemon may just be waiting for it.
                if status.is_client_error() && status != StatusCode::TOO_MANY_REQUESTS {
                    return Err(self.refused(status.as_str(), message));
                }
                Err(Ended::Lost(format!("HTTP {status}: {message}")))
            }
            Ok(Err(error)) => Err(lost(error)),
            Err(_) => Err(Ended::Lost("no answer in time".into())),
        }
    }

    fn subscribe(&self) -> Value {
        let mut wish = Map::new();
        wish.insert("type".into(), "subscribe".into());
        if !self.options.sources.is_empty() {
            wish.insert("sources".into(), json!(self.options.sources));
        }
        if !self.options.types.is_empty() {
            wish.insert("types".into(), json!(self.options.types));
        }
        if let Some(top_k) = self.options.top_k {
            wish.insert("top_k".into(), top_k.into());
        }
        if let Some(since) = self.position.since() {
            wish.insert("since".into(), since.into());
        }
        Value::Object(wish)
    }

    /// Takes in a message; returns the time between heartbeats when it tells that.
    fn hear(&mut self, text: &str) -> Result<Option<Duration>, Ended> {
        let message: Value = serde_json::from_str(text)
            .map_err(|error| self.refused("protocol", &format!("it sends no JSON: {error}")))?;
        self.position.learn(&message);
        self.view.apply(&message);
        self.output.message(text, &message, &self.view)?;
        let code = message["code"].as_str().unwrap_or_default();
        match message["type"].as_str() {
            Some("hello") => {
                self.met = true;
                self.backoff.reset();
                let period = message["limits"]["heartbeat_s"].as_f64();
                Ok(period.and_then(|s| Duration::try_from_secs_f64(s).ok()))
            }
            // A source may come that is not there yet.
            Some("error") if code == "unknown_source" => Ok(None),
            // A full daemon may have room later; any other refusal would be repeated.
            Some("error") if code == "full" => {
                self.met = true;
                Ok(None)
            }
            Some("error") => {
                let message = message["message"].as_str().unwrap_or_default();
                Err(self.refused(code, message))
            }
            _ => Ok(None),
        }
    }

    fn closed(&self, frame: Option<CloseFrame>) -> Ended {
        let Some(frame) = frame else {
            return Ended::Lost("the daemon closed the connection".into());
        };
        let code = u16::from(frame.code);
        match code {
            1008 | 4400 | 4401 | 4403 | 4429 => self.refused(&code.to_string(), &frame.reason),
            _ => Ended::Lost(format!("closed with {code}: {}", frame.reason)),
        }
    }

    fn refused(&self, code: &str, message: &str) -> Ended {
        Ended::Refused(ClientError::Refused {
            url: self.endpoint.as_str().to_owned(),
            code: code.to_owned(),
            message: message.to_owned(),
        })
    }
}

fn lost(error: WsError) -> Ended {
    Ended::Lost(error.to_string())
}
