//! Label and field selectors.

use serde_json::Value;

use super::Refusal;
use super::object::text;

/// Which objects a list or a watch is about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selector {
    labels: Vec<Requirement>,
    fields: Vec<(String, bool, String)>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Requirement {
    key: String,
    operator: Operator,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Operator {
    In(Vec<String>),
    NotIn(Vec<String>),
    Exists,
    Absent,
}

/// Fields that can be selected besides `metadata.name` and `metadata.namespace`
/// (kubernetes/kubernetes:pkg/apis/core/v1/conversion.go).
const FIELDS: [&str; 18] = [
    "spec.nodeName",
    "spec.restartPolicy",
    "spec.schedulerName",
    "spec.serviceAccountName",
    "spec.unschedulable",
    "spec.clusterIP",
    "spec.type",
    "status.phase",
    "status.podIP",
    "status.nominatedNodeName",
    "involvedObject.kind",
    "involvedObject.namespace",
    "involvedObject.name",
    "involvedObject.uid",
    "involvedObject.apiVersion",
    "involvedObject.fieldPath",
    "reason",
    "type",
];

impl Selector {
    /// Reads a label selector and a field selector in their query forms; empty texts select everything.
    ///
    /// # Errors
    /// [`Refusal::BadRequest`] for a text that is no selector, and for a field that cannot be selected.
    pub fn parse(labels: &str, fields: &str) -> Result<Self, Refusal> {
        let mut selector = Self::default();
        for requirement in split(labels) {
            selector.labels.push(Requirement::parse(requirement)?);
        }
        for term in fields.split(',').map(str::trim).filter(|term| !term.is_empty()) {
            let unreadable = || Refusal::BadRequest(format!("invalid field selector: {term}"));
            let (field, equal, value) = if let Some((field, value)) = term.split_once("!=") {
                (field, false, value)
            } else if let Some((field, value)) = term.split_once("==") {
                (field, true, value)
            } else {
                let (field, value) = term.split_once('=').ok_or_else(unreadable)?;
                (field, true, value)
            };
            if !matches!(field, "metadata.name" | "metadata.namespace") && !FIELDS.contains(&field) {
                return Err(Refusal::BadRequest(format!("field label not supported: {field}")));
            }
            selector.fields.push((field.replace('.', "/"), equal, value.to_owned()));
        }
        Ok(selector)
    }

    /// Selects by the labels of a map, each of which must be there with its value.
    #[must_use]
    pub fn of_labels<'a>(labels: impl IntoIterator<Item = (&'a String, &'a String)>) -> Self {
        let equal = |(key, value): (&String, &String)| Requirement {
            key: key.clone(),
            operator: Operator::In(vec![value.clone()]),
        };
        Self { labels: labels.into_iter().map(equal).collect(), fields: Vec::new() }
    }

    /// Reads a `metav1.LabelSelector` (`matchLabels`, `matchExpressions`); an expression that is none selects nothing.
    #[must_use]
    pub fn of_object(selector: &Value) -> Self {
        let labels = super::object::texts(selector, "/matchLabels");
        let mut made = Self::of_labels(&labels);
        for expression in super::object::items(selector, "/matchExpressions") {
            let values = super::object::items(expression, "/values").iter();
            let values = values.filter_map(Value::as_str).map(str::to_owned).collect();
            let operator = match text(expression, "/operator") {
                "Exists" => Operator::Exists,
                "DoesNotExist" => Operator::Absent,
                "NotIn" => Operator::NotIn(values),
                _ => Operator::In(values),
            };
            made.labels.push(Requirement { key: text(expression, "/key").to_owned(), operator });
        }
        made
    }

    /// Tells whether it selects everything.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty() && self.fields.is_empty()
    }

    /// Tells whether an object is selected.
    #[must_use]
    pub fn matches(&self, object: &Value) -> bool {
        self.fields.iter().all(|(field, equal, value)| {
            let found = match object.pointer(&format!("/{field}")) {
                Some(Value::Bool(true)) => "true",
                Some(Value::String(found)) => found,
                Some(Value::Bool(false)) if field == "spec/unschedulable" => "false",
                None if field == "spec/unschedulable" => "false",
                _ => "",
            };
            (found == value) == *equal
        }) && (self.labels.is_empty() || self.matches_labels(object.pointer("/metadata/labels")))
    }

    /// Tells whether a map of labels is selected; `None` is an empty map.
    #[must_use]
    pub fn matches_labels(&self, labels: Option<&Value>) -> bool {
        let value = |key: &str| labels.and_then(|labels| labels.get(key)).and_then(Value::as_str);
        self.labels.iter().all(|requirement| match (&requirement.operator, value(&requirement.key)) {
            (Operator::In(values), Some(found)) => values.iter().any(|value| value == found),
            (Operator::NotIn(values), Some(found)) => !values.iter().any(|value| value == found),
            (Operator::Exists, found) => found.is_some(),
            (Operator::Absent, found) => found.is_none(),
            (Operator::In(_), None) => false,
            (Operator::NotIn(_), None) => true,
        })
    }
}

