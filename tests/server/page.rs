//! The page over real sockets, straight and behind a reverse proxy that serves it under a path of its own. It holds for the
//! built page and for the plain one alike. Touch it when the page's answers change.

use futures_util::StreamExt;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tokio_tungstenite::connect_async;

use super::world::{PATIENCE, World};

/// What a browser sends when somebody types an address.
const BROWSER: &str = "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\n";

fn request(world: &World, method: &str, path: &str, more: &str) -> String {
    format!("{method} {path} HTTP/1.1\r\nHost: {}\r\n{more}Connection: close\r\n\r\n", world.at)
}

#[tokio::test]
async fn a_browser_gets_the_page_with_its_policy_and_a_program_the_list() {
    let world = World::start().await;
    let (status, head) = world.head(&request(&world, "GET", "/", BROWSER)).await;
    assert_eq!(status, 200, "{head}");
    for part in [
        "content-type: text/html; charset=utf-8\r\n",
        "content-security-policy: default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; \
         connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'\r\n",
        "x-content-type-options: nosniff\r\n",
        "referrer-policy: no-referrer\r\n",
        "permissions-policy: camera=()",
    ] {
        assert!(head.contains(part), "no {part:?} in {head}");
    }
    assert!(head.contains("vary: ") && head.contains("accept"), "{head}");
    let (status, body) = world.http(&request(&world, "HEAD", "/", BROWSER)).await;
    assert_eq!((status, body.as_str()), (200, ""));

    for accept in ["", "Accept: */*\r\n", "Accept: application/json\r\n"] {
        let (status, answer) = world.answer(&request(&world, "GET", "/", accept)).await;
        let (head, body) = answer.split_once("\r\n\r\n").expect("a body");
        let list: Value = serde_json::from_str(body).expect("JSON");
        assert!(status == 200 && list["paths"]["/"].is_string(), "{list}");
        let head = head.to_lowercase();
        assert!(head.contains("cache-control: no-store\r\n") && head.contains("vary: accept"), "{head}");
        assert!(
            head.contains("content-security-policy: default-src 'none'; frame-ancestors 'none'"),
            "{head}"
        );
    }
}

#[tokio::test]
async fn what_is_no_file_of_the_page_is_not_found_and_not_kept() {
    let world = World::start().await;
    for (method, path) in
        [("GET", "/assets/none.js"), ("GET", "/assets/..%2findex.html"), ("POST", "/index.html")]
    {
        let (status, answer) = world.answer(&request(&world, method, path, "")).await;
        assert_eq!(status, 404, "{path}");
        assert!(answer.contains(r#""code":"not_found""#), "{answer}");
        assert!(answer.to_lowercase().contains("cache-control: no-store\r\n"), "{answer}");
    }
}

/// Serves the world under `/genre/`, as a reverse proxy does that strips the path.
async fn proxy(world: &World) -> std::net::SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let (at, behind) = (listener.local_addr().expect("an address"), world.at);
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    head.push(client.read_u8().await.expect("a head"));
                }
                let head = String::from_utf8(head).expect("text");
                let (method, rest) = head.split_once(" /genre/").expect("everything asks below /genre/");
                let mut server = TcpStream::connect(behind).await.expect("connects");
                server.write_all(format!("{method} /{rest}").as_bytes()).await.expect("writes");
                let _ = copy_bidirectional(&mut client, &mut server).await;
            });
        }
    });
    at
}

async fn through(at: std::net::SocketAddr, path: &str, more: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(at).await.expect("connects");
    let head = format!("GET {path} HTTP/1.1\r\nHost: {at}\r\n{more}Connection: close\r\n\r\n");
    stream.write_all(head.as_bytes()).await.expect("writes");
    let mut answer = Vec::new();
    let read = timeout(PATIENCE, stream.read_to_end(&mut answer)).await;
    read.expect("in time").expect("answers");
    let answer = String::from_utf8_lossy(&answer).into_owned();
    (answer.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status"), answer)
}

#[tokio::test]
async fn below_a_path_of_a_proxy_every_link_of_the_page_leads_on() {
    let world = World::start().await;
    let at = proxy(&world).await;
    let (status, page) = through(at, "/genre/", BROWSER).await;
    assert_eq!(status, 200, "{page}");
    let (head, html) = page.split_once("\r\n\r\n").expect("a body");
    assert!(!head.to_lowercase().contains("\r\nlocation:"), "{head}");
    let links: Vec<_> = ["href=\"", "src=\""]
        .iter()
        .flat_map(|attribute| html.split(attribute).skip(1))
        .filter_map(|rest| rest.split('"').next())
        .filter(|link| !link.starts_with("data:") && !link.starts_with('#'))
        .collect();
    assert!(!links.is_empty(), "{html}");
    for link in links {
        assert!(!link.starts_with('/') && !link.contains("://"), "{link} leads out of the path");
        let path = format!("/genre/{}", link.trim_start_matches("./"));
        let (status, answer) = through(at, &path, "").await;
        // Nothing is recorded here, so there is no history.
        let expected = if link.contains("history") { 404 } else { 200 };
        assert_eq!(status, expected, "{path}: {answer}");
        let expected = if link.ends_with(".js") { Some("text/javascript") } else { None };
        assert!(expected.is_none_or(|kind| answer.contains(kind)), "{path}: {answer}");
    }
    // The WebSocket is a path like any other.
    let (mut events, _) = connect_async(format!("ws://{at}/genre/v1/events")).await.expect("connects");
    let hello = timeout(PATIENCE, events.next()).await.expect("in time").expect("a message").expect("sound");
    assert!(hello.into_text().expect("text").contains(r#""type":"hello""#));
}
