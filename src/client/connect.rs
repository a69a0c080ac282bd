//! The connection to a daemon, bare or through TLS. Touch it when another kind of certificate is to be trusted.

use std::io;
use std::path::Path;
use std::sync::Arc;

use axum::http::Uri;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use super::{ClientError, Endpoint};

/// Largest file of certificates, in bytes: more than a system has.
const MOST_BYTES: u64 = 4 << 20;

/// Both directions of a connection.
pub(super) trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Duplex for T {}

/// What is trusted over TLS: the system's certificates, or only those of a file.
#[derive(Clone)]
pub(super) struct Trust(Arc<ClientConfig>);

impl Trust {
    /// Reads them; `file` is PEM.
    pub(super) fn new(file: Option<&Path>) -> Result<Self, ClientError> {
        let mut roots = RootCertStore::empty();
        match file {
            None => {
                // One that this program does not understand is no reason not to trust the others.
                roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
            }
            Some(path) => {
                let wrong = |why: String| ClientError::Authority { path: path.to_owned(), why };
                let mut pem = Vec::new();
                let opened = std::fs::File::open(path).map_err(|error| wrong(error.to_string()))?;
                io::Read::read_to_end(&mut io::Read::take(opened, MOST_BYTES), &mut pem)
                    .map_err(|error| wrong(error.to_string()))?;
                for one in CertificateDer::pem_slice_iter(&pem) {
                    let one = one.map_err(|error| wrong(format!("it is not PEM: {error}")))?;
                    roots.add(one).map_err(|error| wrong(error.to_string()))?;
                }
                if roots.is_empty() {
                    return Err(wrong("there is no certificate in it".into()));
                }
            }
        }
        let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| ClientError::Output(io::Error::other(error)))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self(Arc::new(config)))
    }
}

/// Connects to where an endpoint is; `trust` is needed where TLS is spoken.
pub(super) async fn connect(endpoint: &Endpoint, trust: Option<&Trust>) -> io::Result<Box<dyn Duplex>> {
    let uri: Uri = endpoint.as_str().parse().map_err(io::Error::other)?;
    let host = uri.host().unwrap_or_default().trim_start_matches('[').trim_end_matches(']').to_owned();
    let usual = if endpoint.is_secure() { 443 } else { 80 };
    let stream = TcpStream::connect((host.as_str(), uri.port_u16().unwrap_or(usual))).await?;
    stream.set_nodelay(true)?;
    let Some(Trust(config)) = trust.filter(|_| endpoint.is_secure()) else {
        return Ok(Box::new(stream));
    };
    let name = ServerName::try_from(host).map_err(io::Error::other)?;
    let secured = TlsConnector::from(Arc::clone(config)).connect(name, stream).await;
    let secured = secured.map_err(|error| {
        let why = "a certificate of your own is trusted by --ca-file FILE";
        io::Error::new(error.kind(), format!("no TLS with it: {error}; {why}"))
    })?;
    Ok(Box::new(secured))
}