impl Requirement {
    fn parse(text: &str) -> Result<Self, Refusal> {
        let unreadable = || Refusal::BadRequest(format!("unable to parse requirement: {text}"));
        let made = |key: &str, operator| {
            let key = key.trim();
            let is_key = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/');
            if key.is_empty() || !key.chars().all(is_key) {
                return Err(unreadable());
            }
            Ok(Self { key: key.to_owned(), operator })
        };
        let is_value = |value: &str| value.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'));
        let one = |value: &str| {
            let value = value.trim();
            if is_value(value) { Ok(vec![value.to_owned()]) } else { Err(unreadable()) }
        };
        if let Some((key, value)) = text.split_once("!=") {
            return made(key, Operator::NotIn(one(value)?));
        }
        if let Some((key, value)) = text.split_once("==").or_else(|| text.split_once('=')) {
            return made(key, Operator::In(one(value)?));
        }
        if let Some((head, list)) = text.split_once('(') {
            let values = list.trim_end().strip_suffix(')').ok_or_else(unreadable)?;
            let values = values.split(',').map(|value| value.trim().to_owned()).collect();
            let mut words = head.split_whitespace();
            return match (words.next(), words.next(), words.next()) {
                (Some(key), Some("in"), None) => made(key, Operator::In(values)),
                (Some(key), Some("notin"), None) => made(key, Operator::NotIn(values)),
                _ => Err(unreadable()),
            };
        }
        match text.strip_prefix('!') {
            Some(key) => made(key, Operator::Absent),
            None => made(text, Operator::Exists),
        }
    }
}

/// Splits at the commas that stand outside of parentheses.
fn split(text: &str) -> impl Iterator<Item = &str> {
    let mut depth = 0_usize;
    let parts = text.split(move |c| {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        c == ',' && depth == 0
    });
    parts.map(str::trim).filter(|part| !part.is_empty())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn labels_and_fields_select() -> Result<(), Refusal> {
        let pod =
            json!({"metadata": {"name": "p", "labels": {"app": "echo", "tier": "a"}}, "spec": {"nodeName": "n1"}});
        let cases = [
            ("app=echo", "", true),
            ("app==echo,tier in (a, b)", "", true),
            ("app!=echo", "", false),
            ("missing!=x", "", true),
            ("tier notin (a,b)", "", false),
            ("tier", "", true),
            ("!tier", "", false),
            ("!missing", "", true),
            ("", "spec.nodeName=n1", true),
            ("", "spec.nodeName!=n1", false),
            ("", "metadata.name=p,spec.nodeName==n1", true),
            ("", "status.phase!=Running", true),
        ];
        for (labels, fields, selected) in cases {
            assert_eq!(Selector::parse(labels, fields)?.matches(&pod), selected, "{labels} {fields}");
        }
        Ok(())
    }

    #[test]
    fn what_is_no_selector_is_refused() {
        for (labels, fields) in [
            ("a in b", ""),
            ("a===b", ""),
            ("a=b c", ""),
            ("a in (b", ""),
            ("=", ""),
            ("", "name"),
            ("", "spec.image=x"),
        ] {
            assert_eq!(
                Selector::parse(labels, fields).map_err(|refusal| refusal.code()),
                Err(400),
                "{labels} {fields}"
            );
        }
    }
}
