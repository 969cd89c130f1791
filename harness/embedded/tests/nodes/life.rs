//! How pods begin, fail and end.

use std::collections::BTreeSet;

use dualproof_embedded::store::object::{condition, items, name, text};
use dualproof_embedded::store::{Key, Selector, resource};
use kube::api::{DeleteParams, LogParams};
use libtest_mimic::Trial;
use serde_json::Value;
use tokio::time::timeout;

use crate::cluster::{Cluster, LIMIT, Wish, addresses, container, is_ready, processes, uid_of};
use crate::{Said, trial};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("life::nothing_of_a_deleted_pod_is_left", deleted),
        trial("life::a_program_that_dies_is_started_again", restarted),
        trial("life::a_pod_of_an_unknown_image_waits_and_says_which_are_known", unknown_image),
        trial("life::init_containers_run_one_after_the_other_before_the_others", init),
        trial("life::a_pod_is_ready_when_its_probe_says_so", probes),
        trial("life::a_pod_that_is_to_run_once_ends_as_its_program_did", once),
        trial("life::a_hundred_pods_come_and_go", hundred),
    ]
}

async fn gone(cluster: &Cluster, place: &str) -> Said {
    let all = async {
        let mut changes = cluster.store.follow();
        while !cluster.store.list(resource::PODS, Some(place), &Selector::default()).items.is_empty() {
            changes.recv().await.ok_or("the store is gone")?;
        }
        Ok(())
    };
    timeout(LIMIT, all).await?
}

async fn deleted() -> Said {
    let cluster = Cluster::start(Wish::default()).await?;
    cluster.apply("n", "tcp-echo/tcp-echo-dual-stack.yaml").await?;
    // This one leaves its process group, and does not end when it is asked to.
    let stray = "{apiVersion: v1, kind: Pod, metadata: {name: stray, labels: {app: stray}}, spec: {terminationGracePeriodSeconds: 1, containers: [
        {name: own, image: curl, command: [sh, -c, 'setsid sleep infinity & trap true TERM; while true; do wait; done']}]}}";
    cluster.apply("n", stray).await?;
    let pods = [cluster.ready("n", "tcp-echo").await?, cluster.ready("n", "stray").await?];
    let node = cluster.kubelet.nodes()[0].namespace();
    let folders: Vec<_> = pods.iter().filter_map(|pod| cluster.kubelet.folder(&uid_of(pod))).collect();
    assert!(folders.len() == 2 && folders.iter().all(|folder| folder.join("hosts").exists()), "{folders:?}");
    assert_eq!(node.links().interfaces()?.len(), 4);
    let namespaces: kube::Api<k8s_openapi::api::core::v1::Namespace> = kube::Api::all(cluster.client.clone());
    namespaces.delete("n", &DeleteParams::default()).await?;
    gone(&cluster, "n").await?;
    assert_eq!(processes(cluster.folder.path())?, Vec::<String>::new());
    assert!(folders.iter().all(|folder| !folder.exists()), "{folders:?}");
    for pod in &pods {
        assert!(cluster.kubelet.namespace(&uid_of(pod)).is_none(), "{}", name(pod));
        for address in addresses(pod)? {
            let told = node.connect((address, 9000).into(), None, LIMIT);
            assert!(told.is_err(), "{address} is still there");
        }
    }
    // The kernel takes interfaces down a moment later.
    let links = async {
        while node.links().interfaces()?.len() > 2 {
            tokio::task::yield_now().await;
        }
        Ok::<_, dualproof_netns::NetnsError>(())
    };
    timeout(LIMIT, links).await??;
    cluster.end().await
}

