//! TLS: the certificate that the server shows and its key, read from files. Touch it when they are to come from elsewhere, or
//! what is spoken changes. Nothing prints the key. When the files change, `renew` reads them again.

mod handshake;
mod renew;
mod stamp;
mod validity;

use std::fmt;
use std::fs::File;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use jiff::Timestamp;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{Error, InconsistentKeys, ServerConfig};

pub(super) use handshake::handshake;
pub use renew::renew;
use stamp::Stamp;
use validity::Validity;

/// Largest file, in bytes.
const MOST_BYTES: u64 = 1 << 20;

/// Days before its end in which a certificate should have been renewed.
const SOON_DAYS: i64 = 14;

/// Why a certificate cannot be shown.
#[derive(Debug, thiserror::Error)]
#[error("{}: {reason}", .path.display())]
pub struct TlsError {
    /// The file that is wrong.
    path: PathBuf,
    /// What was expected, what came, what to do.
    reason: String,
}

/// A certificate with the chain that leads to it, and its key.
#[derive(Clone)]
pub struct Identity {
    certificate: PathBuf,
    private_key: PathBuf,
    chain: Arc<[CertificateDer<'static>]>,
    validity: Validity,
    config: Arc<ServerConfig>,
    /// As the files were when they were read.
    stamp: Stamp,
    /// Whether every user of the machine can read the key.
    open: bool,
    read_at: Timestamp,
    /// Whether what the files held after that could not be used; shared by clones.
    not_renewed: Arc<AtomicBool>,
}

impl Identity {
    /// Reads a certificate with its chain, and its key, both in PEM.
    ///
    /// # Errors
    /// [`TlsError`] if one of them cannot be read, holds something else, or they do not belong together. One that is no longer
    /// valid is none: [`Self::warning`] tells of it.
    pub fn read(certificate: &Path, private_key: &Path) -> Result<Self, TlsError> {
        let stamp = Stamp::of(certificate, private_key);
        let wrong = |path: &Path| {
            let path = path.to_owned();
            move |reason: String| TlsError { path, reason }
        };
        let (pem, _) = bytes_of(certificate).map_err(wrong(certificate))?;
        let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
        let chain = chain.map_err(|error| wrong(certificate)(format!("it is not PEM: {error}")))?;
        let first = chain.first().ok_or_else(|| {
            let says = "expected a certificate in PEM (-----BEGIN CERTIFICATE-----), and behind it its chain; there is none";
            wrong(certificate)(says.into())
        })?;
        let validity = Validity::of(first)
            .ok_or_else(|| wrong(certificate)("its first certificate cannot be understood".into()))?;
        let (pem, mode) = bytes_of(private_key).map_err(wrong(private_key))?;
        let key = PrivateKeyDer::from_pem_slice(&pem).map_err(|_| {
            wrong(private_key)(
                "expected a private key in PEM (-----BEGIN PRIVATE KEY-----), not encrypted".into(),
            )
        })?;
        let refused = |error: Error| match error {
            Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => {
                let certificate = certificate.display();
                wrong(private_key)(format!(
                    "it is not the key of {certificate}; name the two that belong together"
                ))
            }
            error => wrong(private_key)(format!("it cannot be used: {error}")),
        };
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .and_then(|versions| versions.with_no_client_auth().with_single_cert(chain.clone(), key))
            .map_err(refused)?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self {
            certificate: certificate.to_owned(),
            private_key: private_key.to_owned(),
            chain: chain.into(),
            validity,
            config: Arc::new(config),
            stamp,
            open: mode & 0o004 != 0,
            read_at: Timestamp::now(),
            not_renewed: Arc::default(),
        })
    }

    /// What is not as it should be at this time, and how to mend it.
    pub fn warning(&self, now: Timestamp) -> Option<String> {
        let (certificate, Validity { from, until }) = (self.certificate.display(), self.validity);
        let days = (until.as_second() - now.as_second()) / 86_400;
        if now > until {
            Some(format!("the certificate {certificate} has expired at {until}: clients refuse it; renew it"))
        } else if now < from {
            Some(format!("the certificate {certificate} is valid from {from} on only; is the clock right?"))
        } else if days < SOON_DAYS {
            Some(format!("the certificate {certificate} expires at {until}, in {days} days; renew it"))
        } else if self.open {
            let key = self.private_key.display();
            Some(format!("every user of this machine can read the private key {key}; chmod o-r {key}"))
        } else {
            None
        }
    }

    /// When it ends.
    pub fn valid_until(&self) -> Timestamp {
        self.validity.until
    }

    /// When it was read.
    pub fn read_at(&self) -> Timestamp {
        self.read_at
    }

    /// Whether its files hold another one since that cannot be used.
    pub fn was_not_renewed(&self) -> bool {
        self.not_renewed.load(Ordering::Relaxed)
    }

