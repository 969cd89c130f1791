//! Certificates against rustls: who is accepted by whom.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use dualproof_embedded::authority::{Authority, Certificate, Identity, ROOT_SECRET, Secrets, WORKLOAD_SECRET};
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::ring::default_provider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::server::WebPkiClientVerifier;
use rustls::{
    CertificateError, ClientConfig, ClientConnection, DigitallySignedStruct, Error, RootCertStore, ServerConfig,
    ServerConnection, SignatureScheme,
};
use serde_json::Value;

type Tried<T> = Result<T, Box<dyn std::error::Error>>;

/// Checks the chain and leaves out the host's name: a workload has none, and a mesh compares the SPIFFE name instead.
#[derive(Debug)]
struct AnyName(Arc<WebPkiServerVerifier>);

impl ServerCertVerifier for AnyName {
    fn verify_server_cert(
        &self,
        own: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        match self.0.verify_server_cert(own, others, name, ocsp, now) {
            Err(Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) => Ok(ServerCertVerified::assertion()),
            other => other,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.0.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.0.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_verify_schemes()
    }
}

fn roots(pem: &str) -> Tried<Arc<RootCertStore>> {
    let mut store = RootCertStore::empty();
    store.add(CertificateDer::from_pem_slice(pem.as_bytes())?)?;
    Ok(Arc::new(store))
}

fn chain(certificate: &Certificate) -> Tried<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>)> {
    let chain = CertificateDer::pem_slice_iter(certificate.chain.as_bytes()).collect::<Result<_, _>>()?;
    Ok((chain, PrivateKeyDer::from_pem_slice(certificate.key.as_bytes())?))
}

/// Shakes hands in memory, each side with its certificate and the roots that it trusts. Returns what either side refused.
fn handshake(server: (&Certificate, &str), client: (&Certificate, &str)) -> Tried<Result<(), Error>> {
    let provider = Arc::new(default_provider());
    let peers = WebPkiClientVerifier::builder_with_provider(roots(server.1)?, Arc::clone(&provider)).build()?;
    let (own, key) = chain(server.0)?;
    let config = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()?
        .with_client_cert_verifier(peers)
        .with_single_cert(own, key)?;
    let mut server = ServerConnection::new(Arc::new(config))?;
    let peers = WebPkiServerVerifier::builder_with_provider(roots(client.1)?, Arc::clone(&provider)).build()?;
    let (own, key) = chain(client.0)?;
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(AnyName(peers)))
        .with_client_auth_cert(own, key)?;
    let mut client = ClientConnection::new(Arc::new(config), "outbound.cluster.local".try_into()?)?;
    let mut bytes = Vec::new();
    while client.is_handshaking() || server.is_handshaking() || client.wants_write() || server.wants_write() {
        bytes.clear();
        client.write_tls(&mut bytes)?;
        let mut rest = bytes.as_slice();
        while !rest.is_empty() {
            server.read_tls(&mut rest)?;
            if let Err(error) = server.process_new_packets() {
                return Ok(Err(error));
            }
        }
        bytes.clear();
        server.write_tls(&mut bytes)?;
        let mut rest = bytes.as_slice();
        while !rest.is_empty() {
            client.read_tls(&mut rest)?;
            if let Err(error) = client.process_new_packets() {
                return Ok(Err(error));
            }
        }
    }
    Ok(Ok(()))
}

#[test]
fn workloads_of_one_root_accept_each_other_and_nobody_else() -> Tried<()> {
    let now = SystemTime::now();
    let (ours, theirs) = (Authority::new("cluster.local", now)?, Authority::new("cluster.local", now)?);
    let server = ours.issue(&Identity::new("cluster.local", "dual-stack", "default")?, now)?;
    let client = ours.issue(&Identity::new("cluster.local", "sleep", "sleep")?, now)?;
    assert_eq!(handshake((&server, ours.root()), (&client, ours.root()))?, Ok(()));

    // The same name by another cluster's root, which has the same name as well.
    let stranger = theirs.issue(&Identity::new("cluster.local", "sleep", "sleep")?, now)?;
    let refused = handshake((&server, ours.root()), (&stranger, ours.root()))?;
    assert!(matches!(refused, Err(Error::InvalidCertificate(_))), "{refused:?}");
    let refused = handshake((&stranger, theirs.root()), (&client, ours.root()))?;
    assert!(matches!(refused, Err(Error::InvalidCertificate(_))), "{refused:?}");
    Ok(())
}

#[test]
fn clocks_may_differ_by_hours_and_not_by_years() -> Tried<()> {
    let real = SystemTime::now();
    let (hours, years) = (Duration::from_secs(20 * 3600), Duration::from_secs(3 * 365 * 86400));
    let at = |now| -> Tried<Result<(), Error>> {
        let authority = Authority::new("cluster.local", now)?;
        let own = authority.issue(&Identity::new("cluster.local", "a", "b")?, now)?;
        handshake((&own, authority.root()), (&own, authority.root()))
    };
    assert_eq!(at(real + hours)?, Ok(()));
    assert_eq!(at(real - hours)?, Ok(()));
    assert!(at(real - years)?.is_err());
    assert!(at(real + years)?.is_err());
    for days in [0, 8100 * 365] {
        let far = Authority::new("cluster.local", SystemTime::UNIX_EPOCH + Duration::from_secs(days * 86400));
        assert!(far.is_err_and(|error| !error.hint().is_empty()), "{days} days after 1970");
    }
    Ok(())
}

#[test]
fn secrets_are_files_that_only_their_owner_reads() -> Tried<()> {
    use std::os::unix::fs::PermissionsExt;

    let folder = tempfile::tempdir()?;
    let now = SystemTime::now();
    let authority = Authority::new("cluster.local", now)?;
    let secrets = Secrets::at(folder.path());
    for account in ["first", "second"] {
        let certificate = authority.issue(&Identity::new("cluster.local", "a", account)?, now)?;
        secrets.write(&certificate, authority.root())?;
        for (name, pointer, expected) in [
            (WORKLOAD_SECRET, "/resources/0/tls_certificate/private_key/inline_string", certificate.key.as_str()),
            (WORKLOAD_SECRET, "/resources/0/tls_certificate/certificate_chain/inline_string", &certificate.chain),
            (ROOT_SECRET, "/resources/0/validation_context/trusted_ca/inline_string", authority.root()),
        ] {
            let source = secrets.source(name);
            let path = source.pointer("/sds_config/path_config_source/path").and_then(Value::as_str).ok_or("a path")?;
            let read: Value = serde_json::from_slice(&std::fs::read(path)?)?;
            assert_eq!(read.pointer(pointer).and_then(Value::as_str), Some(expected), "{name} of {account}");
            assert_eq!(read.pointer("/resources/0/name"), source.get("name"), "{name} of {account}");
            assert_eq!(std::fs::metadata(path)?.permissions().mode() & 0o077, 0, "{name} of {account}");
        }
        assert!(!format!("{certificate:?}").contains("PRIVATE KEY"));
    }
    assert_eq!(std::fs::read_dir(folder.path())?.count(), 2, "nothing is left beside them");
    let error = Secrets::at(folder.path().join("missing"))
        .write(&authority.issue(&Identity::new("cluster.local", "a", "b")?, now)?, authority.root())
        .err()
        .ok_or("there is no folder")?;
    assert!(error.to_string().ends_with("missing/default.json"), "{error}");
    Ok(())
}
