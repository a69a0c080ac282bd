//! Whom a TLS client of ours trusts: the system's certificates, or those of a file. Touch it when that changes.

use std::path::Path;
use std::sync::Arc;

use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::{ClientConfig, RootCertStore, crypto::ring};

/// Largest file of certificates, in bytes.
const MOST_BYTES: u64 = 4 << 20;

/// TLS that trusts the system's certificates, or, where a file is named, the certificates in it (PEM) and no others. Reads
/// files: not for a place that must not wait for a disk.
///
/// # Errors
/// What is missing or cannot be read, and what to do, in words.
pub fn trust(ca_file: Option<&Path>) -> Result<Arc<ClientConfig>, String> {
    let roots = match ca_file {
        Some(path) => of_file(path)?,
        None => of_system()?,
    };
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?;
    Ok(Arc::new(config.with_root_certificates(roots).with_no_client_auth()))
}

fn of_system() -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    let found = rustls_native_certs::load_native_certs();
    roots.add_parsable_certificates(found.certs);
    if roots.is_empty() {
        let why = found.errors.first().map_or_else(String::new, |error| format!(" ({error})"));
        return Err(format!("this machine has no certificates to check others against{why}"));
    }
    Ok(roots)
}

fn of_file(path: &Path) -> Result<RootCertStore, String> {
    let wrong = |reason: String| format!("the certificates {}: {reason}", path.display());
    let size = std::fs::metadata(path).map_err(|error| wrong(format!("cannot be read: {error}")))?.len();
    if size > MOST_BYTES {
        return Err(wrong(format!("expected at most {MOST_BYTES} bytes, got {size}")));
    }
    let bytes = std::fs::read(path).map_err(|error| wrong(format!("cannot be read: {error}")))?;
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&bytes) {
        let certificate = certificate.map_err(|error| wrong(format!("are no proper PEM: {error}")))?;
        roots.add(certificate).map_err(|error| wrong(format!("one of them cannot be used: {error}")))?;
    }
    if roots.is_empty() {
        return Err(wrong("there is none in it; expected -----BEGIN CERTIFICATE-----".into()));
    }
    Ok(roots)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_certificates_is_taken_and_what_is_none_is_told() {
        let place = temp_dir::TempDir::new().expect("a folder");
        let path = place.child("ca.pem");
        let with = |bytes: &[u8]| {
            std::fs::write(&path, bytes).expect("written");
            trust(Some(&path)).map(|_| ())
        };
        let certified = rcgen::generate_simple_self_signed(vec!["localhost".into()]).expect("a certificate");
        assert_eq!(with(certified.cert.pem().as_bytes()), Ok(()));
        let broken = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        for (bytes, says) in [
            (&b""[..], "there is none in it"),
            (&b"hello"[..], "there is none in it"),
            (&broken[..], "cannot be used"),
        ] {
            let error = with(bytes).expect_err(says);
            assert!(error.contains(says) && error.contains("ca.pem"), "{error}");
        }
        let error = trust(Some(&place.child("none"))).map(|_| ()).expect_err("absent");
        assert!(error.contains("cannot be read"), "{error}");
    }
}
