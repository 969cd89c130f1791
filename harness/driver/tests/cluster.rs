//! Clusters, with scripts for docker and kind and a fake API server.

mod fake;

use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use axum::body::Body;
use axum::extract::RawQuery;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use dualproof_driver::cluster::{Cluster, ClusterError, Existing, Kind, KindSettings, KindTools, Provider, WayIn};
use dualproof_driver::context::RunContext;
use dualproof_driver::trouble::{Explained, Trouble};
use dualproof_model::evidence::FailureKind;
use dualproof_model::family::FamilyOrder;
use serde_json::{Value, json};

use fake::{Checked, context, serve};

/// A machine whose docker and kind are scripts.
struct Machine {
    folder: tempfile::TempDir,
    context: RunContext,
}

/// What the two tools do when all is well. `$*` holds their arguments.
const DOCKER: &str = "case \"$*\" in version*) echo 27.1.0;; network*) echo true;; esac";
const KIND: &str =
    "case \"$*\" in version) echo 'kind v0.33.0 go1.26.8 linux/amd64';; 'get clusters') echo other;; esac";

impl Machine {
    fn new(docker: &str, kind: &str) -> Result<Self, Box<dyn std::error::Error>> {
        let folder = tempfile::tempdir()?;
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fake/tool.sh");
        for (name, case) in [("docker", docker), ("kind", kind)] {
            symlink(&script, folder.path().join(name))?;
            std::fs::write(folder.path().join(format!("{name}.case")), case)?;
        }
        let context = RunContext { folder: folder.path().to_owned(), ..context() };
        Ok(Self { folder, context })
    }

    fn kind(&self, keep: bool) -> Kind {
        self.provider(keep, false)
    }

    fn provider(&self, keep: bool, stock: bool) -> Kind {
        let tool = |name| self.folder.path().join(name).into_os_string();
        let settings = KindSettings {
            name: "dualproof-r1".to_owned(),
            kubernetes: "1.36.1".to_owned(),
            node_image: None,
            order: FamilyOrder::V6First,
            nodes: 1,
            keep,
            stock,
        };
        Kind::new(settings).with_tools(KindTools { docker: tool("docker"), kind: tool("kind") })
    }

    fn calls(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("calls")).unwrap_or_default()
    }
}

async fn preflight(docker: &str, kind: &str) -> Result<Trouble, Box<dyn std::error::Error>> {
    let machine = Machine::new(docker, kind)?;
    let error = machine.kind(false).preflight(&machine.context).await.err().ok_or("it must be refused")?;
    assert!(!machine.calls().contains("create cluster"));
    Ok(Trouble::from(error))
}

#[tokio::test]
async fn preflight_tells_the_versions_and_makes_nothing() -> Checked {
    let machine = Machine::new(DOCKER, KIND)?;
    let versions = machine.kind(false).preflight(&machine.context).await?;
    let versions: Vec<(&str, &str)> = versions.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    assert_eq!(versions, [("docker", "27.1.0"), ("kind", "0.33.0")]);
    let calls = machine.calls();
    assert!(calls.contains("image inspect") && !calls.contains("pull") && !calls.contains("cluster --"), "{calls}");
    Ok(())
}

#[tokio::test]
async fn preflight_names_each_obstacle_and_its_cure() -> Checked {
    let silent = preflight("echo 'Cannot connect to the Docker daemon' >&2; exit 1", KIND).await?;
    assert_eq!(silent.kind, FailureKind::InvalidEnvironment);
    assert!(
        silent.what.contains("daemon does not answer") && silent.what.contains("Cannot connect"),
        "{}",
        silent.what
    );

    let network = preflight(&DOCKER.replace("echo true", "echo false"), KIND).await?;
    assert!(network.what.contains("`kind` is there without IPv6"), "{}", network.what);
    assert!(network.hint.contains("docker network rm kind"), "{}", network.hint);

    let taken = preflight(DOCKER, &KIND.replace("echo other", "echo dualproof-r1")).await?;
    assert!(taken.what.contains("`dualproof-r1` is there already"), "{}", taken.what);
    assert!(taken.hint.contains("kind delete cluster --name dualproof-r1"), "{}", taken.hint);

    let unknown = "case \"$*\" in version*) echo 27;; 'image inspect'*) echo 'Error: No such image: x' >&2; exit 1;; \
                   pull*) echo 'manifest unknown' >&2; exit 1;; \
                   images*) echo kindest/node:v1.36.1; echo kindest/node:v1.34.4;; esac";
    let unknown = preflight(unknown, KIND).await?;
    assert!(unknown.what.starts_with("kubernetes 1.36.1 is unknown"), "{}", unknown.what);
    assert!(unknown.what.contains("kindest/node:v1.34.4, kindest/node:v1.36.1"), "{}", unknown.what);
    assert!(unknown.what.contains("manifest unknown"), "{}", unknown.what);
    Ok(())
}

