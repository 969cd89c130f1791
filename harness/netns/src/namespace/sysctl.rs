//! Settings of the kernel, and its tables in `/proc/net`.

use std::fs;
use std::path::Path;

use super::Namespace;
use crate::NetnsError;

impl Namespace {
    /// Sets one of `/proc/sys/net`, such as `ipv4/ip_forward` or `ipv6/conf/all/forwarding`.
    ///
    /// # Errors
    /// [`NetnsError::Value`] for a path that leaves the folder; [`NetnsError::System`] where there is no such setting (as with those of IPv6 when
    /// the kernel has it switched off), the value is none for it, or `/proc/sys` is read-only, as in a container without rights.
    pub fn set(&self, setting: &str, value: &str) -> Result<(), NetnsError> {
        let path = under("/proc/sys/net", setting)?;
        let (file, text) = (path.clone(), value.to_owned());
        self.run(move || fs::write(file, text))?.map_err(|source| NetnsError::System {
            action: format!("write `{value}` to {path} in {}", self.name()),
            source,
        })
    }

    /// Reads one of `/proc/sys/net`, without the end of its line.
    ///
    /// # Errors
    /// As [`Self::set`].
    pub fn setting(&self, setting: &str) -> Result<String, NetnsError> {
        self.read(under("/proc/sys/net", setting)?).map(|text| text.trim_end().to_owned())
    }

    /// Reads a table of `/proc/net`: `tcp`, `tcp6`, `udp`, `udp6`, `if_inet6`.
    ///
    /// # Errors
    /// [`NetnsError::System`] where there is none, as with those of IPv6 when the kernel has it switched off.
    pub fn table(&self, table: &str) -> Result<String, NetnsError> {
        // `/proc/net` is that of the first thread of the process.
        self.read(under("/proc/thread-self/net", table)?)
    }

    fn read(&self, path: String) -> Result<String, NetnsError> {
        let file = path.clone();
        self.run(move || fs::read_to_string(file))?
            .map_err(|source| NetnsError::System { action: format!("read {path} in {}", self.name()), source })
    }
}

fn under(folder: &str, name: &str) -> Result<String, NetnsError> {
    let is_plain = Path::new(name).components().all(|part| matches!(part, std::path::Component::Normal(_)));
    if is_plain && !name.is_empty() {
        Ok(format!("{folder}/{name}"))
    } else {
        let expected = "a path below that folder";
        Err(NetnsError::Value { what: format!("a name in {folder}"), value: name.to_owned(), expected })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_stays_below_its_folder() {
        assert_eq!(under("/a", "ipv4/ip_forward").ok().as_deref(), Some("/a/ipv4/ip_forward"));
        for strange in ["", "/etc/passwd", "../x", "a/../../x", "."] {
            assert!(under("/a", strange).is_err(), "{strange}");
        }
    }
}
