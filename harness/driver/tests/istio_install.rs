//! Installing Istio, with an istioctl and an API server that are not real.

mod fake;

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::{Json, Router};
use dualproof_driver::cluster::Cluster;
use dualproof_driver::context::RunContext;
use dualproof_driver::mesh::{Installed, MeshSettings, choose};
use dualproof_driver::tool::{self, Invocation, ToolError};
use dualproof_driver::trouble::Trouble;
use dualproof_model::evidence::FailureKind;
use dualproof_model::plan::{MeshKind, Timeouts};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use fake::{Checked, context, serve};

type Answers = Vec<(StatusCode, Value)>;

/// An API server with one answer for each `METHOD path`; of several answers each is given once, the last for ever.
#[derive(Clone, Default)]
struct Server {
    answers: Arc<Mutex<Vec<(String, Answers)>>>,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Server {
    fn on(self, request: &str, answers: Answers) -> Self {
        if let Ok(mut all) = self.answers.lock() {
            all.push((request.to_owned(), answers));
        }
        self
    }

    fn asked(&self, what: &str) -> bool {
        self.asked.lock().is_ok_and(|asked| asked.iter().any(|line| line == what))
    }
}

async fn answer(State(server): State<Server>, request: Request) -> Response {
    let line = format!("{} {}", request.method(), request.uri().path());
    let mut given = (StatusCode::NOT_FOUND, failure(404, "not here"));
    if let (Ok(mut answers), Ok(mut asked)) = (server.answers.lock(), server.asked.lock()) {
        if let Some((_, list)) = answers.iter_mut().find(|(known, _)| *known == line) {
            given = if list.len() > 1 { list.remove(0) } else { list[0].clone() };
        }
        asked.push(line);
    }
    (given.0, Json(given.1)).into_response()
}

fn failure(code: u16, message: &str) -> Value {
    json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "message": message, "code": code})
}

fn ok(value: Value) -> Answers {
    vec![(StatusCode::OK, value)]
}

fn list(items: &[Value]) -> Value {
    json!({"kind": "List", "apiVersion": "v1", "metadata": {}, "items": items})
}

fn pod(containers: &[&str]) -> Value {
    let containers: Vec<Value> = containers.iter().map(|name| json!({"name": name})).collect();
    json!({"kind": "Pod", "apiVersion": "v1", "metadata": {"name": "p"}, "spec": {"containers": containers}})
}

fn namespace(labels: Value) -> Value {
    json!({"kind": "Namespace", "apiVersion": "v1", "metadata": {"name": "istio-system", "labels": labels}})
}

fn istiod(image: &str) -> Value {
    json!({"metadata": {"name": "istiod", "namespace": "istio-system"}, "spec": {"selector": {},
        "template": {"spec": {"containers": [{"name": "discovery", "image": image}]}}}})
}

const DEPLOYMENTS: &str = "GET /apis/apps/v1/deployments";
const DRY_RUN: &str = "POST /api/v1/namespaces/istio-system/pods";
const SYSTEM: &str = "GET /api/v1/namespaces/istio-system";
const INJECTED: [&str; 2] = ["probe", "istio-proxy"];

/// A folder with an istioctl that writes its arguments to `arguments` and then does as told.
struct Machine {
    folder: tempfile::TempDir,
    context: RunContext,
    settings: MeshSettings,
}

