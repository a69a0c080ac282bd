//! That the client gets through what real servers do, and ends whatever wrong ones do, in time and in words.

use std::io::{Read, Write};
use std::time::{Duration, Instant};

use super::server::{Server, path, wait_for_close};
use super::*;
use crate::source::stop::Stop;

fn quick() -> HttpSettings {
    let limit = Duration::from_millis(300);
    HttpSettings {
        connect: limit * 10,
        header: limit,
        stall: limit,
        fetch: limit * 3,
        ..HttpSettings::default()
    }
}

fn client() -> Client {
    Client::new(quick(), Stop::new()).expect("a client")
}

fn get(url: &str) -> Result<Response, HttpError> {
    client().get(&Address::parse(url).expect("an address"), true)
}

fn body(response: Response) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    response.body().read_to_end(&mut bytes).map(|_| bytes)
}

fn refused(answer: impl Into<Vec<u8>>) -> String {
    let server = Server::says(answer);
    let Err(error) = get(&server.url("/")) else { panic!("it was accepted") };
    assert!(!error.remedy().is_empty());
    error.to_string()
}

#[test]
fn icy_servers_are_understood_and_asked_as_they_want_it() {
    let server = Server::says(
        "ICY 200 OK\r\nicy-name:R\u{e9}\r\nicy-metaint: 16000\r\nContent-Type: audio/mpeg\r\n\r\nbytes",
    );
    let address =
        Address::parse(&server.url("/;?x=1").replace("http://", "http://me:secret@")).expect("an address");
    let response = client().get(&address, true).expect("answers");
    assert_eq!(response.header("icy-metaint").as_deref(), Some("16000"));
    assert_eq!(response.header("icy-name").as_deref(), Some("Ré"));
    assert_eq!(response.content_type().as_deref(), Some("audio/mpeg"));
    assert_eq!(response.length(), None);
    assert_eq!(body(response).expect("reads"), b"bytes");
    let request = server.requests().concat().to_ascii_lowercase();
    assert!(request.starts_with("get /;?x=1 http/1.1\r\n"), "{request}");
    for header in [
        "icy-metadata: 1",
        "user-agent: genrecast/",
        "accept-encoding: identity",
        "authorization: basic bwu6c2vjcmv0",
    ] {
        assert!(request.contains(header), "{header} in {request}");
    }
}

#[test]
fn bodies_end_by_length_by_chunks_or_with_the_connection() {
    for answer in [
        "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody and more",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nbod\r\n1;x=y\r\ny\r\n0\r\n\r\n",
        "HTTP/1.0 200 OK\r\n\r\nbody",
    ] {
        let server = Server::says(answer);
        assert_eq!(body(get(&server.url("/")).expect("answers")).expect("reads"), b"body");
    }
    let server = Server::says("HTTP/1.1 200 OK\r\nContent-Length: 40\r\n\r\nbody");
    let error = body(get(&server.url("/")).expect("answers")).expect_err("it is cut");
    assert_eq!(error.kind(), std::io::ErrorKind::UnexpectedEof, "{error}");
    let server = Server::says("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nnonsense\r\n");
    body(get(&server.url("/")).expect("answers")).expect_err("no chunk");
}

#[test]
fn redirects_are_followed_within_bounds() {
    let server = Server::start(|head, stream| {
        let answer = match path(head) {
            "/a" => "HTTP/1.1 302 Found\r\nLocation: b?x\r\n\r\n".to_owned(),
            "/b?x" => "HTTP/1.1 200 OK\r\n\r\nfound".to_owned(),
            "/one" => "HTTP/1.1 301 Moved\r\nLocation: /two\r\n\r\n".to_owned(),
            "/two" => "HTTP/1.1 307 Moved\r\nLocation: /one\r\n\r\n".to_owned(),
            "/file" => "HTTP/1.1 301 Moved\r\nLocation: file:///etc/passwd\r\n\r\n".to_owned(),
            longer => format!("HTTP/1.1 303 Moved\r\nLocation: {longer}x\r\n\r\n"),
        };
        let _ = stream.write_all(answer.as_bytes());
    });
    let response = get(&server.url("/a")).expect("found");
    assert!(response.address.to_string().ends_with("/b?x"));
    assert_eq!(body(response).expect("reads"), b"found");
    for (path, part) in
        [("/one", "in a circle"), ("/c", "more than 10 redirects"), ("/file", "not a web address")]
    {
        let Err(error) = get(&server.url(path)) else { panic!("{path}") };
        assert!(error.to_string().contains(part), "{error}");
    }
    assert!(server.requests().len() < 20);
}