async fn restarted() -> Said {
    let cluster = Cluster::start(Wish::default()).await?;
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("was-here");
    let pod = format!(
        "{{apiVersion: v1, kind: Pod, metadata: {{name: p, labels: {{app: p}}}}, spec: {{terminationGracePeriodSeconds: 1, containers: [\
         {{name: own, image: curl, env: [{{name: FILE, value: '{}'}}], command: [sh, -c, \
         'test -e $(FILE) && {{ echo second; exec sleep infinity; }}; touch $FILE; echo first; exit 7']}}]}}}}",
        file.display()
    );
    cluster.apply("n", &pod).await?;
    let again = |pod: &Value| is_ready(pod) && container(pod)["restartCount"] == 1;
    let pod = cluster.until(resource::PODS, "n", again).await?;
    let last = &container(&pod)["lastState"]["terminated"];
    assert_eq!((&last["exitCode"], &last["reason"]), (&Value::from(7), &Value::from("Error")), "{last}");
    let pods = cluster.pods("n");
    assert_eq!(pods.logs("p", &LogParams { previous: true, ..LogParams::default() }).await?, "first\n");
    let loops = "{apiVersion: v1, kind: Pod, metadata: {name: q}, spec: {containers: [{name: own, image: curl, command: [/no/such/program]}]}}";
    cluster.apply("n", loops).await?;
    let waits = |pod: &Value| name(pod) == "q" && container(pod)["state"]["waiting"]["reason"] == "CrashLoopBackOff";
    let pod = cluster.until(resource::PODS, "n", waits).await?;
    let last = &container(&pod)["lastState"]["terminated"];
    assert_eq!((&last["exitCode"], &last["reason"]), (&Value::from(128), &Value::from("StartError")));
    assert!(text(last, "/message").contains("stat /no/such/program: no such file or directory"), "{last}");
    cluster.end().await
}

async fn unknown_image() -> Said {
    let cluster = Cluster::start(Wish::default()).await?;
    let pod = "{apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {containers: [{name: own, image: 'docker.io/nginx:1'}]}}";
    cluster.apply("n", pod).await?;
    let waits = |pod: &Value| container(pod)["state"]["waiting"]["reason"] == "ErrImagePull";
    let pod = cluster.until(resource::PODS, "n", waits).await?;
    let message = container(&pod)["state"]["waiting"]["message"].to_string();
    assert!(message.contains("docker.io/nginx:1") && message.contains("tcp-echo-server"), "{message}");
    assert_eq!((text(&pod, "/status/phase"), addresses(&pod)?.len()), ("Pending", 2));
    cluster.pods("n").delete("p", &DeleteParams::default()).await?;
    gone(&cluster, "n").await?;
    cluster.end().await
}

async fn init() -> Said {
    let cluster = Cluster::start(Wish::default()).await?;
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("order");
    let step = |name: &str, rest: &str| {
        let script = format!("echo {name} >> {}; {rest}", file.display());
        format!("{{name: {name}, image: curl, command: [sh, -c, {}]}}", Value::from(script))
    };
    // Started is one thing, having written the line another: so its probe looks.
    let probe = format!("startupProbe: {{exec: {{command: [grep, -q, side, '{}']}}}}", file.display());
    let side =
        step("side", "exec sleep infinity").replacen("{name", &format!("{{restartPolicy: Always, {probe}, name"), 1);
    let pod = format!(
        "{{apiVersion: v1, kind: Pod, metadata: {{name: p, labels: {{app: p}}}}, spec: {{terminationGracePeriodSeconds: 1, \
         initContainers: [{}, {side}, {}], containers: [{}]}}}}",
        step("first", "exit 0"),
        step("third", "exit 0"),
        step("own", "exec sleep infinity"),
    );
    cluster.apply("n", &pod).await?;
    let pod = cluster.ready("n", "p").await?;
    let wrote = |names: &str| names.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let both = async {
        while std::fs::read_to_string(&file)?.lines().count() < 4 {
            tokio::task::yield_now().await
        }
        Ok::<_, std::io::Error>(())
    };
    timeout(LIMIT, both).await??;
    assert_eq!(wrote(&std::fs::read_to_string(&file)?), ["first", "side", "third", "own"]);
    let init = items(&pod, "/status/initContainerStatuses");
    let states: Vec<bool> = init.iter().map(|status| status["state"].get("running").is_some()).collect();
    assert_eq!(states, [false, true, false]);
    let fails = "{apiVersion: v1, kind: Pod, metadata: {name: f}, spec: {restartPolicy: Never, initContainers: [
        {name: init, image: curl, command: ['false']}], containers: [{name: own, image: curl}]}}";
    cluster.apply("n", fails).await?;
    let pod = cluster.until(resource::PODS, "n", |pod| text(pod, "/status/phase") == "Failed").await?;
    assert_eq!(container(&pod)["state"]["waiting"]["reason"], "ContainerCreating");
    cluster.end().await
}