impl Machine {
    async fn new(install: &str) -> Result<Self, Box<dyn std::error::Error>> {
        let folder = tempfile::tempdir()?;
        let tool = folder.path().join("istioctl");
        let arguments = folder.path().join("arguments");
        let script = format!(
            "#!/bin/sh\ncase \"$*\" in\nversion*) echo '{{\"clientVersion\": {{\"version\": \"1.31.0-lab\"}}}}';;\n*manifest*) \
             ;;\n*) echo \"$@\" >>{}; {install};;\nesac\n",
            arguments.display()
        );
        std::fs::write(&tool, script)?;
        std::fs::set_permissions(&tool, std::fs::Permissions::from_mode(0o755))?;
        // Another test's child may hold the file open for writing until it has become another program.
        let call = Invocation::new(&tool, Timeouts::of(60)).arg("version");
        while let Err(error) = tool::run(&call, &CancellationToken::new()).await {
            match error {
                ToolError::Start { source, .. } if source.kind() == std::io::ErrorKind::ExecutableFileBusy => {}
                other => return Err(other.into()),
            }
        }
        let context = RunContext { folder: folder.path().to_owned(), ..context() };
        let settings = MeshSettings { tool: Some(tool), ..MeshSettings::default() };
        Ok(Self { folder, context, settings })
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn arguments(&self) -> String {
        std::fs::read_to_string(self.path("arguments")).unwrap_or_default()
    }
}

async fn cluster(server: &Server, created: bool) -> Result<Cluster, Box<dyn std::error::Error>> {
    let (client, _) = serve(Router::new().fallback(answer).with_state(server.clone())).await?;
    Ok(Cluster {
        client,
        name: "c".to_owned(),
        kubeconfig: PathBuf::from("kc"),
        context: Some("there".to_owned()),
        created,
        nodes: Vec::new(),
        way_in: dualproof_driver::cluster::WayIn::Docker,
    })
}

#[tokio::test]
async fn an_install_is_over_when_a_pod_is_injected() -> Checked {
    let mut machine = Machine::new("true").await?;
    let overlay = machine.path("mine.yaml");
    std::fs::write(&overlay, "spec: {}\n")?;
    machine.settings.overlays = vec![overlay.clone()];
    machine.settings.sets = vec!["hub=h".to_owned(), "tag=t".to_owned()];
    let webhook = failure(500, "failed calling webhook: no endpoints available");
    let server = Server::default().on("POST /api/v1/namespaces", ok(namespace(json!({})))).on(
        DRY_RUN,
        vec![
            (StatusCode::INTERNAL_SERVER_ERROR, webhook),
            (StatusCode::CREATED, pod(&["probe"])),
            (StatusCode::CREATED, pod(&INJECTED)),
        ],
    );
    let mesh = choose(MeshKind::Istio, &machine.settings);
    let prepared = mesh.prepare(&machine.context).await?;
    let names: Vec<&str> = prepared.inputs.iter().map(|input| input.name.as_str()).collect();
    assert_eq!(names, ["mesh/istio-operator.yaml", "mesh/overlay-1-mine.yaml"]);
    let installed = mesh.install(&machine.context, &cluster(&server, true).await?, &prepared).await?;
    assert_eq!(installed, Installed::Made);
    let operator = machine.path("istio-operator.yaml");
    assert_eq!(
        machine.arguments().trim(),
        format!(
            "--kubeconfig kc --context there install -y --readiness-timeout 285s -f {} -f {} --set hub=h --set tag=t",
            operator.display(),
            overlay.display()
        )
    );
    let waits = machine.context.waits.drain();
    assert_eq!(waits.iter().map(|wait| wait.condition.as_str()).collect::<Vec<_>>(), ["the injector injects a pod"]);
    Ok(())
}

#[tokio::test]
async fn a_failed_install_says_why_and_whose_fault_it_is() -> Checked {
    let picture =
        "echo '|\\ a ship' >&2; echo 'x Istiod failed' >&2; echo 'Error: resources not ready after 20s' >&2; exit 1";
    let trouble_with = |status: Value| {
        let pod = json!({"metadata": {"name": "istiod-1", "namespace": "istio-system"},
            "spec": {"containers": [{"name": "discovery"}]}, "status": status});
        Server::default()
            .on("POST /api/v1/namespaces", ok(namespace(json!({}))))
            .on("GET /api/v1/namespaces/istio-system/pods", ok(list(&[pod])))
            .on("GET /api/v1/namespaces/istio-system/events", ok(list(&[])))
    };
    let waiting = json!({"waiting": {"reason": "ErrImagePull", "message": "no such image"}});
    let image = json!({"containerStatuses": [{"name": "discovery", "image": "h/pilot:t", "imageID": "", "ready": false,
        "restartCount": 0, "state": waiting}]});
    let cpu = json!({"conditions": [{"type": "PodScheduled", "status": "False", "reason": "Unschedulable",
        "message": "0/1 nodes are available: 1 Insufficient cpu."}]});
    let nothing = json!({"phase": "Running", "containerStatuses": [{"name": "discovery", "image": "h/pilot:t", "imageID": "",
        "ready": false, "restartCount": 0, "state": {"running": {}}}]});
    let cases = [
        (
            image,
            "container discovery (h/pilot:t): ErrImagePull: no such image",
            FailureKind::InvalidEnvironment,
            "load",
        ),
        (
            cpu,
            "Pending, Unschedulable: 0/1 nodes are available: 1 Insufficient cpu.",
            FailureKind::InvalidEnvironment,
            "give",
        ),
        (nothing, "container discovery: running, not ready", FailureKind::Inconclusive, "look"),
    ];
    for (status, reason, kind, hint) in cases {
        let machine = Machine::new(picture).await?;
        let mesh = choose(MeshKind::Istio, &machine.settings);
        let prepared = mesh.prepare(&machine.context).await?;
        let server = trouble_with(status);
        let failed = mesh.install(&machine.context, &cluster(&server, true).await?, &prepared).await;
        let trouble = Trouble::from(failed.err().ok_or("istioctl failed")?);
        let begin = format!("the mesh did not install, because of pod istio-system/istiod-1: {reason}");
        assert!(trouble.what.starts_with(&begin), "{}", trouble.what);
        assert!(trouble.what.ends_with("it last said: Error: resources not ready after 20s"), "{}", trouble.what);
        assert_eq!(trouble.kind, kind, "{reason}");
        assert!(trouble.hint.starts_with(hint), "{}", trouble.hint);
    }
    Ok(())
}

#[tokio::test]
async fn an_istioctl_that_hangs_is_ended() -> Checked {
    let mut machine = Machine::new("exec cat /dev/zero >/dev/null").await?;
    let mesh = choose(MeshKind::Istio, &machine.settings);
    let prepared = mesh.prepare(&machine.context).await?;
    machine.context.timeouts.mesh_install = 1;
    let server = Server::default().on("POST /api/v1/namespaces", ok(namespace(json!({}))));
    let failed = mesh.install(&machine.context, &cluster(&server, true).await?, &prepared).await;
    let trouble = Trouble::from(failed.err().ok_or("it hangs")?);
    assert!(trouble.what.contains("did not end within 1 s"), "{}", trouble.what);
    assert_eq!(trouble.kind, FailureKind::Inconclusive);
    Ok(())
}

#[tokio::test]
async fn a_mesh_that_is_there_is_used_or_refused_and_never_touched() -> Checked {
    let there = || {
        Server::default()
            .on(DEPLOYMENTS, ok(list(&[istiod("registry.example:5000/istio/pilot:1.30.4-distroless@sha256:0")])))
            .on(SYSTEM, ok(namespace(json!({"dualproof.dev/run": "another"}))))
            .on(DRY_RUN, ok(pod(&INJECTED)))
    };
    let machine = Machine::new("true").await?;
    let mesh = choose(MeshKind::Istio, &machine.settings);
    let prepared = mesh.prepare(&machine.context).await?;
    let server = there();
    let cluster_with_mesh = cluster(&server, false).await?;
    assert_eq!(mesh.install(&machine.context, &cluster_with_mesh, &prepared).await?, Installed::Found);
    assert_eq!(mesh.uninstall(&machine.context, &cluster_with_mesh, &prepared).await?, Vec::<String>::new());

    let settings = MeshSettings { version: Some("1.31.0-lab".parse()?), ..machine.settings.clone() };
    let (mesh, other) = (choose(MeshKind::Istio, &settings), cluster(&there(), false).await?);
    let refused = mesh.install(&machine.context, &other, &prepared).await;
    let trouble = Trouble::from(refused.err().ok_or("another version is there")?);
    assert_eq!(trouble.what, "the cluster has istiod 1.30.4 in istio-system already, and 1.31.0-lab was asked for");
    assert_eq!(trouble.kind, FailureKind::InvalidEnvironment);
    assert_eq!(machine.arguments(), "", "istioctl must not run");
    assert!(!server.asked("DELETE /api/v1/namespaces/istio-system"));
    Ok(())
}

#[tokio::test]
async fn what_the_run_made_is_removed_and_crds_only_if_it_made_them() -> Checked {
    for (crds, expected) in [("made", "uninstall -y --purge"), ("found", "uninstall -y -f ")] {
        let machine = Machine::new("true").await?;
        let mesh = choose(MeshKind::Istio, &machine.settings);
        let prepared = mesh.prepare(&machine.context).await?;
        let labels = json!({"dualproof.dev/run": "r1", "dualproof.dev/istio-crds": crds});
        let gone = (StatusCode::NOT_FOUND, failure(404, "gone"));
        let ours = (StatusCode::OK, namespace(labels));
        let left = json!({"metadata": {"namespace": "default", "name": "istio-ca-root-cert"}});
        let server = Server::default()
            .on(SYSTEM, vec![ours.clone(), ours, gone])
            .on("GET /api/v1/configmaps", ok(list(&[left])));
        let remains = mesh.uninstall(&machine.context, &cluster(&server, false).await?, &prepared).await?;
        assert!(machine.arguments().contains(expected), "{}", machine.arguments());
        assert_eq!(remains.iter().any(|line| line.contains("CRDs")), crds == "found", "{remains:?}");
        assert!(remains.contains(&"ConfigMap default/istio-ca-root-cert".to_owned()), "{remains:?}");
        assert!(!server.asked("DELETE /api/v1/namespaces/default/configmaps"));
    }
    Ok(())
}

#[tokio::test]
async fn what_istiod_copied_goes_too_from_a_cluster_of_our_own() -> Checked {
    let machine = Machine::new("true").await?;
    let mesh = choose(MeshKind::Istio, &machine.settings);
    let prepared = mesh.prepare(&machine.context).await?;
    let ours = (StatusCode::OK, namespace(json!({"dualproof.dev/run": "r1", "dualproof.dev/istio-crds": "made"})));
    let copies = ["default", "kube-system", "default"]
        .map(|namespace| json!({"metadata": {"namespace": namespace, "name": "istio-ca-root-cert"}}));
    let server = Server::default()
        .on(SYSTEM, vec![ours.clone(), ours, (StatusCode::NOT_FOUND, failure(404, "gone"))])
        .on("GET /api/v1/configmaps", ok(list(&copies)))
        .on("DELETE /api/v1/namespaces/default/configmaps", ok(list(&[])))
        .on("DELETE /api/v1/namespaces/kube-system/configmaps", ok(list(&[])));
    let remains = mesh.uninstall(&machine.context, &cluster(&server, true).await?, &prepared).await?;
    assert_eq!(remains, Vec::<String>::new());
    for namespace in ["default", "kube-system"] {
        assert!(server.asked(&format!("DELETE /api/v1/namespaces/{namespace}/configmaps")), "{namespace}");
    }
    Ok(())
}

#[tokio::test]
async fn input_of_the_user_is_checked_before_anything_runs() -> Checked {
    let machine = Machine::new("true").await?;
    let cases = [
        (vec!["no-value".to_owned()], vec![], "mesh setting `no-value` is not key=value"),
        (vec!["=x".to_owned()], vec![], "mesh setting `=x` is not key=value"),
        (vec![], vec![Path::new("not-there.yaml").to_owned()], "cannot read the mesh overlay not-there.yaml"),
    ];
    for (sets, overlays, expected) in cases {
        let mesh = choose(MeshKind::Istio, &MeshSettings { sets, overlays, ..machine.settings.clone() });
        let error = mesh.check().err().ok_or(expected)?;
        assert_eq!(error.to_string(), expected);
    }
    let good = MeshSettings { sets: vec!["a.b=c=d".to_owned()], ..machine.settings.clone() };
    choose(MeshKind::Istio, &good).check()?;
    Ok(())
}
