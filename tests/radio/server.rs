//! A server that answers each path as its case says. Touch it when a case must behave otherwise than answering.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use super::cases::{Answer, Case};

pub struct Server {
    pub at: SocketAddr,
    ended: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    pub fn start(cases: &[Case]) -> Self {
        let answers: Vec<(String, Answer)> =
            cases.iter().map(|case| (case.name.to_owned(), case.answer.clone())).collect();
        let (answers, ended) = (Arc::new(answers), Arc::<AtomicBool>::default());
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let at = listener.local_addr().expect("bound");
        let over = Arc::clone(&ended);
        let thread = std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if over.load(Ordering::Acquire) {
                    return;
                }
                let answers = Arc::clone(&answers);
                std::thread::spawn(move || answer(stream, &answers));
            }
        });
        Self { at, ended, thread: Some(thread) }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Release);
        let _ = TcpStream::connect(self.at);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// What somebody else may do to our end is no matter here: writing to a closed connection ends the answer.
fn answer(mut stream: TcpStream, answers: &[(String, Answer)]) {
    let _ = stream.set_read_timeout(Some(Duration::from_secs(10)));
    let _ = stream.set_write_timeout(Some(Duration::from_secs(60)));
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") && matches!(stream.read(&mut byte), Ok(1)) {
        head.push(byte[0]);
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let path = head.split(' ').nth(1).unwrap_or("/").trim_start_matches('/').to_owned();
    // Cases may use further paths behind their own.
    let name = path.split(['/', '?']).next().unwrap_or_default();
    let Some((_, answer)) = answers.iter().find(|(case, _)| case == name) else { return };
    match answer {
        Answer::Bytes(bytes) => drop(stream.write_all(bytes)),
        Answer::Open(bytes) => {
            let _ = stream.write_all(bytes);
            wait_for_close(&mut stream);
        }
        Answer::Endless(head, again, pause) => {
            let mut going = stream.write_all(head).is_ok();
            while going {
                going = stream.write_all(again).is_ok();
                std::thread::sleep(*pause);
            }
        }
        Answer::Deeper(before, after) => {
            let _ = stream
                .write_all(before)
                .and_then(|()| write!(stream, "/{path}/x"))
                .and_then(|()| stream.write_all(after));
        }
    }
}

fn wait_for_close(stream: &mut TcpStream) {
    let _ = stream.set_read_timeout(Some(Duration::from_secs(200)));
    let _ = std::io::copy(stream, &mut std::io::sink());
}