    /// The same files as they are now; refused if that is worse than what is shown.
    fn again(&self, now: Timestamp) -> Result<Self, TlsError> {
        let new = Self::read(&self.certificate, &self.private_key)?;
        match new.is_worse_than(self, now) {
            Some(why) => Err(why),
            None => Ok(new),
        }
    }

    /// Why this one should not take the place of another: it has expired, the other later or not at all.
    pub fn is_worse_than(&self, other: &Self, now: Timestamp) -> Option<TlsError> {
        let until = self.validity.until;
        let reason = format!("it has expired at {until} already; renew it");
        let worse = now > until && until < other.validity.until;
        worse.then(|| TlsError { path: self.certificate.clone(), reason })
    }
}

impl PartialEq for Identity {
    fn eq(&self, other: &Self) -> bool {
        self.chain == other.chain
            && self.certificate == other.certificate
            && self.private_key == other.private_key
            && self.stamp == other.stamp
    }
}

impl Eq for Identity {}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Identity({self})")
    }
}

/// For the log.
impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, valid until {}", self.certificate.display(), self.validity.until)
    }
}

fn bytes_of(path: &Path) -> Result<(Vec<u8>, u32), String> {
    let unreadable = |error: std::io::Error| format!("cannot be read: {error}");
    let file = File::open(path).map_err(unreadable)?;
    let mode = file.metadata().map_err(unreadable)?.permissions().mode();
    let mut bytes = Vec::new();
    file.take(MOST_BYTES + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    match bytes.len() as u64 > MOST_BYTES {
        true => Err(format!("expected at most {MOST_BYTES} bytes of PEM")),
        false => Ok((bytes, mode)),
    }
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair, date_time_ymd};

    use super::*;

    fn write(place: &Path, until: i32) -> (PathBuf, PathBuf) {
        let (certificate, private_key) = (place.join("certificate.pem"), place.join("key.pem"));
        let key = KeyPair::generate().expect("a key");
        let mut params = CertificateParams::new(vec!["localhost".to_owned()]).expect("a name");
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(until, 5, 6);
        std::fs::write(&certificate, params.self_signed(&key).expect("signed").pem()).expect("written");
        std::fs::write(&private_key, key.serialize_pem()).expect("written");
        std::fs::set_permissions(&private_key, PermissionsExt::from_mode(0o600)).expect("set");
        (certificate, private_key)
    }

    #[test]
    fn what_is_wrong_with_the_files_is_told_and_never_quoted() {
        let place = temp_dir::TempDir::new().expect("a folder");
        let (certificate, private_key) = write(place.path(), 2099);
        let read = || Identity::read(&certificate, &private_key);
        let sound = read().expect("sound");
        assert_eq!(sound.valid_until().to_string(), "2099-05-06T00:00:00Z");
        assert_eq!(sound.warning(Timestamp::now()), None);
        assert_eq!(sound, read().expect("sound"));
        let key = std::fs::read_to_string(&private_key).expect("a key");
        assert!(!format!("{sound:?}").contains(key.lines().nth(1).expect("a line")));
        std::fs::set_permissions(&private_key, PermissionsExt::from_mode(0o644)).expect("set");
        assert!(read().expect("sound").warning(Timestamp::now()).expect("a warning").contains("chmod o-r"));
        let swapped = Identity::read(&private_key, &certificate).expect_err("swapped").to_string();
        assert!(swapped.contains("BEGIN CERTIFICATE"), "{swapped}");
        let no_key = Identity::read(&certificate, &certificate).expect_err("no key").to_string();
        assert!(no_key.contains("BEGIN PRIVATE KEY"), "{no_key}");
        std::fs::write(&private_key, KeyPair::generate().expect("a key").serialize_pem()).expect("written");
        let other = read().expect_err("another key").to_string();
        assert!(other.contains("not the key of") && other.contains("certificate.pem"), "{other}");
        std::fs::remove_file(&private_key).expect("removed");
        assert!(read().expect_err("no file").to_string().contains("cannot be read"));
    }

    #[test]
    fn one_that_has_expired_is_told_and_does_not_replace_a_better_one() {
        let place = temp_dir::TempDir::new().expect("a folder");
        let (certificate, private_key) = write(place.path(), 2099);
        let good = Identity::read(&certificate, &private_key).expect("sound");
        write(place.path(), 2021);
        let old = Identity::read(&certificate, &private_key).expect("can be read");
        assert!(old.warning(Timestamp::now()).expect("a warning").contains("has expired at 2021-05-06"));
        let error = good.again(Timestamp::now()).expect_err("worse").to_string();
        assert!(error.contains("expired"), "{error}");
        assert!(old.again(Timestamp::now()).is_ok(), "as bad as before");
        let soon = good.warning("2099-05-01T00:00:00Z".parse().expect("a time")).expect("a warning");
        assert!(soon.contains("in 5 days"), "{soon}");
        let early = good.warning("2019-01-01T00:00:00Z".parse().expect("a time")).expect("a warning");
        assert!(early.contains("is the clock right?"), "{early}");
    }
}
