//! An answer that goes on for long ends when what let it in does: its token is taken back, or tokens are asked for now.
//! Touch it when it is to end otherwise. WebSockets see to it themselves, because they can say why.

use std::io;
use std::sync::Arc;

use axum::body::{Body, HttpBody};
use axum::response::Response;
use futures_util::{StreamExt, stream};
use tokio::sync::watch;

use super::Live;
use super::access::Access;

/// The same answer, broken off when `access` is worth nothing any more. So its reader sees that this is not all.
pub(super) fn revocable(
    response: Response,
    access: Access,
    mut live: watch::Receiver<Arc<Live>>,
) -> Response {
    // What is whole already is on its way.
    if response.body().size_hint().exact().is_some() {
        return response;
    }
    let revoked = Box::pin(async move { access.revoked(&mut live).await });
    response.map(|body| {
        let parts = (body.into_data_stream(), revoked);
        Body::from_stream(stream::unfold(parts, async |(mut chunks, mut revoked)| {
            let next = tokio::select! {
                biased;
                () = &mut revoked => Err(io::Error::other("the token is not taken any more")),
                chunk = chunks.next() => chunk?.map_err(io::Error::other),
            };
            Some((next, (chunks, revoked)))
        }))
    })
}

#[cfg(test)]
mod tests {
    use super::super::{LiveSettings, TokenFile};
    use super::*;

    fn live(tokens: Option<&str>) -> Arc<Live> {
        let place = temp_dir::TempDir::new().expect("a folder");
        let tokens = tokens.map(|text| {
            let path = place.path().join("tokens");
            std::fs::write(&path, text).expect("written");
            TokenFile::read(&path).expect("sound").tokens
        });
        Live::new(LiveSettings { tokens, ..LiveSettings::default() }).expect("sound")
    }

    #[tokio::test]
    async fn one_that_always_has_more_ends_when_a_token_is_asked_for() {
        let endless = stream::repeat_with(|| Ok::<_, io::Error>("event"));
        let (settings, receiver) = watch::channel(live(None));
        let answer = revocable(Response::new(Body::from_stream(endless)), Access::Open, receiver);
        let mut chunks = answer.into_body().into_data_stream();
        for _ in 0..3 {
            assert_eq!(chunks.next().await.expect("more").expect("a chunk"), "event");
        }
        settings.send_replace(live(Some("a-token-of-some-length\n")));
        assert!(chunks.next().await.expect("an end that is told").is_err());
    }

    #[tokio::test]
    async fn one_that_is_whole_keeps_its_length() {
        let (_settings, receiver) = watch::channel(live(None));
        let answer = revocable(Response::new(Body::from("whole")), Access::Open, receiver);
        assert_eq!(answer.body().size_hint().exact(), Some(5));
    }
}
