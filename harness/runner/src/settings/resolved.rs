//! Settings as a run uses them: every value is there, and fits.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use dualproof_model::family::FamilyOrder;
use dualproof_model::plan::{MeshKind, Profiles, ProviderKind, Selector, Timeouts};
use dualproof_model::spec::{self, MeshVersion};

use super::{Partial, SettingsError, env_vars};

/// The Kubernetes version of a kind cluster when none is asked for. It is written down, not left to kind, because a cell
/// is named before a cluster exists.
pub const DEFAULT_KUBERNETES: &str = "1.36.1";

/// The most nodes that a kind cluster is made with.
pub const MAXIMUM_NODES: u8 = 9;

/// The most cells that run at once.
pub(super) const MAXIMUM_JOBS: u32 = 16;

/// The most often that a cell is read in one run.
pub(super) const MAXIMUM_REPEATS: u32 = 10_000;

/// The resolved settings.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Which scenarios, checks and profiles.
    pub selector: Selector,
    /// The order of the families.
    pub order: FamilyOrder,
    /// Where the cluster comes from.
    pub provider: ProviderKind,
    /// The mesh.
    pub mesh: MeshKind,
    /// The wanted version of the mesh; `None` takes the installer's.
    pub mesh_version: Option<MeshVersion>,
    /// `--set` values of the mesh's installer.
    pub mesh_set: Vec<String>,
    /// Overlay files of the mesh's installer.
    pub mesh_overlay: Vec<PathBuf>,
    /// The Kubernetes version of a cluster to make, without a leading `v`.
    pub kubernetes: String,
    /// The node image of a cluster to make.
    pub node_image: Option<String>,
    /// The nodes of a cluster to make.
    pub nodes: u8,
    /// The name of a cluster to make.
    pub cluster_name: Option<String>,
    /// The kubeconfig of a cluster that is there.
    pub kubeconfig: PathBuf,
    /// The context in it.
    pub context: Option<String>,
    /// The given istioctl.
    pub istioctl: Option<PathBuf>,
    /// The given Envoy of embedded clusters.
    pub envoy: Option<PathBuf>,
    /// The mirror of Istio's releases.
    pub istio_mirror: Option<String>,
    /// The agent's image; `None` for the built-in one.
    pub agent_image: Option<String>,
    /// Leave the control plane of a cluster to make as kind makes it.
    pub stock: bool,
    /// Make a cluster for each of several cells.
    pub fresh: bool,
    /// Keep what the run makes.
    pub keep: bool,
    /// Judge what is there as it is.
    pub reuse: bool,
    /// How often the cell is read and judged.
    pub repeat: u32,
    /// How many cells run at once.
    pub jobs: u32,
    /// The folder for reports and the bundle.
    pub out: PathBuf,
    /// The folder of scenarios; `None` for those that are built in.
    pub scenarios: Option<PathBuf>,
    /// The folder for private files of runs.
    pub state: PathBuf,
    /// The folder for downloaded tools.
    pub cache: PathBuf,
    /// The budgets.
    pub timeouts: Timeouts,
    texts: BTreeMap<String, String>,
}

