//! What a cluster that is made may be called.

use super::ClusterError;

/// The longest name: the node `<name>-control-plane` must be a host name of at most 63 characters.
const LONGEST: usize = 49;

/// Checks the name of a cluster that is to be made: its nodes are hosts of that name.
///
/// # Errors
/// [`ClusterError::Setting`] for a name that is no host name, or too long for a node's.
pub fn check_name(name: &str) -> Result<(), ClusterError> {
    let refuse = |rule| {
        let (setting, value) = ("the cluster's name", name.to_owned());
        Err(ClusterError::Setting { setting, value, rule })
    };
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let ends = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    let bytes = name.as_bytes();
    if !bytes.iter().copied().all(plain) || !ends(bytes.first()) || !ends(bytes.last()) {
        return refuse("allowed are a-z, 0-9 and - between them");
    }
    if name.len() > LONGEST {
        return refuse("it may have 49 characters");
    }
    Ok(())
}
