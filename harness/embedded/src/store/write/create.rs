//! New objects.

use std::sync::Arc;

use serde_json::Value;

use super::super::object::{self, entry, is_terminating, set_metadata, text};
use super::super::table::not_found;
use super::super::{Cause, Key, Kind, Refusal, State, Store, resource};
use super::{WriteOptions, unique};

impl Store {
    /// Stores a new object and returns it as stored. `key.name` may be empty where the object has a name or a `generateName`.
    ///
    /// Metadata that only the server writes is replaced; a status that is a subresource is dropped.
    ///
    /// # Errors
    /// [`Refusal::NoSuchResource`], [`Refusal::AlreadyExists`], [`Refusal::NotFound`] for the namespace, [`Refusal::Forbidden`] in a
    /// namespace that is going away, [`Refusal::BadRequest`] and [`Refusal::Invalid`] for the object itself.
    pub fn create(&self, key: &Key, object: Value, options: &WriteOptions) -> Result<Arc<Value>, Refusal> {
        let mut state = self.lock();
        let kind = state.kinds.get(&key.resource).cloned().ok_or(Refusal::NoSuchResource)?;
        self.create_locked(&mut state, &kind, key, object, options)
    }

    pub(super) fn create_locked(
        &self,
        state: &mut State,
        kind: &Kind,
        key: &Key,
        mut object: Value,
        options: &WriteOptions,
    ) -> Result<Arc<Value>, Refusal> {
        identify(kind, &mut object);
        let given = text(&object, "/metadata/namespace");
        if kind.namespaced && !given.is_empty() && given != key.namespace {
            let why = "the namespace of the provided object does not match the namespace sent on the request";
            return Err(Refusal::BadRequest(why.to_owned()));
        }
        let mut key = key.clone();
        set_metadata(
            &mut object,
            "namespace",
            if kind.namespaced { key.namespace.clone().into() } else { Value::Null },
        );
        let prefix = text(&object, "/metadata/generateName").to_owned();
        let own = object::name(&object).to_owned();
        if key.name.is_empty() {
            key.name = if own.is_empty() && !prefix.is_empty() { unique::name(&prefix) } else { own.clone() };
        }
        if key.name.is_empty() {
            let cause = Cause::required("metadata.name", "name or generateName is required");
            return Err(Refusal::Invalid { kind: kind.kind.clone(), name: String::new(), causes: vec![cause] });
        }
        if !own.is_empty() && own != key.name {
            let why = format!("the name of the object ({own}) does not match the name on the URL ({})", key.name);
            return Err(Refusal::BadRequest(why));
        }
        check_name(kind, &key.name)?;
        set_metadata(&mut object, "name", key.name.clone().into());
        if kind.namespaced {
            check_namespace(state, &key)?;
        }
        if state.get(&key).is_some() {
            return Err(Refusal::AlreadyExists { resource: key.resource, name: key.name });
        }
        for field in ["resourceVersion", "deletionTimestamp", "deletionGracePeriodSeconds", "selfLink"] {
            set_metadata(&mut object, field, Value::Null);
        }
        set_metadata(&mut object, "uid", unique::uid().into());
        set_metadata(&mut object, "creationTimestamp", object::now().into());
        if kind.has_generation() {
            set_metadata(&mut object, "generation", 1.into());
        }
        if kind.has_status
            && let Value::Object(map) = &mut object
        {
            map.remove("status");
        }
        for rule in &self.inner.admission {
            rule.admit(state, kind, None, &mut object)?;
        }
        if options.dry_run {
            return Ok(Arc::new(object));
        }
        Ok(state.put(&key, object))
    }
}

/// Says in the object what it is.
pub(super) fn identify(kind: &Kind, object: &mut Value) {
    entry(object, "metadata");
    if let Value::Object(map) = object {
        map.insert("kind".to_owned(), kind.kind.clone().into());
        map.insert("apiVersion".to_owned(), kind.api_version().into());
    }
}

fn check_namespace(state: &State, key: &Key) -> Result<(), Refusal> {
    let space = Key::new(resource::NAMESPACES, "", &key.namespace);
    let namespace = state.get(&space).ok_or_else(|| not_found(&space))?;
    if is_terminating(&namespace) {
        let why = format!("unable to create new content in namespace {} because it is being terminated", key.namespace);
        return Err(Refusal::Forbidden { resource: key.resource.clone(), name: key.name.clone(), why });
    }
    Ok(())
}

/// Checks a name by the rule of most kinds: RFC 1123 subdomain, for Services and namespaces a label
/// (kubernetes/kubernetes:staging/src/k8s.io/apimachinery/pkg/util/validation/validation.go). RBAC's names may hold colons.
fn check_name(kind: &Kind, name: &str) -> Result<(), Refusal> {
    let is_path = kind.group == "rbac.authorization.k8s.io";
    let is_label = matches!(kind.plural.as_str(), "services" | "namespaces");
    let longest = if is_label { 63 } else { 253 };
    let part = |part: &str| {
        let ends = |c: Option<char>| c.is_some_and(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
        ends(part.chars().next())
            && ends(part.chars().last())
            && part.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
    };
    let fits = if is_path {
        !name.contains(['/', '%']) && name != "." && name != ".."
    } else if is_label {
        part(name)
    } else {
        name.split('.').all(part)
    };
    if fits && name.len() <= longest {
        return Ok(());
    }
    let what = if is_label { "a lowercase RFC 1123 label" } else { "a lowercase RFC 1123 subdomain" };
    let why = format!(
        "{what} must consist of lower case alphanumeric characters, '-'{}, and must start and end with an alphanumeric character, in at \
         most {longest} characters",
        if is_label { "" } else { " or '.'" }
    );
    let cause = Cause::invalid("metadata.name", &name.into(), &why);
    Err(Refusal::Invalid { kind: kind.kind.clone(), name: name.to_owned(), causes: vec![cause] })
}
