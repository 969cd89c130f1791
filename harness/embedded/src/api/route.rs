//! Paths of the API.

use std::sync::Arc;

use crate::store::{Key, Kind, Refusal, Store, resource};

/// What a path is about.
#[derive(Clone, Debug)]
pub(super) struct Target {
    /// The kind.
    pub(super) kind: Arc<Kind>,
    /// The namespace; `None` for all of them, and for objects of the cluster.
    pub(super) namespace: Option<String>,
    /// The object; empty for the collection.
    pub(super) name: String,
    /// The subresource; empty for the object itself.
    pub(super) sub: String,
}

impl Target {
    /// Finds what a path below `/api` or `/apis` is about.
    pub(super) fn find(store: &Store, path: &str) -> Result<Self, Refusal> {
        let parts: Vec<String> = path
            .split('/')
            .filter(|part| !part.is_empty())
            .map(|part| percent_encoding::percent_decode_str(part).decode_utf8_lossy().into_owned())
            .collect();
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        let (group, version, rest) = match parts.as_slice() {
            ["api", version, rest @ ..] => ("", *version, rest),
            ["apis", group, version, rest @ ..] => (*group, *version, rest),
            _ => return Err(Refusal::NoSuchResource),
        };
        let found = |plural: &str, namespace: Option<&str>, rest: &[&str]| {
            let name = if group.is_empty() { plural.to_owned() } else { format!("{plural}.{group}") };
            let kind = store.kind(&name).filter(|kind| kind.version == version).ok_or(Refusal::NoSuchResource)?;
            if namespace.is_some() && !kind.namespaced {
                return Err(Refusal::NoSuchResource);
            }
            let (name, sub) = match rest {
                [] => ("", ""),
                [name] => (*name, ""),
                [name, sub] => (*name, *sub),
                _ => return Err(Refusal::NoSuchResource),
            };
            if !name.is_empty() && namespace.is_none() && kind.namespaced {
                return Err(Refusal::NoSuchResource);
            }
            let (namespace, name, sub) = (namespace.map(str::to_owned), name.to_owned(), sub.to_owned());
            Ok(Self { kind, namespace, name, sub })
        };
        match rest {
            [resource::NAMESPACES, namespace, sub @ ("status" | "finalize")] if group.is_empty() => {
                found(resource::NAMESPACES, None, &[*namespace, *sub])
            }
            [resource::NAMESPACES, namespace, plural, rest @ ..] => found(plural, Some(*namespace), rest),
            [plural, rest @ ..] => found(plural, None, rest),
            [] => Err(Refusal::NoSuchResource),
        }
    }

    /// Returns the key of the object.
    pub(super) fn key(&self) -> Key {
        Key::new(&self.kind.resource, self.namespace.as_deref().unwrap_or_default(), &self.name)
    }
}
