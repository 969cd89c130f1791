//! TLS and identity between proxies.

mod strict_mtls_rejects_plaintext_each_family;

pub(super) use strict_mtls_rejects_plaintext_each_family::STRICT_MTLS_REJECTS_PLAINTEXT_EACH_FAMILY;
