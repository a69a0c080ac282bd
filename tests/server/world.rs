//! A real server on a free port, and real clients for it.
//! Touch it when the server needs more to start.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use genrecast::catalogue::Catalogue;
use genrecast::event::SourceState;
use genrecast::history::{History, Limits, Recorder, Stop};
use genrecast::hub::{Hub, HubLimits};
use genrecast::server::*;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use super::events;

/// Nothing here may take longer; only a failing test waits for it.
pub const PATIENCE: Duration = Duration::from_secs(30);

pub struct World {
    pub at: SocketAddr,
    pub hub: Arc<Hub>,
    live: watch::Sender<Arc<Live>>,
    pub sources: Arc<Sources>,
    pub stop: watch::Sender<bool>,
    pub served: JoinHandle<Result<(), ServerError>>,
    pub history: Option<Recording>,
}

/// A history that is being recorded.
pub struct Recording {
    pub history: History,
    stop: Stop,
    thread: std::thread::JoinHandle<()>,
}

/// What a server is started with.
pub struct Settings {
    pub fixed: ServerSettings,
    pub live: LiveSettings,
}

/// A daemon that lives, but hears nothing: the names of its sources.
pub struct Sources(pub Mutex<Vec<&'static str>>);

impl Health for Sources {
    fn report(&self) -> HealthReport {
        HealthReport {
            live: true,
            ready: false,
            reasons: vec!["no window yet".into()],
            detail: json!({"made_up": true}),
        }
    }

    fn sources(&self) -> Vec<SourceInfo> {
        let info = |name: &&str| SourceInfo {
            model: None,
            name: (*name).into(),
            uri: "mic:".into(),
            state: SourceState::Starting,
            reason: None,
            remedy: None,
            native_hz: None,
            title: None,
            behind_live_s: None,
            counters: SourceCounts::default(),
        };
        self.0.lock().expect("not poisoned").iter().map(info).collect()
    }
}

impl World {
    pub async fn start() -> Self {
        Self::with(20_000, |_| {}).await
    }

    /// A server whose log holds `events`, with changed settings.
    pub async fn with(events: usize, change: impl FnOnce(&mut Settings)) -> Self {
        let any = "127.0.0.1:0".parse().expect("an address");
        Self::at(any, events, change).await
    }

    pub async fn at(listen: SocketAddr, events: usize, change: impl FnOnce(&mut Settings)) -> Self {
        Self::full(listen, events, None, change).await
    }

    /// A server that records in this folder.
    pub async fn recording(folder: &Path, events: usize, change: impl FnOnce(&mut Settings)) -> Self {
        let any = "127.0.0.1:0".parse().expect("an address");
        Self::full(any, events, Some(folder), change).await
    }

    async fn full(
        listen: SocketAddr,
        events: usize,
        folder: Option<&Path>,
        change: impl FnOnce(&mut Settings),
    ) -> Self {
        let mut settings = Settings { fixed: ServerSettings::new(listen), live: LiveSettings::default() };
        change(&mut settings);
        let listener = bind(listen).await.expect("a free port");
        let at = listener.local_addr().expect("an address");
        let hub = Hub::new(HubLimits { events, bytes: 64 << 20 });
        let history = folder.map(|folder| {
            let history = History::new(folder, Limits::default());
            let (mut recorder, stop) = Recorder::new(history.clone(), Arc::clone(&hub), |_| {});
            recorder.open();
            let thread = std::thread::spawn(move || recorder.run());
            Recording { history, stop, thread }
        });
        let about = Arc::new(About {
            version: "0.0.0".into(),
            labels: events::LABELS.map(String::from).to_vec(),
            model: events::model(),
            gate: None,
        });
        let (stop, shutdown) = watch::channel(false);
        let (live, on_live) = watch::channel(Live::new(settings.live).expect("sound settings"));
        let health = Arc::new(Sources(Mutex::new(vec!["mic", "radio"])));
        let served = serve(
            listener,
            settings.fixed,
            on_live,
            Served {
                events: Events {
                    hub: Arc::clone(&hub),
                    history: history.as_ref().map(|of| of.history.clone()),
                },
                about,
                health: Arc::clone(&health) as Arc<dyn Health>,
                catalogue: Some(Catalogue::new(vec!["models".into()], vec!["musicnn-crnn".into()])),
                hall: None,
            },
            shutdown,
        );
        Self { at, hub, live, sources: health, stop, served: tokio::spawn(served), history }
    }

    /// Lets other settings hold while the server serves.
    pub fn set_live(&self, change: impl FnOnce(&mut LiveSettings)) {
        let mut settings = self.live.borrow().settings().clone();
        change(&mut settings);
        self.live.send_replace(Live::new(settings).expect("sound settings"));
    }

    /// Watches the files of the certificate, this often.
    pub fn renewing(&self, every: Duration) -> JoinHandle<()> {
        tokio::spawn(renew(self.live.clone(), every))
    }

    /// A client that has heard `hello`.
    pub async fn client(&self, query: &str) -> Client {
        let mut client = self.stranger(query).await;
        assert_eq!(client.next().await["type"], "hello");
        client
    }

    /// A client that has heard nothing yet.
    pub async fn stranger(&self, query: &str) -> Client {
        let url = format!("ws://{}/v1/events{query}", self.at);
        let (socket, _) = connect_async(url).await.expect("connects");
        Client(socket)
    }

    /// Sends the head of a request, returns status and body.
    pub async fn http(&self, head: &str) -> (u16, String) {
        let (status, answer) = self.answer(head).await;
        let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
        (status, body.to_owned())
    }

    /// Sends the head of a request, returns status and headers, those in lower case.
    pub async fn head(&self, head: &str) -> (u16, String) {
        let (status, answer) = self.answer(head).await;
        let end = answer.find("\r\n\r\n").map_or(answer.len(), |end| end + 2);
        (status, answer[..end].to_lowercase())
    }

    /// Sends the head of a request, returns status and the whole answer.
    pub async fn answer(&self, head: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(self.at).await.expect("connects");
        stream.write_all(head.as_bytes()).await.expect("writes");
        let mut answer = String::new();
        let read = timeout(PATIENCE, stream.read_to_string(&mut answer)).await;
        read.expect("answers in time").expect("answers");
        let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok());
        (status.unwrap_or(0), answer)
    }

    /// GETs a path; the answer must be JSON.
    pub async fn get(&self, path: &str) -> (u16, Value) {
        let head = format!("GET {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", self.at);
        let (status, body) = self.http(&head).await;
        (status, serde_json::from_str(&body).expect("JSON"))
    }

    /// Ends the server; it must end in time and without error.
    pub async fn end(self) {
        self.stop.send_replace(true);
        let served = timeout(PATIENCE, self.served).await.expect("ends");
        served.expect("no panic").expect("no error");
        if let Some(Recording { stop, thread, .. }) = self.history {
            drop(stop);
            thread.join().expect("no panic");
        }
    }

    /// Events that were published and are not in the history yet; 0 without one.
    pub fn unrecorded(&self) -> u64 {
        let recorded = self.history.as_ref().map(|of| *of.history.recorded().borrow());
        recorded.map_or(0, |recorded| self.hub.latest().saturating_sub(recorded))
    }

    /// Waits until everything that was published is in the history.
    pub async fn settle(&self) {
        let recording = self.history.as_ref().expect("it records");
        let mut recorded = recording.history.recorded();
        let all = recorded.wait_for(|recorded| *recorded >= self.hub.latest());
        timeout(PATIENCE, all).await.expect("in time").expect("it records");
    }
}

