//! A table of objects (`meta.k8s.io/v1`, `Table`).

use std::sync::Arc;

use serde_json::{Value, json};

use super::cells::{age, count};
use super::column::{Column, column};
use super::{pod, service, workload};
use crate::api::resource::metadata;
use crate::store::object::{name, text};
use crate::store::{Kind, resource};

/// Makes a table. `with_columns` names them, which a watch does only once.
pub(in crate::api) fn table(kind: &Kind, objects: &[Arc<Value>], metadata_of_list: Value, with_columns: bool) -> Value {
    let columns = columns(kind);
    let rows: Vec<Value> = objects
        .iter()
        .map(|object| {
            let cells: Vec<Value> = columns.iter().map(|column| (column.cell)(object)).collect();
            json!({ "cells": cells, "object": metadata(object) })
        })
        .collect();
    let definitions: Vec<Value> = columns
        .iter()
        .map(|column| {
            let format = if column.name == "Name" { "name" } else { "" };
            json!({
                "name": column.name, "type": column.kind, "format": format, "description": "",
                "priority": i32::from(column.wide),
            })
        })
        .collect();
    let definitions = if with_columns { Value::Array(definitions) } else { Value::Null };
    json!({
        "kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": metadata_of_list, "columnDefinitions": definitions,
        "rows": rows,
    })
}

fn columns(kind: &Kind) -> Vec<Column> {
    let plain = |columns: Vec<Column>| {
        let mut all = vec![column("Name", name_of)];
        all.extend(columns);
        all.push(column("Age", age_of));
        all
    };
    let (name, age) = (column("Name", name_of), column("Age", age_of));
    match kind.resource.as_str() {
        resource::PODS => pod::columns(name, age),
        resource::SERVICES => service::services(name, age),
        resource::ENDPOINT_SLICES => service::slices(name, age),
        resource::NODES => workload::nodes(name, age),
        resource::DEPLOYMENTS => workload::deployments(name, age),
        resource::REPLICA_SETS => workload::replica_sets(name, age),
        resource::DAEMON_SETS => workload::daemon_sets(name, age),
        "scales.autoscaling" => workload::scales(name, age),
        resource::EVENTS => workload::events(),
        resource::NAMESPACES => plain(vec![column("Status", |object| text(object, "/status/phase").into())]),
        resource::CONFIG_MAPS => plain(vec![column("Data", |object| count(object, "/data").into())]),
        "secrets" => plain(vec![
            column("Type", |object| text(object, "/type").into()),
            column("Data", |object| count(object, "/data").into()),
        ]),
        _ => plain(Vec::new()),
    }
}

fn name_of(object: &Value) -> Value {
    name(object).into()
}

fn age_of(object: &Value) -> Value {
    age(object, "/metadata/creationTimestamp").into()
}
