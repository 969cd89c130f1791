//! Holding a pod to the image that it should run.

use std::collections::BTreeSet;

use k8s_openapi::api::core::v1::Pod;
use kube::ResourceExt;

use super::{Identity, ImageError};
use crate::api;
use crate::cluster::Cluster;
use crate::context::RunContext;

/// Makes sure that every pod of some namespaces that asks for the image by its name runs that very image. Pods that are going away are not
/// looked at. Returns how many containers were.
///
/// A node may have another image under the name, and a registry may give one: what the calls then say is not what this program's agent
/// says, and no fault of the mesh.
///
/// # Errors
/// As [`runs_in`] for the first container that does not; [`ImageError::Pods`] where the pods cannot be listed. That no
/// pod asks for the image is no error.
pub async fn run_everywhere(
    context: &RunContext,
    cluster: &Cluster,
    namespaces: &BTreeSet<String>,
    image: &Identity,
) -> Result<usize, ImageError> {
    let mut held = 0;
    for namespace in namespaces {
        let pods = api::list::<Pod>(context, &cluster.client, Some(namespace))
            .await
            .map_err(|source| ImageError::Pods { namespace: namespace.clone(), source })?;
        for pod in pods.iter().filter(|pod| pod.metadata.deletion_timestamp.is_none()) {
            let containers = pod.spec.iter().flat_map(|spec| &spec.containers);
            for container in containers.filter(|container| container.image.as_ref() == Some(&image.reference)) {
                runs_in(pod, &container.name, image)?;
                held += 1;
            }
        }
    }
    Ok(held)
}

/// Makes sure that a container of a pod runs the image. An image that is known by its name alone is taken as it is.
///
/// # Errors
/// [`ImageError::Another`] when it runs another one, [`ImageError::NotShown`] when the pod's status does not say.
pub fn runs_in(pod: &Pod, container: &str, image: &Identity) -> Result<(), ImageError> {
    let place = || format!("{}/{}", pod.namespace().unwrap_or_default(), pod.name_any());
    let status = pod.status.as_ref();
    let of_containers = status.and_then(|status| status.container_statuses.as_deref()).unwrap_or_default();
    let of_init = status.and_then(|status| status.init_container_statuses.as_deref()).unwrap_or_default();
    let found = of_containers.iter().chain(of_init).find(|status| status.name == container);
    let Some(seen) = found.map(|status| status.image_id.as_str()).filter(|id| !id.is_empty()) else {
        return Err(ImageError::NotShown { pod: place(), container: container.to_owned() });
    };
    let Some(expected) = image.config.as_ref().or_else(|| image.manifests.first()) else { return Ok(()) };
    if image.is_shown_as(seen) == Some(true) {
        return Ok(());
    }
    Err(ImageError::Another {
        pod: place(),
        container: container.to_owned(),
        reference: image.reference.clone(),
        expected: expected.clone(),
        seen: seen.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_pod_with_another_image_is_named_with_both_digests() -> Result<(), serde_json::Error> {
        let (config, manifest) = (format!("sha256:{}", "a".repeat(64)), format!("sha256:{}", "b".repeat(64)));
        let image = Identity {
            reference: "dualproof.dev/agent:x".to_owned(),
            config: Some(config.clone()),
            manifests: vec![manifest.clone()],
        };
        let pod = |id: &str| {
            serde_json::from_value::<Pod>(
                json!({"metadata": {"namespace": "ns", "name": "p"}, "status": {"containerStatuses": [
                {"name": "istio-proxy", "image": "", "imageID": "sha256:0", "ready": true, "restartCount": 0},
                {"name": "agent", "image": "", "imageID": id, "ready": true, "restartCount": 0}]}}),
            )
        };
        for right in [config.clone(), format!("docker.io/library/import-2025-11-24@{manifest}")] {
            assert!(runs_in(&pod(&right)?, "agent", &image).is_ok(), "{right}");
        }
        let wrong = format!("docker.io/library/import-2025-11-24@sha256:{}", "c".repeat(64));
        let error = runs_in(&pod(&wrong)?, "agent", &image).err().map(|error| error.to_string()).unwrap_or_default();
        for words in ["ns/p", "agent", &config, &wrong] {
            assert!(error.contains(words), "{error}");
        }
        assert!(matches!(runs_in(&pod("")?, "agent", &image), Err(ImageError::NotShown { .. })));
        assert!(matches!(runs_in(&pod(&config)?, "sleep", &image), Err(ImageError::NotShown { .. })));
        let by_name = Identity { config: None, manifests: Vec::new(), ..image };
        assert!(runs_in(&pod(&wrong)?, "agent", &by_name).is_ok());
        Ok(())
    }
}
