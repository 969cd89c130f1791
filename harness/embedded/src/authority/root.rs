//! The root, and what it signs.

use std::time::{Duration, SystemTime};

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, SanType,
};

use super::{AuthorityError, Identity};

/// How long before now a certificate begins: the clock of a reader may be behind, and so may our own after a suspend.
const BEFORE: Duration = Duration::from_secs(24 * 60 * 60);
/// How long after now the root ends, as istiod's own root does.
const ROOT_AFTER: Duration = Duration::from_secs(10 * 365 * 24 * 60 * 60);
/// How long after now a workload's certificate ends. istiod's ends after one day; a cluster that is kept for people has
/// nobody who would renew it.
const WORKLOAD_AFTER: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// The end of the year 9999, since 1970.
const LAST_SECOND: Duration = Duration::from_secs(253_402_300_799);

/// A certificate authority. Its key lives in this value and is never written anywhere.
#[derive(Debug)]
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    root: String,
}

/// A workload's certificate with its key.
///
/// It is secret: it must not enter a bundle.
#[derive(Clone, PartialEq, Eq)]
pub struct Certificate {
    /// The workload's certificate in PEM, then the root's.
    pub chain: String,
    /// The private key in PEM (PKCS #8).
    pub key: String,
}

impl std::fmt::Debug for Certificate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Certificate").field("chain", &self.chain).finish_non_exhaustive()
    }
}

impl Authority {
    /// Makes a new root for an organisation, which is the cluster's domain by Istio's custom. `now` is when it is made.
    ///
    /// # Errors
    /// [`AuthorityError::Certificate`] when the system gives no random numbers, [`AuthorityError::Clock`] for a `now` that a
    /// certificate cannot name.
    pub fn new(organisation: &str, now: SystemTime) -> Result<Self, AuthorityError> {
        let failed = |source| AuthorityError::Certificate { subject: format!("the root of {organisation}"), source };
        let key = KeyPair::generate().map_err(failed)?;
        let mut params = valid(now, ROOT_AFTER)?;
        params.distinguished_name.push(DnType::OrganizationName, organisation);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let root = params.self_signed(&key).map_err(failed)?.pem();
        Ok(Self { issuer: Issuer::new(params, key), root })
    }

    /// Returns the root's certificate in PEM.
    #[must_use]
    pub fn root(&self) -> &str {
        &self.root
    }

    /// Makes a new key and signs a certificate for it that carries the workload's name and nothing else.
    ///
    /// # Errors
    /// As [`Authority::new`].
    pub fn issue(&self, identity: &Identity, now: SystemTime) -> Result<Certificate, AuthorityError> {
        let failed = |source| AuthorityError::Certificate { subject: identity.to_string(), source };
        let key = KeyPair::generate().map_err(failed)?;
        let mut params = valid(now, WORKLOAD_AFTER)?;
        params.subject_alt_names = vec![SanType::URI(identity.to_string().as_str().try_into().map_err(failed)?)];
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::KeyEncipherment];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        params.is_ca = IsCa::ExplicitNoCa;
        params.use_authority_key_identifier_extension = true;
        let own = params.signed_by(&key, &self.issuer).map_err(failed)?.pem();
        Ok(Certificate { chain: format!("{own}{}", self.root), key: key.serialize_pem() })
    }
}

fn valid(now: SystemTime, after: Duration) -> Result<CertificateParams, AuthorityError> {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.not_before = nameable(now.checked_sub(BEFORE))?.into();
    params.not_after = nameable(now.checked_add(after))?.into();
    Ok(params)
}

/// Refuses a time before 1970 or after the year 9999: a certificate has four digits for the year (RFC 5280, 4.1.2.5.2).
fn nameable(time: Option<SystemTime>) -> Result<SystemTime, AuthorityError> {
    let time = time.ok_or(AuthorityError::Clock)?;
    let since = time.duration_since(SystemTime::UNIX_EPOCH).map_err(|_| AuthorityError::Clock)?;
    if since <= LAST_SECOND { Ok(time) } else { Err(AuthorityError::Clock) }
}
