//! Watching.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::StatusCode;
use axum::response::Response;
use futures_util::stream;
use serde_json::{Value, json};
use tokio::time::{Instant, timeout_at};

use super::present::Form;
use super::read::selector;
use crate::api::answer;
use crate::api::request::Query;
use crate::api::route::Target;
use crate::api::state::ApiServer;
use crate::store::{Event, Kind, Refusal, Since, Watch, What};

/// How long a watch lasts for a client that does not say (the API server: between 30 and 60 minutes).
const LIMIT: u64 = 1800;

/// Streams the changes of a collection, or of one object.
pub(super) fn watch(server: &ApiServer, target: &Target, query: &Query, form: Form) -> Result<Response, Refusal> {
    let mut selector = selector(query)?;
    if !target.name.is_empty() {
        selector = crate::store::Selector::parse("", &format!("metadata.name={}", target.name))?;
    }
    let version: Option<u64> = query.number("resourceVersion")?;
    let initial = query.is("sendInitialEvents");
    let bookmarks = query.is("allowWatchBookmarks");
    if initial && !(bookmarks && query.get("resourceVersionMatch") == "NotOlderThan") {
        let why = "sendInitialEvents requires resourceVersionMatch=NotOlderThan and allowWatchBookmarks=true";
        return Err(Refusal::BadRequest(why.to_owned()));
    }
    let since = match version {
        Some(version) if version > 0 && !initial => Since::Version(version),
        _ => Since::Now,
    };
    let limit = Duration::from_secs(query.number("timeoutSeconds")?.unwrap_or(LIMIT));
    let watch = match server.store.watch(&target.kind.resource, target.namespace.as_deref(), selector, since) {
        Ok(watch) => watch,
        // A watch of the past that is gone is answered inside the stream, as the API server does.
        Err(refusal @ Refusal::Expired { .. }) => {
            let line = line("ERROR", &refusal.status());
            return Ok(answer::typed(StatusCode::OK, "application/json", line));
        }
        Err(refusal) => return Err(refusal),
    };
    let follower = Follower {
        watch,
        kind: target.kind.clone(),
        form,
        named_columns: false,
        marker: initial,
        bookmarks,
        end: Instant::now() + limit,
        ended: false,
    };
    let stop = server.stop.clone();
    let lines = stream::unfold((follower, stop), async |(mut follower, stop)| {
        let bytes = tokio::select! {
            biased;
            () = stop.cancelled() => None,
            bytes = follower.next() => bytes,
        };
        bytes.map(|bytes| (Ok::<_, std::io::Error>(bytes), (follower, stop)))
    });
    Ok(answer::typed(StatusCode::OK, "application/json", Body::from_stream(lines)))
}

struct Follower {
    watch: Watch,
    kind: Arc<Kind>,
    form: Form,
    named_columns: bool,
    /// The bookmark that ends the initial events is still to be sent.
    marker: bool,
    bookmarks: bool,
    end: Instant,
    ended: bool,
}

impl Follower {
    /// Returns the next lines; `None` at the end.
    async fn next(&mut self) -> Option<Bytes> {
        if self.ended {
            return None;
        }
        let mut lines = Vec::new();
        // Everything that is there goes into one piece.
        loop {
            match self.watch.next_ready() {
                Ok(Some(event)) => self.tell(&event, &mut lines),
                Ok(None) if self.marker => {
                    self.marker = false;
                    lines.extend(line("BOOKMARK", &self.bookmark(true)));
                }
                Ok(None) if !lines.is_empty() => return Some(lines.into()),
                Ok(None) => match timeout_at(self.end, self.watch.next()).await {
                    Ok(Ok(event)) => self.tell(&event, &mut lines),
                    Ok(Err(refusal)) => return Some(self.fail(&refusal, lines)),
                    Err(_) => {
                        self.ended = true;
                        return self.bookmarks.then(|| line("BOOKMARK", &self.bookmark(false)).into());
                    }
                },
                Err(refusal) => return Some(self.fail(&refusal, lines)),
            }
        }
    }

    fn tell(&mut self, event: &Event, lines: &mut Vec<u8>) {
        let kind = match event.what {
            What::Added => "ADDED",
            What::Modified => "MODIFIED",
            What::Deleted => "DELETED",
        };
        let object = self.form.object(&self.kind, &event.object, !self.named_columns);
        self.named_columns = true;
        lines.extend(line(kind, &object));
    }

    fn fail(&mut self, refusal: &Refusal, mut lines: Vec<u8>) -> Bytes {
        self.ended = true;
        lines.extend(line("ERROR", &refusal.status()));
        lines.into()
    }

    fn bookmark(&self, ends_initial: bool) -> Value {
        let mut metadata = json!({ "resourceVersion": self.watch.version().to_string() });
        if ends_initial {
            metadata["annotations"] = json!({ "k8s.io/initial-events-end": "true" });
        }
        let object = Arc::new(json!({
            "kind": self.kind.kind, "apiVersion": self.kind.api_version(), "metadata": metadata,
        }));
        match self.form {
            Form::Table => json!({
                "kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": metadata, "columnDefinitions": null,
                "rows": [{ "cells": [], "object": super::present::metadata(&object) }],
            }),
            form => (*form.object(&self.kind, &object, false)).clone(),
        }
    }
}

fn line(kind: &str, object: &Value) -> Vec<u8> {
    let mut line = format!("{{\"type\":\"{kind}\",\"object\":{object}}}").into_bytes();
    line.push(b'\n');
    line
}
