//! A driver that plays a recorded bundle back, and can fail or hang at any stage.

use std::path::{Path, PathBuf};
use std::sync::Mutex;

use async_trait::async_trait;
use dualproof_driver::trouble::{Trouble, chain};
use dualproof_dump::bundle::{self, Writer};
use dualproof_model::evidence::{Failure, FailureKind, Versions, Wait};
use dualproof_model::judge::Rules;
use dualproof_model::report::Report;
use dualproof_model::spec::Matrix;
use dualproof_runner::command::{Readied, ready};
use dualproof_runner::output::Console;
use dualproof_runner::session::{self, CallOrder, Driver, Job, Prepared, SessionError, Workload};
use dualproof_runner::settings::Partial;
use dualproof_runner::stage::Stage;
use tokio_util::sync::CancellationToken;

/// Something that is done to the bundle's folder.
type Deed = Box<dyn Fn(&Path) + Send + Sync>;

/// The fake driver.
pub(crate) struct Fake {
    fails: Option<(Stage, FailureKind)>,
    hangs: Option<Stage>,
    slow: Option<Stage>,
    stuck: Option<Stage>,
    single_stack_nodes: bool,
    forgets_sync_in: Option<usize>,
    does_at: Option<(Stage, Deed)>,
    loses: Vec<(&'static str, &'static str)>,
    bundle: Mutex<PathBuf>,
    collected: Mutex<usize>,
    ran: Mutex<Vec<Stage>>,
    diagnosed: Mutex<Vec<Stage>>,
    cancel: CancellationToken,
}

/// A run over a fake.
pub(crate) struct Played {
    pub(crate) fake: Fake,
    pub(crate) report: Report,
    readied: Readied,
    folder: tempfile::TempDir,
}

/// The checks that the recorded bundle has evidence of: it was made before network namespaces were read, which K09 needs.
const RECORDED: [&str; 13] =
    ["K06", "K07", "K08", "K10", "K11", "K12", "K13", "K14", "K41", "K42", "K43", "K47", "S01"];

/// Runs the seed's scenarios over a fake, into a folder of its own.
pub(crate) fn play(fake: Fake) -> Played {
    play_often(fake, 1)
}

/// The same, reading the cell several times.
pub(crate) fn play_often(fake: Fake, repeat: u32) -> Played {
    let folder = tempfile::tempdir().unwrap();
    let (readied, report) = start(&fake, repeat, &folder.path().join("bundle"));
    Played { fake, report: report.unwrap(), readied, folder }
}

/// Runs over a fake with whatever it does to the bundle's folder; returns what ran and how the run ended.
pub(crate) fn play_to_any_end(fake: &Fake) -> (Vec<Stage>, Result<Report, SessionError>) {
    let folder = tempfile::tempdir().unwrap();
    play_into(fake, &folder.path().join("bundle"))
}

/// The same, with a bundle in this folder.
pub(crate) fn play_into(fake: &Fake, bundle: &Path) -> (Vec<Stage>, Result<Report, SessionError>) {
    let (_, report) = start(fake, 1, bundle);
    (fake.ran(), report)
}

