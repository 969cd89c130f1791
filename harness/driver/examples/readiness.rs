//! How long after a pod became Ready is it seen: our watch against `kubectl wait`, turn about, on one cluster.
//!
//! `cargo run --release -p dualproof-driver --example readiness -- KUBECONFIG [ROUNDS]`. The pod is scheduled nowhere and made Ready by
//! a patch of its status, so that the moment is known; it is counted from before the patch is sent. Run by `ci/bench/readiness.sh`.

use std::error::Error;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use dualproof_driver::api;
use dualproof_driver::context::{RunContext, WaitLog};
use dualproof_driver::tool::{self, Invocation};
use dualproof_driver::wait::{Progress, watch_until};
use dualproof_model::plan::Timeouts;
use k8s_openapi::api::core::v1::Pod;
use kube::Api;
use kube::api::{DeleteParams, Patch, PatchParams, PostParams};
use kube::runtime::watcher;
use serde_json::json;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

type Failed = Box<dyn Error + Send + Sync>;

const POD: &str = "dualproof-readiness";
const LIMIT: Duration = Duration::from_secs(30);

/// `kubectl wait` is so slow to start that it gets this long before the pod becomes Ready.
const HEAD_START: Duration = Duration::from_millis(1500);

#[tokio::main]
async fn main() -> Result<(), Failed> {
    let mut arguments = std::env::args_os().skip(1);
    let kubeconfig = PathBuf::from(arguments.next().ok_or("usage: readiness KUBECONFIG [ROUNDS]")?);
    let rounds: usize = arguments.next().map_or(Ok(300), |rounds| rounds.to_string_lossy().parse())?;
    let bench = Bench::new(&kubeconfig).await?;
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for round in 0..rounds {
        ours.push(bench.watched().await?);
        if round % 10 == 0 {
            theirs.push(bench.kubectl(&kubeconfig).await?);
        }
    }
    bench.pods.delete(POD, &DeleteParams::default().grace_period(0)).await?;
    let mut out = std::io::stdout().lock();
    for (who, mut seen) in [("dualproof", ours), ("kubectl wait", theirs)] {
        seen.sort();
        let at = |share: f64| seen[((seen.len() - 1) as f64 * share).round() as usize].as_secs_f64() * 1000.0;
        let (count, middle, late, last) = (seen.len(), at(0.5), at(0.99), at(1.0));
        writeln!(out, "{who:<12} {count:4} rounds  p50 {middle:7.1} ms  p99 {late:7.1} ms  max {last:7.1} ms")?;
    }
    Ok(())
}

struct Bench {
    context: RunContext,
    pods: Api<Pod>,
}

impl Bench {
    async fn new(kubeconfig: &Path) -> Result<Self, Failed> {
        let context = RunContext {
            run: "bench".to_owned(),
            cancel: CancellationToken::new(),
            timeouts: Timeouts::default(),
            waits: WaitLog::default(),
            folder: std::env::temp_dir(),
        };
        let pods = Api::namespaced(api::client(kubeconfig, None).await?, "default");
        let pod = serde_json::from_value(json!({
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": POD},
            "spec": {
                "nodeSelector": {"dualproof.dev/nowhere": "true"},
                "containers": [{"name": "never-run", "image": "dualproof.dev/never-run"}],
            },
        }))?;
        pods.create(&PostParams::default(), &pod).await?;
        Ok(Self { context, pods })
    }

    /// Watches, makes the pod Ready once the watch has seen that it is not, and returns how long after that it was seen.
    async fn watched(&self) -> Result<Duration, Failed> {
        self.make_ready(false).await?;
        let (told, mut seen) = mpsc::unbounded_channel();
        let config = watcher::Config::default().fields(&format!("metadata.name={POD}"));
        let watch = watch_until(&self.context, self.pods.clone(), config, "the pod Ready", LIMIT, |pods| {
            if pods.values().any(is_ready) {
                return Progress::Done(Instant::now());
            }
            // Only the first look matters, and nobody listens to the others.
            let _ = told.send(());
            Progress::NotYet("not Ready".to_owned())
        });
        let patch = async {
            seen.recv().await;
            let began = Instant::now();
            self.make_ready(true).await.map(|()| began)
        };
        let (ended, began) = tokio::join!(watch, patch);
        Ok(ended?.saturating_duration_since(began?))
    }

    async fn kubectl(&self, kubeconfig: &Path) -> Result<Duration, Failed> {
        self.make_ready(false).await?;
        let wait = Invocation::new("kubectl", LIMIT).arg("--kubeconfig").arg(kubeconfig).args([
            "wait",
            "--for=condition=Ready",
            "--timeout=30s",
            &format!("pod/{POD}"),
        ]);
        let waited = async { tool::run(&wait, &self.context.cancel).await.map(|_| Instant::now()) };
        let patch = async {
            #[expect(clippy::disallowed_methods, reason = "a bench gives its peer a head start")]
            tokio::time::sleep(HEAD_START).await;
            let began = Instant::now();
            self.make_ready(true).await.map(|()| began)
        };
        let (ended, began) = tokio::join!(waited, patch);
        Ok(ended?.saturating_duration_since(began?))
    }

    async fn make_ready(&self, ready: bool) -> Result<(), Failed> {
        let status = if ready { "True" } else { "False" };
        let patch = json!({"status": {"conditions": [{"type": "Ready", "status": status}]}});
        self.pods.patch_status(POD, &PatchParams::default(), &Patch::Merge(patch)).await?;
        Ok(())
    }
}

fn is_ready(pod: &Pod) -> bool {
    let conditions = pod.status.as_ref().and_then(|status| status.conditions.as_ref());
    conditions.into_iter().flatten().any(|condition| condition.type_ == "Ready" && condition.status == "True")
}