#[tokio::test]
async fn a_tool_that_is_missing_is_named() -> Checked {
    let machine = Machine::new(DOCKER, KIND)?;
    let tools = KindTools { kind: "dualproof-no-kind".into(), ..KindTools::default() };
    let docker = machine.folder.path().join("docker").into_os_string();
    let kind = machine.kind(false).with_tools(KindTools { docker, ..tools });
    let trouble = Trouble::from(kind.preflight(&machine.context).await.err().ok_or("kind is missing")?);
    assert!(trouble.what.contains("`dualproof-no-kind` was not found on PATH"), "{}", trouble.what);
    assert!(trouble.hint.starts_with("install"), "{}", trouble.hint);
    Ok(())
}

#[tokio::test]
async fn a_creation_that_fails_says_why_and_is_cleared_away() -> Checked {
    let docker = "case \"$*\" in exec*journalctl*) echo 'I1124 fine'; \
                  echo 'E1124 kubelet is configured to not run on a host using cgroup v1';; esac";
    let kind = "case \"$*\" in 'create cluster'*) echo 'ERROR: failed to init node' >&2; exit 1;; esac";
    for keep in [false, true] {
        let machine = Machine::new(docker, kind)?;
        let error = machine.kind(keep).create(&machine.context).await.err().ok_or("it must fail")?;
        let trouble = Trouble::from(error);
        assert_eq!(trouble.kind, FailureKind::InvalidEnvironment);
        assert!(trouble.what.contains("cgroup v1") && trouble.what.contains("failed to init node"), "{}", trouble.what);
        assert!(trouble.hint.contains("cgroup v2"), "{}", trouble.hint);
        let calls = machine.calls();
        assert_eq!(calls.contains("kind delete cluster --name dualproof-r1"), !keep, "{calls}");
        assert!(calls.contains("--retain") && !calls.contains("--wait"), "{calls}");
    }
    Ok(())
}

#[tokio::test]
async fn a_cluster_that_somebody_else_makes_meanwhile_is_not_removed() -> Checked {
    let kind = "case \"$*\" in 'create cluster'*) \
                echo 'ERROR: failed to create cluster: node(s) already exist for a cluster with the name \"dualproof-r1\"' >&2; \
                exit 1;; esac";
    let machine = Machine::new(DOCKER, kind)?;
    let error = machine.kind(false).create(&machine.context).await.err().ok_or("it must fail")?;
    assert!(matches!(error, ClusterError::NameTaken { .. }), "{error}");
    assert!(!machine.calls().contains("delete"), "{}", machine.calls());
    Ok(())
}

#[tokio::test]
async fn a_run_that_is_stopped_while_it_creates_removes_what_it_made() -> Checked {
    let kind = "case \"$*\" in 'create cluster'*) touch \"$here/begun\"; sleep 300;; esac";
    let machine = Machine::new(DOCKER, kind)?;
    let begun = machine.folder.path().join("begun");
    let provider = machine.kind(false);
    let (result, ()) = tokio::join!(provider.create(&machine.context), async {
        while !begun.exists() {
            tokio::task::yield_now().await;
        }
        machine.context.cancel.cancel();
    });
    let error = result.err().ok_or("it was stopped")?;
    assert_eq!(error.kind(), FailureKind::Interrupted);
    assert!(machine.calls().contains("kind delete cluster --name dualproof-r1"), "{}", machine.calls());
    Ok(())
}

/// An API server with one Ready node that carries a label and has images.
async fn api_server(run: &str, images: &[&str]) -> Result<String, Box<dyn std::error::Error>> {
    let node = json!({"metadata": {"name": "n1", "uid": "n1", "resourceVersion": "1", "labels": {"dualproof.dev/run": run}},
        "status": {"conditions": [{"type": "Ready", "status": "True"}], "images": [{"names": images}]}});
    let list = json!({"kind": "NodeList", "apiVersion": "v1", "metadata": {"resourceVersion": "1"}, "items": [node]});
    let nodes = move |RawQuery(query): RawQuery| async move { answer(&query.unwrap_or_default(), list) };
    let router = Router::new().route("/api/v1/nodes", get(nodes)).route("/version", get(version));
    Ok(serve(router).await?.1)
}

/// All that the API server says of its version; the typed client wants every field.
async fn version() -> Json<Value> {
    let fields =
        ["major", "minor", "gitVersion", "gitCommit", "gitTreeState", "buildDate", "goVersion", "compiler", "platform"];
    Json(
        fields
            .into_iter()
            .map(|field| (field.to_owned(), Value::from("v1.36.1")))
            .collect::<serde_json::Map<_, _>>()
            .into(),
    )
}

