//! What Istio itself says: the control plane's sync state, and the redirect that its init container set up.

mod redirect_log;
mod syncz;

pub use redirect_log::redirect_log;
pub use syncz::syncz;
