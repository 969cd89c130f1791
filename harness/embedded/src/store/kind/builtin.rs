//! The kinds that every cluster has.

use k8s_openapi::api::admissionregistration::v1::{MutatingWebhookConfiguration, ValidatingWebhookConfiguration};
use k8s_openapi::api::apps::v1::{DaemonSet, Deployment, ReplicaSet};
use k8s_openapi::api::coordination::v1::Lease;
use k8s_openapi::api::core::v1::{ConfigMap, Endpoints, Event, Namespace, Node, Pod, Secret, Service, ServiceAccount};
use k8s_openapi::api::discovery::v1::EndpointSlice;
use k8s_openapi::api::rbac::v1::{ClusterRole, ClusterRoleBinding, Role, RoleBinding};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use serde::de::DeserializeOwned;

use super::{Kind, decode};

/// Lists the kinds that are there before anything is installed.
#[must_use]
pub fn builtin() -> Vec<Kind> {
    const RBAC: &str = "rbac.authorization.k8s.io";
    const ADMISSION: &str = "admissionregistration.k8s.io";
    vec![
        kind::<ConfigMap>("", "ConfigMap", "configmaps", "cm"),
        kind::<Endpoints>("", "Endpoints", "endpoints", "ep"),
        kind::<Event>("", "Event", "events", "ev"),
        with_status(cluster(kind::<Namespace>("", "Namespace", "namespaces", "ns"))),
        with_status(cluster(kind::<Node>("", "Node", "nodes", "no"))),
        all(with_status(kind::<Pod>("", "Pod", "pods", "po"))),
        kind::<Secret>("", "Secret", "secrets", ""),
        kind::<ServiceAccount>("", "ServiceAccount", "serviceaccounts", "sa"),
        all(with_status(kind::<Service>("", "Service", "services", "svc"))),
        all(with_status(kind::<DaemonSet>("apps", "DaemonSet", "daemonsets", "ds"))),
        all(with_status(kind::<Deployment>("apps", "Deployment", "deployments", "deploy"))),
        all(with_status(kind::<ReplicaSet>("apps", "ReplicaSet", "replicasets", "rs"))),
        kind::<EndpointSlice>("discovery.k8s.io", "EndpointSlice", "endpointslices", ""),
        kind::<Lease>("coordination.k8s.io", "Lease", "leases", ""),
        kind::<Role>(RBAC, "Role", "roles", ""),
        kind::<RoleBinding>(RBAC, "RoleBinding", "rolebindings", ""),
        cluster(kind::<ClusterRole>(RBAC, "ClusterRole", "clusterroles", "")),
        cluster(kind::<ClusterRoleBinding>(RBAC, "ClusterRoleBinding", "clusterrolebindings", "")),
        cluster(kind::<MutatingWebhookConfiguration>(
            ADMISSION,
            "MutatingWebhookConfiguration",
            "mutatingwebhookconfigurations",
            "",
        )),
        cluster(kind::<ValidatingWebhookConfiguration>(
            ADMISSION,
            "ValidatingWebhookConfiguration",
            "validatingwebhookconfigurations",
            "",
        )),
        with_status(cluster(kind::<CustomResourceDefinition>(
            "apiextensions.k8s.io",
            "CustomResourceDefinition",
            "customresourcedefinitions",
            "crd",
        ))),
    ]
}

fn kind<T: DeserializeOwned>(group: &str, kind: &str, plural: &str, short: &str) -> Kind {
    let short_names = if short.is_empty() { Vec::new() } else { vec![short.to_owned()] };
    Kind { short_names, decode: Some(decode::<T>), ..Kind::new(group, "v1", kind, plural, true) }
}

fn cluster(kind: Kind) -> Kind {
    Kind { namespaced: false, ..kind }
}

fn with_status(kind: Kind) -> Kind {
    Kind { has_status: true, ..kind }
}

fn all(kind: Kind) -> Kind {
    Kind { in_all: true, ..kind }
}
