//! The name of a workload.

use std::fmt;

use super::AuthorityError;

/// A workload's SPIFFE name: trust domain, namespace and service account.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Identity {
    trust_domain: String,
    namespace: String,
    service_account: String,
}

impl Identity {
    /// Makes the name `spiffe://<trust domain>/ns/<namespace>/sa/<service account>`.
    ///
    /// # Errors
    /// [`AuthorityError::Identity`] for a part that is empty or holds a character that SPIFFE-ID, sections 2.1 and 2.2, does
    /// not allow.
    pub fn new(trust_domain: &str, namespace: &str, service_account: &str) -> Result<Self, AuthorityError> {
        let is_domain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-_".contains(&byte);
        let is_segment = |byte: u8| byte.is_ascii_alphanumeric() || b".-_".contains(&byte);
        let part = |part, value: &str, is_allowed: fn(u8) -> bool| {
            let is_relative = value == "." || value == "..";
            if value.is_empty() || is_relative || !value.bytes().all(is_allowed) {
                return Err(AuthorityError::Identity { part, value: value.to_owned() });
            }
            Ok(value.to_owned())
        };
        Ok(Self {
            trust_domain: part("trust domain", trust_domain, is_domain)?,
            namespace: part("namespace", namespace, is_segment)?,
            service_account: part("service account", service_account, is_segment)?,
        })
    }
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "spiffe://{}/ns/{}/sa/{}", self.trust_domain, self.namespace, self.service_account)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_that_could_name_another_workload_are_refused() -> Result<(), AuthorityError> {
        let name = Identity::new("cluster.local", "dual-stack", "tcp-echo")?;
        assert_eq!(name.to_string(), "spiffe://cluster.local/ns/dual-stack/sa/tcp-echo");
        for (domain, namespace, account) in [
            ("", "a", "b"),
            ("Cluster.local", "a", "b"),
            ("cluster.local", "a/sa/b", "c"),
            ("cluster.local", "a", ""),
            ("cluster.local", "..", "b"),
            ("cluster.local", "a", "ü"),
        ] {
            let refused = Identity::new(domain, namespace, account);
            assert!(matches!(refused, Err(AuthorityError::Identity { .. })), "{domain} {namespace} {account}");
        }
        Ok(())
    }
}
