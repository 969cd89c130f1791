//! Manifests as kubectl reads them.

use serde_json::Value;

use super::ApiError;

/// One Kubernetes object of a manifest file, with its place for errors.
#[derive(Clone, Debug, PartialEq)]
pub struct Document {
    /// The file, as the caller named it.
    pub file: String,
    /// Its position in the file, from 1.
    pub position: usize,
    /// The object.
    pub object: Value,
}

impl Document {
    /// Names the object: `Kind name`, or `object without a kind`.
    #[must_use]
    pub fn title(&self) -> String {
        let text = |pointer: &str| self.object.pointer(pointer).and_then(Value::as_str);
        match (text("/kind"), text("/metadata/name")) {
            (Some(kind), Some(name)) => format!("{kind} {name}"),
            (Some(kind), None) => format!("{kind} without a name"),
            (None, _) => "object without a kind".to_owned(),
        }
    }
}

/// Reads the objects of a YAML or JSON text with any number of documents. Empty documents are left out, the items of a
/// `List` are taken one by one. Scalars mean what they mean to kubectl (`0644` is 420, `yes` is true).
///
/// `file` names the text in errors.
///
/// # Errors
/// [`ApiError::Document`] for text that is no YAML (with line and column), a document that is no mapping, and an object
/// without `apiVersion`, `kind` or `metadata.name`. A text without any document is no error.
pub fn documents(file: &str, text: &str) -> Result<Vec<Document>, ApiError> {
    let options = serde_saphyr::options! { legacy_octal_numbers: true };
    let values: Vec<Value> = serde_saphyr::from_multiple_with_options(text, options).map_err(|error| {
        let plain = error.without_snippet();
        let place = plain.location().map_or(String::new(), |at| format!("line {} column {}: ", at.line(), at.column()));
        let words = plain.to_string();
        // The position is that of the line, so the document is counted by the separators before it.
        let line = plain.location().map_or(0, |at| at.line());
        ApiError::Document {
            file: file.to_owned(),
            document: document_at(text, line),
            why: format!("{place}{}", words.lines().next().unwrap_or_default()),
        }
    })?;
    let mut found = Vec::new();
    for (index, value) in values.into_iter().enumerate() {
        collect(file, index + 1, value, &mut found)?;
    }
    Ok(found)
}

fn collect(file: &str, position: usize, object: Value, found: &mut Vec<Document>) -> Result<(), ApiError> {
    if object.is_null() {
        return Ok(());
    }
    let refused = |why: &str| ApiError::Document { file: file.to_owned(), document: position, why: why.to_owned() };
    let Value::Object(mut map) = object else {
        return Err(refused("this is no Kubernetes object: a mapping was expected"));
    };
    if map.get("kind").and_then(Value::as_str) == Some("List") {
        let Some(Value::Array(items)) = map.remove("items") else {
            return Err(refused("this List has no items"));
        };
        return items.into_iter().try_for_each(|item| collect(file, position, item, found));
    }
    let object = Value::Object(map);
    for (pointer, key) in [("/apiVersion", "apiVersion"), ("/kind", "kind"), ("/metadata/name", "metadata.name")] {
        if object.pointer(pointer).and_then(Value::as_str).is_none_or(str::is_empty) {
            return Err(refused(&format!("this object has no {key}")));
        }
    }
    found.push(Document { file: file.to_owned(), position, object });
    Ok(())
}

fn document_at(text: &str, line: u64) -> usize {
    let before = usize::try_from(line).unwrap_or(usize::MAX).saturating_sub(1);
    let mut documents = 1;
    let mut has_content = false;
    for line in text.lines().take(before) {
        if line.starts_with("---") {
            documents += usize::from(has_content);
            has_content = false;
        } else if !line.trim().is_empty() && !line.trim_start().starts_with('#') {
            has_content = true;
        }
    }
    documents
}

#[cfg(test)]
mod tests {
    use super::*;

    fn why(text: &str) -> String {
        documents("m.yaml", text)
            .map_or_else(|error| error.to_string(), |found| format!("read {} objects", found.len()))
    }

    #[test]
    fn reads_what_kubectl_reads() -> Result<(), ApiError> {
        let text = "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\nmode: 0644\nflag: yes\nip: ::1\n---\n\
                    ---\napiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Secret\n  metadata: {name: b}\n---\n";
        let found = documents("m.yaml", text)?;
        let titles: Vec<String> = found.iter().map(Document::title).collect();
        assert_eq!(titles, ["ConfigMap a", "Secret b"]);
        assert_eq!(found[0].object["mode"], 420);
        assert_eq!(found[0].object["flag"], true);
        assert_eq!(found[0].object["ip"], "::1");
        Ok(())
    }

    #[test]
    fn names_the_document_that_is_wrong() {
        let good = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n---\n";
        assert_eq!(why(&format!("{good}kind: Pod\n")), "m.yaml, document 2: this object has no apiVersion");
        assert_eq!(
            why(&format!("{good}- one\n")),
            "m.yaml, document 2: this is no Kubernetes object: a mapping was expected"
        );
        assert_eq!(why(&format!("{good}apiVersion: v1\nkind: List\n")), "m.yaml, document 2: this List has no items");
        let broken = why(&format!("{good}apiVersion: [v1\nkind: Pod\n"));
        assert!(broken.starts_with("m.yaml, document 2: line "), "{broken}");
        assert_eq!(why(""), "read 0 objects");
    }
}