impl Settings {
    /// Resolves settings: defaults, then the file, then the environment, then flags. Several orders and versions give the
    /// settings of several cells, each combination once: Kubernetes, then order, then mesh version.
    ///
    /// # Errors
    /// A settings file that cannot be read, and any value that does not fit; the message names the value and what is allowed.
    pub fn resolve(given: Partial) -> Result<Vec<Self>, SettingsError> {
        let file = given.settings.as_deref().map(read_file).transpose()?.unwrap_or_default();
        let given = given.or(file);
        let profiles: Profiles = given.profile.as_deref().unwrap_or("core").parse()?;
        let selector = Selector::new(&given.scenario, &given.check, profiles)?;
        let orders = each("--order", &given.order, str::parse::<FamilyOrder>)?;
        let versions = each("--mesh-version", &given.mesh_version, str::parse::<MeshVersion>)?;
        let number = |text: &str| Ok::<_, SettingsError>(text.trim_start_matches('v').to_owned());
        let kubernetes = each("--kubernetes", &given.kubernetes, number)?;
        let provider: ProviderKind = given.provider.as_deref().map_or_else(|| Ok(at_hand()), str::parse)?;
        if let Some(order) = orders.iter().find(|order| provider != ProviderKind::Embedded && !order.is_dual()) {
            return Err(SettingsError::OneFamily { order: *order, provider });
        }
        let of_provider = match provider {
            ProviderKind::Embedded => MeshKind::Embedded,
            ProviderKind::Kind | ProviderKind::Existing => MeshKind::Istio,
        };
        let mesh: MeshKind = given.mesh.as_deref().map_or(Ok(of_provider), str::parse)?;
        // Whether a cluster that is there is an embedded one is seen when it answers.
        let may_be_embedded = provider == ProviderKind::Existing && mesh == MeshKind::Embedded;
        if mesh != MeshKind::None && mesh != of_provider && !may_be_embedded {
            return Err(SettingsError::MeshOfProvider { mesh, provider });
        }
        let nodes = given.nodes.unwrap_or(1);
        if !(1..=MAXIMUM_NODES).contains(&nodes) {
            return Err(SettingsError::Nodes(nodes));
        }
        let repeat = given.repeat.unwrap_or(1);
        if !(1..=MAXIMUM_REPEATS).contains(&repeat) {
            return Err(SettingsError::Repeat(repeat));
        }
        let jobs = given.jobs.unwrap_or(1);
        if !(1..=MAXIMUM_JOBS).contains(&jobs) {
            return Err(SettingsError::Jobs(jobs));
        }
        if jobs > 1 && (provider == ProviderKind::Existing || given.cluster_name.is_some()) {
            return Err(SettingsError::JobsShare);
        }
        let reuse = given.reuse.unwrap_or(false);
        if reuse && provider != ProviderKind::Existing {
            return Err(SettingsError::ReuseNeedsExisting);
        }
        let timeouts = given.timeouts.unwrap_or_default();
        timeouts.validate()?;
        let home = PathBuf::from(env_vars::read(env_vars::HOME).unwrap_or_else(|| "/".to_owned()));
        let texts = texts(&given, &timeouts);
        let base = Self {
            selector,
            order: FamilyOrder::default(),
            provider,
            mesh,
            mesh_version: None,
            mesh_set: given.mesh_set,
            mesh_overlay: given.mesh_overlay,
            kubernetes: DEFAULT_KUBERNETES.to_owned(),
            node_image: given.node_image,
            nodes,
            cluster_name: given.cluster_name,
            kubeconfig: given
                .kubeconfig
                .or_else(|| env_vars::read(env_vars::KUBECTL_KUBECONFIG).map(PathBuf::from))
                .unwrap_or_else(|| home.join(".kube/config")),
            context: given.context,
            istioctl: given.istioctl,
            envoy: given.envoy,
            istio_mirror: given.istio_mirror,
            agent_image: given.agent_image,
            stock: given.stock.unwrap_or(false),
            fresh: given.fresh.unwrap_or(false),
            keep: given.keep.unwrap_or(false),
            reuse,
            repeat,
            jobs,
            out: given.out.unwrap_or_else(|| PathBuf::from("dualproof-out")),
            scenarios: given.scenarios,
            state: folder(env_vars::STATE, env_vars::XDG_STATE_HOME, &home.join(".local/state")),
            cache: folder(env_vars::CACHE, env_vars::XDG_CACHE_HOME, &home.join(".cache")),
            timeouts,
            texts,
        };
        let kubernetes = base.vary(&kubernetes, |cell, version| cell.kubernetes = version);
        let orders = kubernetes.iter().flat_map(|cell| cell.vary(&orders, |cell, order| cell.order = order));
        Ok(orders.flat_map(|cell| cell.vary(&versions, |cell, version| cell.mesh_version = Some(version))).collect())
    }

