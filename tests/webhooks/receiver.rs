//! A web server that takes what is posted and answers as it is told. Touch it when a test needs another kind of answer.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use futures_util::stream;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

use crate::support::PATIENCE;

/// How a request is answered.
#[derive(Clone, Copy)]
pub enum Answer {
    Status(u16),
    /// 503, and when to come again.
    Later(u64),
    /// Redirects to `/elsewhere`.
    Redirect,
    /// Nothing for so long, then 204.
    Slow(Duration),
    /// 200 and a body that never ends.
    Endless,
}

/// What was posted.
#[derive(Debug, Clone)]
pub struct Delivery {
    pub path: String,
    pub headers: HeaderMap,
    pub body: Bytes,
    pub at: Instant,
    /// From which port: connections are told apart by it.
    pub from: SocketAddr,
}

impl Delivery {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("JSON")
    }

    pub fn seq(&self) -> u64 {
        self.json()["seq"].as_u64().expect("an event")
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).unwrap_or_else(|| panic!("no {name}")).to_str().expect("text")
    }
}

#[derive(Clone)]
struct Shared {
    /// For the next requests; those after them are answered with 204.
    answers: Arc<Mutex<VecDeque<Answer>>>,
    taken: mpsc::Sender<Delivery>,
}

pub struct Server {
    pub address: SocketAddr,
    answers: Arc<Mutex<VecDeque<Answer>>>,
    deliveries: Receiver<Delivery>,
    runtime: Option<Runtime>,
}

impl Server {
    pub fn start() -> Self {
        Self::start_at(SocketAddr::from(([127, 0, 0, 1], 0)))
    }

    /// At an address where one was before.
    pub fn start_at(address: SocketAddr) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("a runtime");
        let begin = Instant::now();
        let listener = loop {
            match runtime.block_on(TcpListener::bind(address)) {
                Ok(listener) => break listener,
                Err(error) => assert!(begin.elapsed() < PATIENCE, "{error}"),
            }
            std::thread::sleep(Duration::from_millis(20));
        };
        let address = listener.local_addr().expect("bound");
        let (taken, deliveries) = mpsc::channel();
        let answers = Arc::<Mutex<VecDeque<Answer>>>::default();
        let shared = Shared { answers: Arc::clone(&answers), taken };
        let app = Router::new().fallback(take).with_state(shared);
        let app = app.into_make_service_with_connect_info::<SocketAddr>();
        runtime.spawn(async move { axum::serve(listener, app).await });
        Self { address, answers, deliveries, runtime: Some(runtime) }
    }

    /// Answers so from now on, one after the other.
    pub fn answer(&self, answers: impl IntoIterator<Item = Answer>) {
        *self.answers.lock().expect("nobody panics") = answers.into_iter().collect();
    }

    pub fn next(&self) -> Delivery {
        self.deliveries.recv_timeout(PATIENCE).expect("a delivery")
    }

    /// What has come and nobody has looked at.
    pub fn rest(&self) -> Vec<Delivery> {
        self.deliveries.try_iter().collect()
    }

    /// Ends with all its connections; gives its address.
    pub fn end(mut self) -> SocketAddr {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_timeout(Duration::from_secs(1));
        }
        self.address
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

async fn take(State(shared): State<Shared>, request: Request) -> Response {
    let at = Instant::now();
    let from = request.extensions().get::<axum::extract::ConnectInfo<SocketAddr>>().expect("a peer").0;
    let (head, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 1 << 20).await.expect("a body");
    let delivery = Delivery { path: head.uri.to_string(), headers: head.headers, body, at, from };
    assert_eq!(head.method, "POST");
    let answer = shared.answers.lock().expect("nobody panics").pop_front();
    let _ = shared.taken.send(delivery);
    let with = |status: u16| {
        let mut answer = Response::new(Body::from("some words"));
        *answer.status_mut() = StatusCode::from_u16(status).expect("a status");
        answer
    };
    match answer.unwrap_or(Answer::Status(204)) {
        Answer::Status(204) => {
            let mut answer = with(204);
            *answer.body_mut() = Body::empty();
            answer
        }
        Answer::Status(status) => with(status),
        Answer::Later(seconds) => {
            let mut answer = with(503);
            answer.headers_mut().insert(header::RETRY_AFTER, seconds.into());
            answer
        }
        Answer::Redirect => {
            let mut answer = with(307);
            answer.headers_mut().insert(header::LOCATION, header::HeaderValue::from_static("/elsewhere"));
            answer
        }
        Answer::Slow(time) => {
            tokio::time::sleep(time).await;
            with(200)
        }
        Answer::Endless => {
            let piece = Bytes::from_static(&[b'x'; 1024]);
            Response::new(Body::from_stream(stream::unfold((), move |()| {
                let piece = piece.clone();
                async move {
                    tokio::time::sleep(Duration::from_millis(1)).await;
                    Some((Ok::<_, std::io::Error>(piece), ()))
                }
            })))
        }
    }
}
