//! Which kind of patch a body is.

use serde_json::Value;

use super::{json, merge, strategic};
use crate::store::{Kind, Refusal};

/// A patch.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::api) enum Patch {
    /// Operations (RFC 6902).
    Json(Value),
    /// A part of the object (RFC 7396).
    Merge(Value),
    /// A part of the object, whose lists are merged by their items' keys.
    Strategic(Value),
    /// What a manager wants the object to be (server-side apply).
    Apply(Value),
}

impl Patch {
    /// Tells by the media type what a body is.
    pub(in crate::api) fn of(media: &str, body: Value) -> Result<Self, Refusal> {
        match media {
            "application/json-patch+json" => Ok(Self::Json(body)),
            "application/merge-patch+json" => Ok(Self::Merge(body)),
            "application/strategic-merge-patch+json" => Ok(Self::Strategic(body)),
            "application/apply-patch+yaml" => Ok(Self::Apply(body)),
            _ => Err(Refusal::UnsupportedMediaType {
                accepted: "application/json-patch+json, application/merge-patch+json, \
                           application/strategic-merge-patch+json, application/apply-patch+yaml"
                    .to_owned(),
            }),
        }
    }

    /// Applies it to an object of a kind. A strategic patch is refused for kinds whose lists nobody knows.
    pub(in crate::api) fn onto(&self, kind: &Kind, object: &Value) -> Result<Value, Refusal> {
        match self {
            Self::Json(operations) => json::patched(object, operations),
            Self::Merge(patch) | Self::Apply(patch) => {
                let mut object = object.clone();
                merge::merge(&mut object, patch);
                Ok(object)
            }
            Self::Strategic(_) if kind.decode.is_none() => Err(Refusal::UnsupportedMediaType {
                accepted: "application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml"
                    .to_owned(),
            }),
            Self::Strategic(patch) => strategic::patched(object, patch),
        }
    }
}
