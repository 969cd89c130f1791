//! From bundles to reports: the judge over the lab's evidence and over the real rules.

mod faults;
mod judging;
#[expect(dead_code, reason = "the tests of the checks use the rest of the lab")]
mod lab;
mod run;
