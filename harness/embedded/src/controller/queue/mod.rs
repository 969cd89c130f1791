//! From changes to work, and the loop that does it.

mod controllers;
mod work;

pub use controllers::Controllers;
