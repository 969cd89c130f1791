//! What both ends of a call and the proxies between them say of it.

mod access_log;
mod access_log_format;
mod testimony;

pub use access_log::{AccessLogError, AccessLogLine};
pub use access_log_format::{ACCESS_LOG_MARK, access_log_format};
pub use testimony::{Testimony, Told};
