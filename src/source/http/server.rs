//! A server on loopback for tests: it answers each connection with the bytes it is told, however wrong they are.
//! Touch it when a test needs a server that behaves otherwise.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

/// Answers every connection by one function; ends when it is dropped.
pub(in crate::source) struct Server {
    pub(in crate::source) at: SocketAddr,
    requests: Arc<Mutex<Vec<String>>>,
    ended: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// `answer` gets the head of the request and the connection; when it returns, that is closed.
    pub(in crate::source) fn start(answer: impl Fn(&str, &mut TcpStream) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let at = listener.local_addr().expect("bound");
        let (requests, ended) = (Arc::<Mutex<Vec<String>>>::default(), Arc::<AtomicBool>::default());
        let (seen, over, answer) = (Arc::clone(&requests), Arc::clone(&ended), Arc::new(answer));
        let thread = std::thread::spawn(move || {
            for stream in listener.incoming() {
                if over.load(Ordering::Acquire) {
                    return;
                }
                let Ok(mut stream) = stream else { continue };
                let (seen, answer) = (Arc::clone(&seen), Arc::clone(&answer));
                std::thread::spawn(move || {
                    let head = head(&mut stream);
                    seen.lock().expect("not poisoned").push(head.clone());
                    answer(&head, &mut stream);
                });
            }
        });
        Self { at, requests, ended, thread: Some(thread) }
    }

    /// Answers everything alike.
    pub(in crate::source) fn says(answer: impl Into<Vec<u8>>) -> Self {
        let answer = answer.into();
        Self::start(move |_, stream| drop(stream.write_all(&answer)))
    }

    pub(in crate::source) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.at)
    }

    /// The heads of all requests so far.
    pub(in crate::source) fn requests(&self) -> Vec<String> {
        self.requests.lock().expect("not poisoned").clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Release);
        // It waits for a connection.
        let _ = TcpStream::connect(self.at);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Reads up to the empty line.
fn head(stream: &mut TcpStream) -> String {
    let _ = stream.set_read_timeout(Some(Duration::from_secs(10)));
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") && matches!(stream.read(&mut byte), Ok(1)) {
        head.push(byte[0]);
    }
    String::from_utf8_lossy(&head).into_owned()
}

/// The path of a request's first line.
pub(in crate::source) fn path(head: &str) -> &str {
    head.split(' ').nth(1).unwrap_or("/")
}

/// Waits until the other side has closed the connection.
pub(in crate::source) fn wait_for_close(stream: &mut TcpStream) {
    let _ = stream.set_read_timeout(Some(Duration::from_secs(60)));
    let _ = std::io::copy(stream, &mut std::io::sink());
}
