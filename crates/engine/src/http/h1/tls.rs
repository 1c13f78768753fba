//! TLS configurations, one per set of accepted certificates, shared by all users of the process.

use crate::sync::lock;
use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use rustls::client::Resumption;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};

use crate::error::{Error, ErrorKind, Result};
use crate::http::request::Verify;

static CONFIGS: Mutex<Option<HashMap<Verify, Arc<ClientConfig>>>> = Mutex::new(None);

/// The configuration for these certificates, made on first use.
///
/// # Errors
/// `Tls` when the bundle cannot be read or holds no certificate.
pub fn config(verify: &Verify) -> Result<Arc<ClientConfig>> {
    let mut configs = lock(&CONFIGS);
    let configs = configs.get_or_insert_with(HashMap::new);
    if let Some(config) = configs.get(verify) {
        return Ok(Arc::clone(config));
    }
    let config = Arc::new(make(verify)?);
    configs.insert(verify.clone(), Arc::clone(&config));
    Ok(config)
}

fn make(verify: &Verify) -> Result<ClientConfig> {
    let words = |error: &dyn std::fmt::Display| Error::new(ErrorKind::Tls, error.to_string());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|e| words(&e))?;
    let mut config = match verify {
        Verify::Nothing => builder
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(AnyCertificate(provider)))
            .with_no_client_auth(),
        Verify::Bundle(path) => {
            let mut roots = RootCertStore::empty();
            let certificates = CertificateDer::pem_file_iter(&**path)
                .map_err(|e| Error::new(ErrorKind::Tls, format!("{path}: {e}")))?;
            roots.add_parsable_certificates(certificates.flatten());
            if roots.is_empty() {
                return Err(Error::new(
                    ErrorKind::Tls,
                    format!("{path}: no certificate in it"),
                ));
            }
            builder.with_root_certificates(roots).with_no_client_auth()
        }
    };
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    // Every simulated user is a visitor of its own: none may profit from another one's session.
    config.resumption = Resumption::disabled();
    Ok(config)
}

/// Accepts any certificate, as `verify=False` asks; signatures of the handshake are still checked.
#[derive(Debug)]
struct AnyCertificate(Arc<CryptoProvider>);

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp: &[u8],
        _now: UnixTime,
    ) -> std::result::Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> std::result::Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(
            message,
            cert,
            dss,
            &self.0.signature_verification_algorithms,
        )
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> std::result::Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(
            message,
            cert,
            dss,
            &self.0.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