pub struct Client(pub WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Client {
    pub async fn say(&mut self, message: Value) {
        self.send(Message::text(message.to_string())).await;
    }

    pub async fn send(&mut self, message: Message) {
        self.0.send(message).await.expect("sends");
    }

    /// The next message, as text.
    pub async fn text(&mut self) -> String {
        match timeout(PATIENCE, self.0.next()).await.expect("a message in time") {
            Some(Ok(Message::Text(text))) => text.as_str().to_owned(),
            other => panic!("wanted a text message, got {other:?}"),
        }
    }

    pub async fn next(&mut self) -> Value {
        serde_json::from_str(&self.text().await).expect("JSON")
    }

    /// The next message but heartbeats.
    pub async fn heard(&mut self) -> Value {
        loop {
            let message = self.next().await;
            if message["type"] != "heartbeat" {
                return message;
            }
        }
    }

    /// The `seq`s of the next `n` messages, all events.
    pub async fn seqs(&mut self, n: usize) -> Vec<u64> {
        let mut seqs = Vec::new();
        for _ in 0..n {
            let message = self.heard().await;
            seqs.push(message["seq"].as_u64().expect("an event"));
        }
        seqs
    }

    /// Skips what still comes, up to the close frame; its code.
    pub async fn close_code(&mut self) -> u16 {
        loop {
            match timeout(PATIENCE, self.0.next()).await.expect("closes in time") {
                Some(Ok(Message::Close(Some(frame)))) => return frame.code.into(),
                Some(Ok(Message::Text(_))) => {}
                other => panic!("wanted a close frame, got {other:?}"),
            }
        }
    }
}