#[test]
fn what_is_no_answer_is_refused_in_words() {
    assert!(refused("HTTP/1.1 404 Not Found\r\n\r\n").contains("404 Not Found"));
    assert!(refused("HTTP/1.1 204 No Content\r\n\r\n").contains("204"));
    assert!(refused("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n\x1f").contains("\"gzip\""));
    assert!(refused("SSH-2.0-OpenSSH\r\n").contains("no proper HTTP answer"));
    assert!(refused("").contains("no proper HTTP answer"));
    let header = format!("HTTP/1.1 200 OK\r\n{}\r\n", "X-Y: z\r\n".repeat(1000));
    assert!(refused(header).contains("no proper HTTP answer"));
    let endless = format!("HTTP/1.1 200 OK\r\nX: {}", "y".repeat(1 << 20));
    assert!(refused(endless).contains("no proper HTTP answer"));
}

#[test]
fn a_silent_server_is_given_up_in_time() {
    let begin = Instant::now();
    let server = Server::start(|_, stream| wait_for_close(stream));
    let Err(error) = get(&server.url("/")) else { panic!("it answered") };
    assert!(error.to_string().contains("took longer than 0.3 s"), "{error}");
    let half_open = Server::start(|_, stream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\nsome");
        wait_for_close(stream);
    });
    let error = body(get(&half_open.url("/")).expect("answers")).expect_err("nothing more");
    assert_eq!(
        (error.kind(), error.to_string().as_str()),
        (std::io::ErrorKind::TimedOut, "no data came for 0.3 s")
    );
    let trickle = Server::start(|_, stream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n");
        while stream.write_all(b".").is_ok() {
            std::thread::sleep(Duration::from_millis(50));
        }
    });
    let error = body(get(&trickle.url("/")).expect("answers")).expect_err("a trickle");
    assert!(error.to_string().contains("bytes came in"), "{error}");
    assert!(begin.elapsed() < Duration::from_secs(20));
}

#[test]
fn a_dead_connection_is_noticed_while_nobody_reads() {
    let server = Server::start(|_, stream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\nsome");
        wait_for_close(stream);
    });
    let mut body = get(&server.url("/")).expect("answers").body();
    assert!(!body.pump(Instant::now() + Duration::from_millis(100)));
    assert_eq!(body.held(), 4);
    assert!(!body.pump(Instant::now() + Duration::from_millis(600)));
    let error = body.read(&mut [0; 8]).expect_err("given up");
    assert_eq!(error.kind(), std::io::ErrorKind::TimedOut);
}

#[test]
fn what_waits_is_bounded() {
    let server = Server::start(|_, stream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n");
        while stream.write_all(&[0; 65536]).is_ok() {}
    });
    let mut body = get(&server.url("/")).expect("answers").body();
    body.pump(Instant::now() + Duration::from_millis(700));
    let held = body.held();
    assert!((1 << 20..3 << 20).contains(&held), "{held}");
    assert_eq!(body.read(&mut [0; 8]).expect("reads"), 8, "a full buffer is no stall");
    let Err(error) =
        client().fetch_part(&Address::parse(&server.url("/")).expect("an address"), None, 100_000)
    else {
        panic!("endless");
    };
    assert!(error.to_string().contains("larger than 100000 bytes"), "{error}");
}

#[test]
fn a_part_is_asked_for_and_taken_from_the_whole_where_need_be() {
    let server = Server::start(|head, stream| {
        let answer = match (path(head), head.contains("range: bytes=2-4\r\n")) {
            ("/parts", true) => "HTTP/1.1 206 Partial\r\nContent-Range: bytes 2-4/9\r\n\r\ncde",
            _ => "HTTP/1.1 200 OK\r\n\r\nabcdefghi",
        };
        let _ = stream.write_all(answer.as_bytes());
    });
    let fetch = |path: &str, part| {
        client().fetch_part(&Address::parse(&server.url(path)).expect("an address"), part, 9)
    };
    assert_eq!(fetch("/parts", Some(2..5)).expect("answers").bytes, b"cde");
    assert_eq!(fetch("/parts", None).expect("answers").bytes, b"abcdefghi");
    assert_eq!(fetch("/whole", Some(2..5)).expect("cut out of the whole").bytes, b"cde");
    assert!(fetch("/whole", Some(7..12)).is_err_and(|error| error.to_string().contains("bytes 7 to 12")));
}

#[test]
fn told_to_stop_it_stops() {
    let server = Server::start(|_, stream| wait_for_close(stream));
    let stop = Stop::new();
    let long = HttpSettings { header: Duration::from_secs(60), ..HttpSettings::default() };
    let client = Client::new(long, stop.clone()).expect("a client");
    let address = Address::parse(&server.url("/")).expect("an address");
    let stopping = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(100));
        stop.stop();
    });
    let begin = Instant::now();
    assert!(matches!(client.get(&address, false), Err(HttpError::Stopped)));
    assert!(begin.elapsed() < Duration::from_secs(10));
    stopping.join().expect("no panic");
}
