//! Who the server is, as its environment says.

use std::net::IpAddr;

use super::ServeError;

/// Who answers. Nothing is guessed: a variable that is not set is an error, one that is set to nothing says that there is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// `DUALPROOF_RUN`: the run that deployed the server.
    pub run: String,
    /// `POD_NAME`: the pod's name.
    pub pod: String,
    /// `POD_UID`: the pod's UID.
    pub uid: String,
    /// `POD_NAMESPACE`: the pod's namespace.
    pub namespace: String,
    /// `NODE_NAME`: the node.
    pub node: String,
    /// `SERVICE_ACCOUNT`: the pod's service account.
    pub service_account: String,
}

impl Identity {
    /// Reads the identity through `variable`, which gives the value of a variable, or none when it is not set.
    ///
    /// # Errors
    ///
    /// [`ServeError::Identity`] names all variables that are not set.
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Self, ServeError> {
        let mut missing = Vec::new();
        let mut take = |name| {
            variable(name).unwrap_or_else(|| {
                missing.push(name);
                String::new()
            })
        };
        let identity = Self {
            run: take("DUALPROOF_RUN"),
            pod: take("POD_NAME"),
            uid: take("POD_UID"),
            namespace: take("POD_NAMESPACE"),
            node: take("NODE_NAME"),
            service_account: take("SERVICE_ACCOUNT"),
        };
        if missing.is_empty() { Ok(identity) } else { Err(ServeError::Identity { missing }) }
    }
}

/// Reads the pod's addresses from `POD_IPS`, in its order; none when it is not set or empty.
///
/// # Errors
///
/// [`ServeError::PodIp`] when something there is no address.
pub(super) fn pod_ips(variable: impl Fn(&str) -> Option<String>) -> Result<Vec<IpAddr>, ServeError> {
    let text = variable("POD_IPS").unwrap_or_default();
    text.split(',')
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .map(|part| part.parse().map_err(|_| ServeError::PodIp { text: part.to_owned() }))
        .collect()
}

/// Reads a variable of this process; none when it is not set or not UTF-8.
#[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
pub(super) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_missing_variable_is_named_and_an_empty_one_is_none() {
        let set = |name: &str| (name != "POD_UID" && name != "NODE_NAME").then(String::new);
        let error = Identity::read(set).map_err(|error| error.to_string());
        assert_eq!(error, Err("the environment has no POD_UID, NODE_NAME".to_owned()));
        assert!(Identity::read(|_| Some(String::new())).is_ok_and(|identity| identity.pod.is_empty()));
    }

    #[test]
    fn pod_addresses_keep_their_order_and_nonsense_is_refused() -> Result<(), ServeError> {
        assert_eq!(
            pod_ips(|_| Some("fd00::5, 10.244.0.5".to_owned()))?,
            ["fd00::5".parse::<IpAddr>().unwrap_or(IpAddr::from([0; 4])), IpAddr::from([10, 244, 0, 5])]
        );
        assert_eq!(pod_ips(|_| None)?, Vec::<IpAddr>::new());
        let error = pod_ips(|_| Some("10.244.0.5/24".to_owned())).map_err(|error| error.to_string());
        assert_eq!(error, Err("POD_IPS holds `10.244.0.5/24`, which is no address".to_owned()));
        Ok(())
    }
}