    /// Makes one cell for each value; without values the cell stays as it is.
    fn vary<T: Clone>(&self, values: &[T], set: impl Fn(&mut Self, T)) -> Vec<Self> {
        if values.is_empty() {
            return vec![self.clone()];
        }
        let with = |value: &T| {
            let mut cell = self.clone();
            set(&mut cell, value.clone());
            cell
        };
        values.iter().map(with).collect()
    }

    /// Spells the settings by name, for the start of a run and the bundle. Paths of this machine are left out.
    #[must_use]
    pub fn texts(&self) -> &BTreeMap<String, String> {
        &self.texts
    }
}

/// Chooses the provider when none is asked for: kind where its two tools are on PATH, else the cluster that needs neither.
fn at_hand() -> ProviderKind {
    let is_here = |tool: &str| dualproof_driver::tool::find(tool).is_ok();
    if is_here("kind") && is_here("docker") { ProviderKind::Kind } else { ProviderKind::Embedded }
}

/// Reads each value of a flag that makes cells; one given twice would make a cell twice.
fn each<T, E>(
    flag: &'static str,
    texts: &[String],
    read: impl Fn(&str) -> Result<T, E>,
) -> Result<Vec<T>, SettingsError>
where
    SettingsError: From<E>,
{
    if let Some(twice) = texts.iter().enumerate().find(|(position, text)| texts[..*position].contains(text)) {
        return Err(SettingsError::Twice { flag, value: twice.1.clone() });
    }
    texts.iter().map(|text| read(text).map_err(SettingsError::from)).collect()
}

fn read_file(path: &Path) -> Result<Partial, SettingsError> {
    let file = path.display().to_string();
    let text = std::fs::read_to_string(path).map_err(|source| SettingsError::Read { file: file.clone(), source })?;
    Ok(spec::parse(&file, &text)?)
}

fn folder(own: &str, base: &str, fallback: &Path) -> PathBuf {
    env_vars::read(own).map_or_else(
        || env_vars::read(base).map_or_else(|| fallback.to_owned(), PathBuf::from).join("dualproof"),
        PathBuf::from,
    )
}

/// A report names no folder of this machine.
fn without_folder(image: &str) -> String {
    let path = Path::new(image);
    match path.file_name() {
        Some(name) if path.is_file() => name.to_string_lossy().into_owned(),
        _ => image.to_owned(),
    }
}

fn texts(given: &Partial, timeouts: &Timeouts) -> BTreeMap<String, String> {
    let mut texts = BTreeMap::new();
    let mut tell = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            texts.insert(name.to_owned(), value);
        }
    };
    let list = |values: &[String]| (!values.is_empty()).then(|| values.join("; "));
    let overlays: Vec<String> = given
        .mesh_overlay
        .iter()
        .filter_map(|path| path.file_name())
        .map(|name| name.to_string_lossy().into_owned())
        .collect();
    tell("scenario", list(&given.scenario));
    tell("check", list(&given.check));
    tell("profile", Some(given.profile.clone().unwrap_or_else(|| "core".to_owned())));
    tell("meshSet", list(&given.mesh_set));
    tell("meshOverlay", list(&overlays));
    tell("nodeImage", given.node_image.clone());
    tell("agentImage", given.agent_image.as_deref().map(without_folder));
    tell("repeat", given.repeat.map(|repeat| repeat.to_string()));
    tell("stock", given.stock.map(|stock| stock.to_string()));
    tell("fresh", given.fresh.map(|fresh| fresh.to_string()));
    tell("keep", given.keep.map(|keep| keep.to_string()));
    tell("reuse", given.reuse.map(|reuse| reuse.to_string()));
    for (name, seconds) in timeouts.named() {
        tell(&format!("timeouts.{name}"), Some(format!("{seconds}s")));
    }
    texts
}