fn answer(query: &str, list: Value) -> Response {
    if query.contains("watch=true") {
        return Body::from_stream(futures_util::stream::pending::<Result<String, std::io::Error>>()).into_response();
    }
    Json(list).into_response()
}

fn kubeconfig(server: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Config\nclusters: [{{name: c, cluster: {{server: '{server}'}}}}]\nusers: [{{name: u, user: {{}}}}]\n\
         contexts: [{{name: kind-x, context: {{cluster: c, user: u}}}}]\ncurrent-context: kind-x\n"
    )
}

async fn machine_of(run_of_nodes: &str, images: &[&str]) -> Result<Machine, Box<dyn std::error::Error>> {
    let server = api_server(run_of_nodes, images).await?;
    let kind = "case \"$*\" in 'create cluster'*) cat \"$here/made\" > \"$here/kubeconfig\";; esac";
    let docker = "case \"$*\" in *inspect*here/there:1) exit 0;; \
                  *inspect*) echo 'Error: No such image: x' >&2; exit 1;; esac";
    let machine = Machine::new(docker, kind)?;
    std::fs::write(machine.folder.path().join("made"), kubeconfig(&server))?;
    Ok(machine)
}

async fn created(run_of_nodes: &str, images: &[&str]) -> Result<(Machine, Kind, Cluster), Box<dyn std::error::Error>> {
    let machine = machine_of(run_of_nodes, images).await?;
    let provider = machine.kind(false);
    let cluster = provider.create(&machine.context).await?;
    Ok((machine, provider, cluster))
}

#[tokio::test]
async fn a_cluster_is_made_with_a_private_kubeconfig_and_removed_with_its_label() -> Checked {
    let (machine, provider, cluster) = created("r1", &[]).await?;
    assert!(cluster.created);
    assert_eq!(cluster.nodes, ["n1"]);
    let mode = std::fs::metadata(&cluster.kubeconfig)?.permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let config = std::fs::read_to_string(machine.folder.path().join("kind.yaml"))?;
    assert!(config.contains("podSubnet: \"fd00:10:244::/56,10.244.0.0/16\""), "{config}");
    assert!(provider.keep_note(&cluster).contains("kind delete cluster --name dualproof-r1"));

    provider.close(&machine.context, &Cluster { created: false, ..cluster.clone() }).await?;
    assert!(!machine.calls().contains("delete"), "a cluster that was found stays");
    provider.close(&machine.context, &cluster).await?;
    assert!(machine.calls().contains("kind delete cluster --name dualproof-r1 --kubeconfig"), "{}", machine.calls());
    Ok(())
}

#[tokio::test]
async fn nodes_refuse_what_would_be_lost_unless_the_cluster_is_stock() -> Checked {
    for stock in [false, true] {
        let machine = machine_of("r1", &[]).await?;
        machine.provider(false, stock).create(&machine.context).await?;
        let calls = machine.calls();
        assert_eq!(calls.contains("docker exec n1 sh -ec iptables "), !stock, "{calls}");
    }
    let machine = machine_of("r1", &[]).await?;
    std::fs::write(
        machine.folder.path().join("docker.case"),
        "case \"$*\" in exec*) echo 'no such chain' >&2; exit 1;; esac",
    )?;
    let trouble = Trouble::from(machine.kind(false).create(&machine.context).await.err().ok_or("it must fail")?);
    assert!(trouble.what.contains("have n1 refuse") && trouble.what.contains("no such chain"), "{}", trouble.what);
    assert!(machine.calls().contains("kind delete cluster --name dualproof-r1"), "{}", machine.calls());
    Ok(())
}

#[tokio::test]
async fn a_cluster_with_anothers_label_is_left_alone() -> Checked {
    let (machine, provider, cluster) = created("r2", &[]).await?;
    let error = provider.close(&machine.context, &cluster).await.err().ok_or("it is not ours")?;
    assert!(matches!(error, ClusterError::NotOurs { .. }), "{error}");
    assert!(!machine.calls().contains("delete"), "{}", machine.calls());
    Ok(())
}

#[tokio::test]
async fn images_that_docker_has_are_loaded_and_others_are_noted() -> Checked {
    let (machine, provider, cluster) = created("r1", &["docker.io/in/node:1"]).await?;
    let images = ["in/node:1", "here/there:1", "no/where:1"].map(str::to_owned);
    let notes = provider.load_images(&machine.context, &cluster, &images).await?;
    assert_eq!(notes, ["no/where:1: not on this machine, left to the kubelet's pull"]);
    let calls = machine.calls();
    let loads: Vec<&str> = calls.lines().filter(|line| line.starts_with("kind load")).collect();
    assert_eq!(loads, ["kind load docker-image here/there:1 --name dualproof-r1"]);
    Ok(())
}

