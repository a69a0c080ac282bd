//! Certificates for tests: an authority of their own, and what it signs. Touch it when a test needs another kind.

// Every test uses its own part of this.
#![allow(dead_code)]

use std::path::{Path, PathBuf};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, date_time_ymd};

/// Signs for `localhost` and 127.0.0.1; its own certificate is a file that clients may trust.
pub struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    folder: PathBuf,
    /// Its certificate.
    pub file: PathBuf,
}

/// The files of a certificate and its key.
pub struct Pair {
    pub certificate: PathBuf,
    pub private_key: PathBuf,
}

impl Authority {
    /// One whose files lie in this folder.
    pub fn new(folder: &Path) -> Self {
        let mut params = CertificateParams::new(Vec::new()).expect("no names");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        let issuer = CertifiedIssuer::self_signed(params, key).expect("signed");
        let file = folder.join("authority.pem");
        std::fs::write(&file, issuer.pem()).expect("written");
        Self { issuer, folder: folder.to_owned(), file }
    }

    /// Writes a certificate that is valid until that year, and its key, over the ones before.
    pub fn sign(&self, until: i32) -> Pair {
        let key = KeyPair::generate().expect("a key");
        let names = ["localhost", "127.0.0.1"].map(String::from);
        let mut params = CertificateParams::new(names).expect("names");
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(until, 1, 1);
        let certificate = params.signed_by(&key, &self.issuer).expect("signed");
        let pair = Pair {
            certificate: self.folder.join("certificate.pem"),
            private_key: self.folder.join("key.pem"),
        };
        std::fs::write(&pair.certificate, certificate.pem()).expect("written");
        std::fs::write(&pair.private_key, key.serialize_pem()).expect("written");
        pair
    }
}
