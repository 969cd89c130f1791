//! What the checks say beside red and green: where they have no meaning, what is lost, which family they speak of.

mod calls;
mod catalogue;
mod counted;
mod green;
mod lost;
mod words;