async fn probes() -> Said {
    let cluster = Cluster::start(Wish::default()).await?;
    let folder = tempfile::tempdir()?;
    let (file, gate) = (folder.path().join("ready"), folder.path().join("gate"));
    let pod = |name: &str, container: String| {
        format!(
            "{{apiVersion: v1, kind: Pod, metadata: {{name: {name}, labels: {{app: {name}}}}}, \
             spec: {{terminationGracePeriodSeconds: 1, containers: [{container}]}}}}"
        )
    };
    let by_exec = format!(
        "{{name: own, image: curl, readinessProbe: {{periodSeconds: 1, failureThreshold: 1, exec: {{command: [test, -e, '{}']}}}}}}",
        file.display()
    );
    cluster.apply("n", &pod("by-exec", by_exec)).await?;
    let runs = |pod: &Value| name(pod) == "by-exec" && container(pod)["state"].get("running").is_some();
    let running = cluster.until(resource::PODS, "n", runs).await?;
    assert!(
        !is_ready(&running)
            && condition(&running, "Ready").is_some_and(|ready| ready["reason"] == "ContainersNotReady")
    );
    std::fs::write(&file, "")?;
    cluster.ready("n", "by-exec").await?;
    std::fs::remove_file(&file)?;
    cluster.until(resource::PODS, "n", |pod| name(pod) == "by-exec" && !is_ready(pod)).await?;
    // These cannot be ready before the server listens, which waits for the gate.
    for (name, probe) in [("by-tcp", "tcpSocket: {port: echo}"), ("by-start", "tcpSocket: {port: 9000}")] {
        let kind = if name == "by-start" { "startupProbe" } else { "readinessProbe" };
        let script = format!("while ! test -e {}; do :; done; exec tcp-echo 9000 hello", gate.display());
        let own = format!(
            "{{name: own, image: curl, ports: [{{name: echo, containerPort: 9000}}], {kind}: {{{probe}}}, command: [sh, -c, {}]}}",
            Value::from(script)
        );
        cluster.apply("n", &pod(name, own)).await?;
        let runs = |pod: &Value| self::name(pod) == name && container(pod)["state"].get("running").is_some();
        assert!(!is_ready(&*cluster.until(resource::PODS, "n", runs).await?), "{name}");
    }
    std::fs::write(&gate, "")?;
    cluster.ready("n", "by-tcp").await?;
    cluster.ready("n", "by-start").await?;
    cluster.end().await
}

async fn once() -> Said {
    let cluster = Cluster::start(Wish::default()).await?;
    for (name, code, phase) in [("well", 0, "Succeeded"), ("badly", 3, "Failed")] {
        let pod = format!(
            "{{apiVersion: v1, kind: Pod, metadata: {{name: {name}}}, spec: {{restartPolicy: Never, containers: [\
             {{name: own, image: curl, command: [sh, -c, 'exit {code}']}}]}}}}"
        );
        cluster.apply("n", &pod).await?;
        let ended = |pod: &Value| self::name(pod) == name && text(pod, "/status/phase") == phase;
        let pod = cluster.until(resource::PODS, "n", ended).await?;
        assert_eq!(container(&pod)["state"]["terminated"]["exitCode"], code);
        cluster.pods("n").delete(name, &DeleteParams::default()).await?;
    }
    gone(&cluster, "n").await?;
    cluster.end().await
}

async fn hundred() -> Said {
    let cluster = Cluster::start(Wish::default()).await?;
    let set = "{apiVersion: apps/v1, kind: Deployment, metadata: {name: many}, spec: {replicas: 100, selector: {matchLabels: {app: many}}, template: {
        metadata: {labels: {app: many}}, spec: {terminationGracePeriodSeconds: 1, containers: [{name: own, image: tcp-echo-server, args: ['9000', hello]}]}}}}";
    cluster.apply("n", set).await?;
    let all = |set: &Value| set["status"]["readyReplicas"] == 100;
    cluster.until(resource::DEPLOYMENTS, "n", all).await?;
    let pods = cluster.store.list(resource::PODS, Some("n"), &Selector::default()).items;
    let mut seen = BTreeSet::new();
    for pod in &pods {
        seen.extend(addresses(pod)?);
    }
    assert_eq!((pods.len(), seen.len()), (100, 200), "every pod has its own addresses");
    cluster
        .store
        .remove(&Key::new(resource::DEPLOYMENTS, "n", "many"), &dualproof_embedded::store::Removal::default())?;
    gone(&cluster, "n").await?;
    assert_eq!(processes(cluster.folder.path())?, Vec::<String>::new());
    cluster.end().await
}
