//! Writing a part of an object: by patches, and through its scale.

mod patches;
mod scale;
