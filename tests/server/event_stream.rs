//! A client of server-sent events as it stands on the wire: chunks, blocks, and what an `EventSource` remembers.
//! Touch it when the stream uses another field.

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::world::{PATIENCE, World};

/// A stream that is being read.
pub struct EventStream {
    stream: TcpStream,
    /// Bytes that came and were not taken yet: first as chunks, then as text.
    raw: Vec<u8>,
    text: String,
    ended: bool,
    /// Status line and headers, lower case.
    pub head: String,
    /// What an `EventSource` would send as `Last-Event-ID`.
    pub last_id: Option<String>,
}

/// What stands between two blank lines.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Block {
    pub id: Option<String>,
    pub event: Option<String>,
    pub data: Option<String>,
    pub retry: Option<String>,
}

impl Block {
    pub fn json(&self) -> Value {
        serde_json::from_str(self.data.as_deref().expect("data")).expect("JSON")
    }
}

impl EventStream {
    /// Opens a stream and reads up to the end of the head.
    pub async fn open(world: &World, query: &str, last_id: Option<String>) -> Self {
        let mut stream = TcpStream::connect(world.at).await.expect("connects");
        let id = last_id.as_ref().map(|id| format!("Last-Event-ID: {id}\r\n")).unwrap_or_default();
        let head = format!(
            "GET /v1/events{query} HTTP/1.1\r\nHost: {}\r\nAccept: text/event-stream\r\n{id}\r\n",
            world.at
        );
        stream.write_all(head.as_bytes()).await.expect("writes");
        let (raw, text) = (Vec::new(), String::new());
        let mut this = Self { stream, raw, text, ended: false, head: String::new(), last_id };
        let end = loop {
            if let Some(end) = this.raw.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
                break end;
            }
            assert!(this.receive().await, "the connection ended in the head");
        };
        this.head = String::from_utf8(this.raw.drain(..end + 4).collect()).expect("text").to_lowercase();
        assert!(this.head.starts_with("http/1.1 200"), "{}", this.head);
        this
    }

    /// Opens a stream and takes the hello.
    pub async fn greeted(world: &World, query: &str, last_id: Option<String>) -> Self {
        let mut this = Self::open(world, query, last_id).await;
        let hello = this.block().await.expect("a hello");
        assert_eq!(hello.event.as_deref(), Some("hello"));
        this
    }

    /// The next block; `None` when the stream has properly ended.
    pub async fn block(&mut self) -> Option<Block> {
        loop {
            if let Some(end) = self.text.find("\n\n") {
                let block: String = self.text.drain(..end + 2).collect();
                return Some(self.parse(&block));
            }
            if self.ended {
                assert_eq!(self.text, "", "the end is between two blocks");
                return None;
            }
            if !self.unchunk() {
                assert!(self.receive().await, "cut off within the stream");
            }
        }
    }

    /// The next block that an `EventSource` would make an event of.
    pub async fn event(&mut self) -> Block {
        loop {
            let block = self.block().await.expect("the stream goes on");
            if block.data.is_some() {
                return block;
            }
        }
    }

    fn parse(&mut self, text: &str) -> Block {
        let mut block = Block::default();
        for line in text.lines().filter(|line| !line.is_empty()) {
            let (field, value) = line.split_once(": ").expect("a field and its value");
            let place = match field {
                "id" => &mut block.id,
                "event" => &mut block.event,
                "data" => &mut block.data,
                "retry" => &mut block.retry,
                other => panic!("there is no field {other:?}"),
            };
            assert_eq!(place.replace(value.to_owned()), None, "{field} stands once in {text}");
        }
        if let Some(id) = &block.id {
            self.last_id = Some(id.clone());
        }
        block
    }

    /// Takes one chunk of what has come; false if there is none complete.
    fn unchunk(&mut self) -> bool {
        let Some(line) = self.raw.windows(2).position(|bytes| bytes == b"\r\n") else { return false };
        let size = std::str::from_utf8(&self.raw[..line]).expect("text");
        let size = usize::from_str_radix(size, 16).expect("a size in hexadecimal");
        let end = line + 2 + size;
        if self.raw.len() < end + 2 {
            return false;
        }
        let chunk = std::str::from_utf8(&self.raw[line + 2..end]).expect("UTF-8");
        self.text.push_str(chunk);
        self.ended = size == 0;
        self.raw.drain(..end + 2);
        true
    }

    async fn receive(&mut self) -> bool {
        let read = timeout(PATIENCE, self.stream.read_buf(&mut self.raw)).await;
        read.expect("something comes in time").expect("no reset") > 0
    }
}
