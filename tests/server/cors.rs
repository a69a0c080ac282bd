//! Cross-origin answers: none unless origins are listed, and then for exactly those.
//! Touch it when other pages may do more.

use super::world::World;

const ORIGIN: &str = "https://radio.example.org";

/// Status, and the headers in lower case.
async fn ask(world: &World, method: &str, path: &str, origin: &str, more: &str) -> (u16, String) {
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: {}\r\nOrigin: {origin}\r\n{more}Connection: close\r\n\r\n",
        world.at
    );
    world.head(&head).await
}

const PREFLIGHT: &str =
    "Access-Control-Request-Method: GET\r\nAccess-Control-Request-Headers: last-event-id\r\n";

#[tokio::test]
async fn there_is_no_such_header_unless_origins_are_listed() {
    let world = World::start().await;
    let here = format!("http://{}", world.at);
    for (origin, status) in [(here.as_str(), 200), (ORIGIN, 403), ("http://localhost:3000", 200)] {
        let (got, head) = ask(&world, "GET", "/v1/now", origin, "").await;
        assert_eq!(got, status, "{head}");
        assert!(!head.contains("access-control") && !head.contains("vary"), "{head}");
    }
    let (status, head) = ask(&world, "OPTIONS", "/v1/now", &here, PREFLIGHT).await;
    assert_eq!(status, 405);
    assert!(!head.contains("access-control"), "{head}");
}

#[tokio::test]
async fn a_listed_origin_may_read_and_nobody_else() {
    let world = World::with(10, |settings| {
        settings.live.allow_origins =
            vec!["https://Radio.Example.org:443".into(), "http://dash.example:3000".into()];
    })
    .await;
    for path in ["/v1/now", "/v1/sources", "/nowhere"] {
        let (_, head) = ask(&world, "GET", path, ORIGIN, "").await;
        assert!(head.contains(&format!("access-control-allow-origin: {ORIGIN}\r\n")), "{path}: {head}");
        assert!(head.contains("vary: "), "{head}");
        assert!(!head.contains("credentials"), "{head}");
    }
    let (status, head) = ask(&world, "OPTIONS", "/v1/events", "http://dash.example:3000", PREFLIGHT).await;
    assert_eq!(status, 200, "{head}");
    assert!(head.contains("access-control-allow-origin: http://dash.example:3000\r\n"), "{head}");
    assert!(head.contains("access-control-allow-methods: get") && head.contains("last-event-id"), "{head}");
    // Others are refused as before, and whoever is let in for being local gets no header.
    let (status, head) = ask(&world, "GET", "/v1/now", "https://evil.example", "").await;
    assert_eq!(status, 403);
    assert!(!head.contains("access-control"), "{head}");
    let (status, head) = ask(&world, "GET", "/v1/now", "http://localhost:3000", "").await;
    assert_eq!(status, 200);
    assert!(!head.contains("access-control-allow-origin"), "{head}");
    let foreign = "GET /v1/now HTTP/1.1\r\nHost: radio.example.org\r\nConnection: close\r\n\r\n";
    assert_eq!(world.head(foreign).await.0, 403, "a listed origin is no host of ours");
}
