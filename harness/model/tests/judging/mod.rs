//! What the judge makes of a bundle.

mod conclusions;
mod deviations;
mod failures;
mod faulty;
mod files;
mod gaps;
mod steady;
mod traced;
mod versions;