fn start(fake: &Fake, repeat: u32, bundle: &Path) -> (Readied, Result<Report, SessionError>) {
    *fake.bundle.lock().unwrap() = bundle.to_owned();
    let cell = bundle::read(&recorded()).unwrap().evidence.manifest.cell;
    let given = Partial {
        // What the recorded bundle has evidence of.
        scenario: vec!["environment/*".to_owned(), "seed/*".to_owned()],
        check: RECORDED.map(str::to_owned).into(),
        mesh_version: cell.mesh_version.iter().map(ToString::to_string).collect(),
        kubernetes: cell.kubernetes.iter().cloned().collect(),
        order: vec![cell.order.to_string()],
        repeat: Some(repeat),
        ..Partial::default()
    };
    let readied = ready(given).unwrap().remove(0);
    let console = Console::quiet();
    let job = Job {
        run: "fakeee",
        folder: Path::new("/private/run"),
        plan: &readied.plan,
        book: &readied.book,
        settings: &readied.settings,
        cancel: &fake.cancel,
        console: &console,
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    let report = runtime.block_on(session::run(&job, fake, bundle));
    (readied, report)
}

impl Played {
    pub(crate) fn bundle(&self) -> PathBuf {
        self.folder.path().join("bundle")
    }

    pub(crate) fn rules(&self) -> Rules {
        self.readied.book.rules.clone()
    }
}

impl Fake {
    pub(crate) fn good() -> Self {
        Self {
            fails: None,
            hangs: None,
            slow: None,
            stuck: None,
            single_stack_nodes: false,
            forgets_sync_in: None,
            does_at: None,
            loses: Vec::new(),
            bundle: Mutex::default(),
            collected: Mutex::default(),
            ran: Mutex::default(),
            diagnosed: Mutex::default(),
            cancel: CancellationToken::new(),
        }
    }

    pub(crate) fn failing(stage: Stage, kind: FailureKind) -> Self {
        Self { fails: Some((stage, kind)), ..Self::good() }
    }

    pub(crate) fn hanging(stage: Stage) -> Self {
        Self { hangs: Some(stage), ..Self::good() }
    }

    /// Does something to the bundle's folder when a stage begins.
    pub(crate) fn doing(stage: Stage, deed: impl Fn(&Path) + Send + Sync + 'static) -> Self {
        Self { does_at: Some((stage, Box::new(deed))), ..Self::good() }
    }

    /// Finds files lost when all is collected, by the begin of their path, with the reason.
    pub(crate) fn losing(loses: &[(&'static str, &'static str)]) -> Self {
        Self { loses: loses.to_vec(), ..Self::good() }
    }

    pub(crate) fn single_stack_nodes() -> Self {
        Self { single_stack_nodes: true, ..Self::good() }
    }

    pub(crate) fn on_single_stack_nodes(self) -> Self {
        Self { single_stack_nodes: true, ..self }
    }

    /// Lets others go first in a stage.
    pub(crate) fn slowly(self, stage: Stage) -> Self {
        Self { slow: Some(stage), ..self }
    }

    /// Never ends a stage.
    pub(crate) fn stuck_in(self, stage: Stage) -> Self {
        Self { stuck: Some(stage), ..self }
    }

    /// Loses the control plane's view in one of the readings, counted from 1.
    pub(crate) fn forgetting_sync_in(reading: usize) -> Self {
        Self { forgets_sync_in: Some(reading), ..Self::good() }
    }

    pub(crate) fn ran(&self) -> Vec<Stage> {
        self.ran.lock().unwrap().clone()
    }

    pub(crate) fn diagnosed(&self) -> Vec<Stage> {
        self.diagnosed.lock().unwrap().clone()
    }

    async fn stage(&self, stage: Stage) -> Result<(), Trouble> {
        self.ran.lock().unwrap().push(stage);
        if let Some((doing, deed)) = &self.does_at
            && *doing == stage
        {
            deed(&self.bundle.lock().unwrap());
        }
        if self.hangs == Some(stage) {
            // The user presses Ctrl-C while the stage hangs.
            self.cancel.cancel();
            std::future::pending::<()>().await;
        }
        if self.stuck == Some(stage) {
            std::future::pending::<()>().await;
        }
        if self.slow == Some(stage) {
            for _ in 0..8 {
                tokio::task::yield_now().await;
            }
        }
        match self.fails {
            Some((failing, kind)) if failing == stage => {
                Err(Trouble { kind, what: format!("{stage} broke in /private/run/x"), hint: "mend it".to_owned() })
            }
            _ => Ok(()),
        }
    }

    fn play_files(&self, bundle: &Writer, wanted: impl Fn(&str) -> bool) {
        let recorded = recorded();
        let manifest = bundle::read(&recorded).unwrap().evidence.manifest;
        for path in manifest.files.keys().filter(|path| wanted(path)) {
            let mut bytes = std::fs::read(recorded.join(path)).unwrap();
            if self.single_stack_nodes && path.as_str() == bundle::layout::NODES {
                bytes = without_second_family(&bytes);
            }
            if let Err(error) = bundle.add_parsed(path, bytes) {
                bundle.missing(path, chain(&error));
            }
        }
    }
}

#[async_trait]
impl Driver for Fake {
    async fn prepare(&self) -> Result<Prepared, Trouble> {
        self.stage(Stage::Prepare).await.map(|()| Prepared::default())
    }

    async fn cluster(&self) -> Result<(), Trouble> {
        self.stage(Stage::Cluster).await
    }

    async fn images(&self, images: &[String]) -> Result<Vec<String>, Trouble> {
        assert!(
            images.iter().any(|image| image.contains("tcp-echo")),
            "the workloads' images are asked for: {images:?}"
        );
        self.stage(Stage::Images).await.map(|()| Vec::new())
    }

    async fn baseline(&self, bundle: &Writer) -> Result<(), Trouble> {
        self.stage(Stage::Baseline).await?;
        self.play_files(bundle, |path| path.starts_with("objects/") || path == "calls.jsonl" || path == "dns.jsonl");
        Ok(())
    }

    async fn mesh(&self) -> Result<(), Trouble> {
        self.stage(Stage::Mesh).await
    }

    async fn workloads(&self, workloads: &[Workload]) -> Result<(), Trouble> {
        assert!(
            workloads.iter().all(|workload| workload.manifest.contains("kind:")),
            "manifests are handed over whole"
        );
        self.stage(Stage::Workloads).await
    }

    async fn converge(&self) -> Result<(), Trouble> {
        self.stage(Stage::Converge).await
    }

    async fn calls(&self, calls: &[CallOrder], _matrices: &[Matrix], _bundle: &Writer) -> Result<(), Trouble> {
        assert!(calls.iter().any(|call| call.call.reply == "hello dualstack"));
        self.stage(Stage::Calls).await
    }

    async fn collect(&self, bundle: &Writer) -> Result<Versions, Trouble> {
        self.stage(Stage::Collect).await?;
        let reading = {
            let mut collected = self.collected.lock().unwrap();
            *collected += 1;
            *collected
        };
        let forgets = self.forgets_sync_in == Some(reading);
        let lost = |path: &str| self.loses.iter().find(|(begin, _)| path.starts_with(begin)).map(|(_, why)| *why);
        self.play_files(bundle, |path| {
            let sync = path.starts_with("mesh/") && !forgets;
            (path.starts_with("proxies/") || sync || path.starts_with("logs/")) && lost(path).is_none()
        });
        let recorded_files = bundle::read(&recorded()).unwrap().evidence.manifest.files;
        for path in recorded_files.keys() {
            if let Some(why) = lost(path) {
                bundle.missing(path, why);
            }
        }
        Ok(bundle::read(&recorded()).unwrap().evidence.manifest.versions)
    }

    async fn diagnose(&self, failure: &Failure, _bundle: &Writer) {
        let stage = Stage::ALL.into_iter().find(|stage| stage.as_str() == failure.stage).unwrap();
        self.diagnosed.lock().unwrap().push(stage);
    }

    async fn close(&self, _keep: bool) -> Result<Option<String>, Trouble> {
        self.stage(Stage::Close).await.map(|()| None)
    }

    fn waits(&self, _stage: Stage) -> Vec<Wait> {
        Vec::new()
    }
}

/// A bundle that a real run on the lab wrote.
pub(crate) fn recorded() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../samples/bundles/istio-1.31-v4-v6")
}

/// Takes the second podCIDR from every node.
fn without_second_family(nodes: &[u8]) -> Vec<u8> {
    let mut list: serde_json::Value = serde_json::from_slice(nodes).unwrap();
    for node in list["items"].as_array_mut().unwrap() {
        let first = node["spec"]["podCIDRs"][0].clone();
        node["spec"]["podCIDRs"] = serde_json::Value::Array(vec![first]);
    }
    serde_json::to_vec(&list).unwrap()
}
