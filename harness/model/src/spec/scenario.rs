//! Scenarios: what is deployed, what is called, what is claimed, and which checks judge it.

use serde::Deserialize;
use serde_saphyr::Spanned;

use super::{Matrix, SpecError, document, matrix};
use crate::family::{IpFamily, IpFamilyPolicy};

/// How much of a mesh a scenario asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Profile {
    /// What every dual-stack mesh must do.
    #[default]
    Core,
    /// What a mesh may leave out.
    Extended,
}

impl Profile {
    /// Spells the profile.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Core => "core",
            Self::Extended => "extended",
        }
    }
}

/// One scenario, as read and checked.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// `<area>/<stem>` of its file: `seed/dual-stack`.
    pub name: String,
    /// The file it was read from.
    pub file: String,
    /// One sentence: what holds when it is green.
    pub title: String,
    /// Core or extended.
    pub profile: Profile,
    /// What it claims of a Service; `None` for a call matrix and for a scenario about the cluster itself.
    pub subject: Option<Subject>,
    /// The connections to make.
    pub calls: Vec<CallSpec>,
    /// The call matrix, in place of a subject and its calls.
    pub matrix: Option<Matrix>,
    /// Keys or slugs of the checks that judge it, with their places for errors.
    pub checks: Vec<Spanned<String>>,
}

/// The workloads of a scenario, and its claim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// Who answers.
    pub server: Server,
    /// Who calls.
    pub client: Client,
    /// What the Service must be.
    pub claim: Claim,
}

/// Who answers.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Server {
    /// The namespace to make.
    pub namespace: String,
    /// The manifest to apply there, from the project's root.
    pub manifest: String,
    /// The Service in it.
    pub service: String,
}

/// Who calls.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Client {
    /// The namespace to make.
    pub namespace: String,
    /// The manifest to apply there, from the project's root.
    pub manifest: String,
    /// The value of the pods' label `app`.
    pub app: String,
    /// The container that runs the commands.
    pub container: String,
}

/// What a Service must be, whatever the mesh does.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Claim {
    /// Its policy.
    pub ip_family_policy: IpFamilyPolicy,
    /// Its families, in their order.
    pub ip_families: Vec<IpFamily>,
}

/// One connection to make.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CallSpec {
    /// Its name inside the scenario.
    pub name: String,
    /// The port that it dials.
    pub port: u16,
    /// The command to run in the client's container; it dials the Service by name.
    pub command: Vec<String>,
    /// The text that a right reply holds.
    pub reply: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    title: Spanned<String>,
    #[serde(default)]
    profile: Profile,
    server: Option<Spanned<Server>>,
    client: Option<Spanned<Client>>,
    claim: Option<Spanned<Claim>>,
    #[serde(default)]
    calls: Vec<Spanned<CallSpec>>,
    matrix: Option<Spanned<matrix::Written>>,
    checks: Spanned<Vec<Spanned<String>>>,
}

/// Reads one scenario. Its name is `<area>/<stem>`, taken from the file's last two parts.
///
/// # Errors
/// Any mistake, with its place: YAML, unknown keys, an empty title, no checks, the same check or call twice, a server
/// without its client or claim, a claim whose families do not fit its policy, a matrix beside any of these, and whatever is
/// wrong in the matrix itself.
pub fn scenario(file: &str, text: &str) -> Result<Scenario, SpecError> {
    let name = name_of(file)?;
    let read: File = document::parse(file, text)?;
    if read.title.value.trim().is_empty() {
        return Err(SpecError::at(
            file,
            &read.title,
            "the title is empty: say in one sentence what holds when it is green",
        ));
    }
    if read.checks.value.is_empty() {
        return Err(SpecError::at(file, &read.checks, "no check: a scenario that judges nothing proves nothing"));
    }
    if let Some(twice) = first_repeated(&read.checks.value, |check| check.value.clone()) {
        return Err(SpecError::at(file, twice, format!("check `{}` is listed twice", twice.value)));
    }
    if let Some(twice) = first_repeated(&read.calls, |call| call.value.name.clone()) {
        return Err(SpecError::at(file, twice, format!("call `{}` is listed twice", twice.value.name)));
    }
    for call in &read.calls {
        if call.value.command.is_empty() || call.value.reply.trim().is_empty() || call.value.port == 0 {
            return Err(SpecError::at(file, call, "a call needs a command, a port and the text of a right reply"));
        }
    }
    let subject = subject(file, &read)?;
    if subject.is_none()
        && let Some(call) = read.calls.first()
    {
        return Err(SpecError::at(file, call, "calls need a server, a client and a claim"));
    }
    if let Some(matrix) = &read.matrix
        && (subject.is_some() || !read.calls.is_empty())
    {
        return Err(SpecError::at(file, matrix, "a matrix stands in place of server, client, claim and calls"));
    }
    let matrix = read.matrix.map(|written| matrix::check(file, written.value)).transpose()?;
    Ok(Scenario {
        name,
        file: file.to_owned(),
        title: read.title.value,
        profile: read.profile,
        subject,
        calls: read.calls.into_iter().map(|call| call.value).collect(),
        matrix,
        checks: read.checks.value,
    })
}

fn subject(file: &str, read: &File) -> Result<Option<Subject>, SpecError> {
    match (&read.server, &read.client, &read.claim) {
        (None, None, None) => Ok(None),
        (Some(server), Some(client), Some(claim)) => {
            if server.value.namespace == client.value.namespace {
                return Err(SpecError::at(file, client, "server and client share a namespace: give each its own"));
            }
            check_claim(file, claim)?;
            Ok(Some(Subject { server: server.value.clone(), client: client.value.clone(), claim: claim.value.clone() }))
        }
        (server, client, claim) => {
            let lacking: Vec<&str> =
                [("server", server.is_none()), ("client", client.is_none()), ("claim", claim.is_none())]
                    .into_iter()
                    .filter_map(|(name, lacks)| lacks.then_some(name))
                    .collect();
            Err(SpecError::whole(
                file,
                format!("server, client and claim go together: {} is missing", lacking.join(" and ")),
            ))
        }
    }
}

fn check_claim(file: &str, claim: &Spanned<Claim>) -> Result<(), SpecError> {
    let Claim { ip_family_policy: policy, ip_families: families } = &claim.value;
    let distinct = families.len() < 2 || families[0] != families[1];
    let fits = match policy {
        IpFamilyPolicy::SingleStack => families.len() == 1,
        IpFamilyPolicy::PreferDualStack | IpFamilyPolicy::RequireDualStack => families.len() == 2,
    };
    if distinct && fits {
        return Ok(());
    }
    let wanted = if *policy == IpFamilyPolicy::SingleStack { "one family" } else { "both families, each once" };
    Err(SpecError::at(
        file,
        claim,
        format!("ipFamilyPolicy {policy} claims {wanted}, ipFamilies has {}", families.len()),
    ))
}

fn name_of(file: &str) -> Result<String, SpecError> {
    let mut parts = file.trim_end_matches(".yaml").rsplit('/');
    match (parts.next(), parts.next()) {
        (Some(stem), Some(area)) if !stem.is_empty() && !area.is_empty() && file.ends_with(".yaml") => {
            Ok(format!("{area}/{stem}"))
        }
        _ => Err(SpecError::whole(file, "a scenario is a file <area>/<name>.yaml")),
    }
}

fn first_repeated<T, K: Ord>(items: &[T], key: impl Fn(&T) -> K) -> Option<&T> {
    let mut seen = std::collections::BTreeSet::new();
    items.iter().find(|item| !seen.insert(key(item)))
}
