//! Istio with sidecars, installed by istioctl.

mod collect;
mod control_plane;
mod converge;
mod images;
mod install;
mod mesh;
mod operator;
mod remove;
mod tool;

pub(super) use collect::{collect, collect_log, counters};
pub(super) use control_plane::{SYSTEM, versions};
pub(super) use converge::converge;
pub(super) use install::{foreign, injecting, is_ours};
pub(super) use mesh::Istio;
pub use operator::render_operator;
pub use tool::{DownloadError, RELEASES, archive_name, download};
