//! One answer of a daemon over HTTP, line by line as it comes, however long it is.
//! Touch it when the client asks for something else than lines.

use std::io;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::header::{AUTHORIZATION, HOST, USER_AGENT};
use axum::http::{Request, StatusCode, Uri};
use futures_util::StreamExt;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::time::timeout;

use super::connect::connect;
use super::{ClientError, Endpoint, Token};

/// How long connecting, and each piece of an answer, may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// Longest line, in bytes: far above any event.
const LONGEST_LINE: usize = 4 << 20;

/// Longest answer that tells an error, in bytes.
const LONGEST_ERROR: usize = 64 << 10;

/// Asks a daemon for a path below its root (with its query), by a token if it wants one, and hands on each line, without its
/// end.
///
/// # Errors
/// [`ClientError::Unreachable`] if nobody answers or the answer breaks off, [`ClientError::Refused`] if the daemon says
/// no, [`ClientError::Output`] with what `line` returned.
pub async fn fetch_lines(
    daemon: &Endpoint,
    token: Option<&Token>,
    path: &str,
    mut line: impl FnMut(&str) -> io::Result<()>,
) -> Result<(), ClientError> {
    let url = daemon.http(path);
    let lost = |why: String| ClientError::Unreachable { url: url.clone(), why };
    let uri: Uri = url.parse().map_err(|error| lost(format!("{error}")))?;
    let trust = daemon.trust()?;
    let stream = timeout(PATIENCE, connect(daemon, trust.as_ref()));
    let stream =
        stream.await.map_err(|_| lost("no answer in time".into()))?.map_err(|io| lost(io.to_string()))?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
        .await
        .map_err(|error| lost(error.to_string()))?;
    // It ends with the sender.
    tokio::spawn(connection);
    let authority = uri.authority().map_or("", |authority| authority.as_str());
    let mut request = Request::get(uri.path_and_query().map_or("/", |path| path.as_str()))
        .header(HOST, authority)
        .header(USER_AGENT, concat!("genrecast/", env!("CARGO_PKG_VERSION")))
        .body(Body::empty())
        .map_err(|error| lost(error.to_string()))?;
    if let Some(token) = token {
        request.headers_mut().insert(AUTHORIZATION, token.header());
    }
    let answer = timeout(PATIENCE, sender.send_request(request)).await;
    let answer =
        answer.map_err(|_| lost("no answer in time".into()))?.map_err(|error| lost(error.to_string()))?;
    let status = answer.status();
    let mut chunks = Body::new(answer.into_body()).into_data_stream();
    let mut next = async || match timeout(PATIENCE, chunks.next()).await {
        Ok(None) => Ok(None),
        Ok(Some(Ok(chunk))) => Ok(Some(chunk)),
        Ok(Some(Err(error))) => Err(lost(format!("the answer breaks off: {error}"))),
        Err(_) => Err(lost("the daemon has fallen silent".into())),
    };
    if status != StatusCode::OK {
        let mut body = Vec::new();
        while let Some(chunk) = next().await?
            && body.len() < LONGEST_ERROR
        {
            body.extend_from_slice(&chunk);
        }
        return Err(refused(url.clone(), status, &body));
    }
    let mut rest: Vec<u8> = Vec::new();
    while let Some(chunk) = next().await? {
        take_lines(&mut rest, &chunk, &mut line)?;
        if rest.len() > LONGEST_LINE {
            return Err(lost(format!("a line of more than {LONGEST_LINE} bytes is none of genrecast")));
        }
    }
    match rest.is_empty() {
        true => Ok(()),
        false => line(&String::from_utf8_lossy(&rest)).map_err(ClientError::Output),
    }
}

/// Hands on the whole lines; what is left of the last one stays in `rest`.
fn take_lines(
    rest: &mut Vec<u8>,
    chunk: &Bytes,
    line: &mut impl FnMut(&str) -> io::Result<()>,
) -> Result<(), ClientError> {
    rest.extend_from_slice(chunk);
    let mut begin = 0;
    while let Some(end) = rest[begin..].iter().position(|byte| *byte == b'\n') {
        line(&String::from_utf8_lossy(&rest[begin..begin + end])).map_err(ClientError::Output)?;
        begin += end + 1;
    }
    rest.drain(..begin);
    Ok(())
}

fn refused(url: String, status: StatusCode, body: &[u8]) -> ClientError {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let error = &body["error"];
    let message =
        error["message"].as_str().unwrap_or("what answers there is no genrecast that has this path");
    ClientError::Refused {
        url,
        code: error["code"].as_str().map_or_else(|| status.as_str().to_owned(), str::to_owned),
        message: message.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_put_together_from_any_chunks() {
        let text = "eins\nzwei ä\n\ndrei";
        for size in 1..text.len() {
            let (mut rest, mut got) = (Vec::new(), Vec::new());
            for chunk in text.as_bytes().chunks(size) {
                let mut line = |line: &str| {
                    got.push(line.to_owned());
                    Ok(())
                };
                take_lines(&mut rest, &Bytes::copy_from_slice(chunk), &mut line).expect("taken");
            }
            assert_eq!(got, ["eins", "zwei ä", ""]);
            assert_eq!(rest, b"drei");
        }
    }
}