#[tokio::test]
async fn a_docker_that_is_gone_is_no_image_that_is_not_there() -> Checked {
    let (machine, provider, cluster) = created("r1", &["docker.io/in/node:1"]).await?;
    let down = "case \"$*\" in *inspect*) echo 'Cannot connect to the Docker daemon' >&2; exit 1;; esac";
    std::fs::write(machine.folder.path().join("docker.case"), down)?;
    let gone = provider.load_images(&machine.context, &cluster, &["no/where:1".to_owned()]).await;
    let trouble = Trouble::from(gone.err().ok_or("it must fail")?);
    assert!(trouble.what.starts_with("docker is installed, but its daemon does not answer"), "{}", trouble.what);
    Ok(())
}

#[tokio::test]
async fn an_archive_is_loaded_into_all_nodes_at_once() -> Checked {
    let (machine, provider, cluster) = created("r1", &[]).await?;
    let archive = machine.folder.path().join("agent.tar");
    provider.load_archive(&machine.context, &cluster, &archive).await?;
    let calls = machine.calls();
    let loads: Vec<&str> = calls.lines().filter(|line| line.starts_with("kind load")).collect();
    assert_eq!(loads, [format!("kind load image-archive {} --name dualproof-r1", archive.display())]);
    Ok(())
}

#[tokio::test]
async fn an_archive_that_a_node_refuses_is_an_error_with_kinds_words() -> Checked {
    let (machine, provider, cluster) = created("r1", &[]).await?;
    std::fs::write(
        machine.folder.path().join("kind.case"),
        "echo 'ERROR: failed to load image: no space left' >&2; exit 1",
    )?;
    let error = provider.load_archive(&machine.context, &cluster, Path::new("agent.tar")).await;
    let trouble = Trouble::from(error.err().ok_or("the node refused it")?);
    assert_eq!(trouble.kind, FailureKind::InvalidEnvironment);
    assert!(trouble.what.starts_with("cannot load the agent's image into the nodes"), "{}", trouble.what);
    assert!(trouble.what.contains("no space left"), "{}", trouble.what);

    machine.context.cancel.cancel();
    let error = provider.load_archive(&machine.context, &cluster, Path::new("agent.tar")).await;
    assert_eq!(error.err().ok_or("it was stopped")?.kind(), FailureKind::Interrupted);
    Ok(())
}

#[tokio::test]
async fn an_existing_cluster_is_found_and_left() -> Checked {
    let server = api_server("somebody", &[]).await?;
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("config");
    std::fs::write(&file, kubeconfig(&server))?;
    let context = context();
    let provider = Existing { kubeconfig: file.clone(), context: None, page: None };
    provider.preflight(&context).await?;
    let cluster = provider.create(&context).await?;
    assert_eq!((cluster.name.as_str(), cluster.created), ("kind-x", false));
    assert_eq!((cluster.nodes.as_slice(), cluster.way_in), (&["n1".to_owned()][..], WayIn::Docker));
    for (page, way_in) in [("/version", WayIn::Page("/version")), ("/no/such/page", WayIn::Docker)] {
        let with_page = Existing { page: Some(page), ..provider.clone() };
        assert_eq!(with_page.create(&context).await?.way_in, way_in, "only a page that is served is a way in");
    }
    let error =
        provider.load_archive(&context, &cluster, Path::new("agent.tar")).await.err().ok_or("it has no way in")?;
    assert!(error.to_string().contains("`kind-x`"), "{error}");
    assert!(
        error.hint().contains("dualproof image export") && error.hint().contains("--agent-image"),
        "{}",
        error.hint()
    );
    provider.close(&context, &cluster).await?;

    let wrong = Existing { kubeconfig: file.clone(), context: Some("nope".to_owned()), page: None };
    let error = wrong.preflight(&context).await.err().ok_or("there is no such context")?;
    assert!(error.to_string().contains("no context `nope`; it has kind-x"), "{error}");

    std::fs::write(&file, kubeconfig("http://127.0.0.1:1"))?;
    let error = provider.create(&context).await.err().ok_or("nothing listens there")?;
    assert!(matches!(error, ClusterError::Silent { .. }), "{error}");
    assert_eq!(error.kind(), FailureKind::InvalidEnvironment);
    Ok(())
}

#[tokio::test]
async fn an_existing_cluster_that_hangs_is_silent_after_the_request_timeout() -> Checked {
    let hangs = Router::new().fallback(|| async { std::future::pending::<()>().await });
    let (_, url) = serve(hangs).await?;
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("config");
    std::fs::write(&file, kubeconfig(&url))?;
    let mut context = context();
    context.timeouts.request = 1;
    let error =
        Existing { kubeconfig: file, context: None, page: None }.preflight(&context).await.err().ok_or("it hangs")?;
    assert!(Trouble::from(error).what.contains("no answer within 1 s"));
    Ok(())
}
