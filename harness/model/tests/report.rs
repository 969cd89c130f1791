//! From a report to its renderings, and back where there is a way back.

#[expect(dead_code, unused_imports, reason = "the tests of the checks use the rest of the lab")]
mod lab;
mod rendering;
mod run;
