//! Computed and recorded configuration, side by side.

pub(crate) mod fold;
pub(crate) mod unfold;

pub(crate) mod recording;

pub(crate) mod load;

pub(crate) mod normal;

pub(crate) mod difference;

pub(crate) mod reasons;
