//! What to run, and what came of it.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

/// One call of a tool: program, arguments, environment, folder, input, deadline.
#[derive(Clone, Debug)]
pub struct Invocation {
    pub(super) program: OsString,
    pub(super) arguments: Vec<OsString>,
    pub(super) environment: Vec<(OsString, OsString)>,
    pub(super) folder: Option<PathBuf>,
    pub(super) input: Vec<u8>,
    pub(super) limit: Duration,
    pub(super) unchecked: bool,
}

impl Invocation {
    /// Describes a call of `program` (a name on PATH, or a path) that must end within `limit`.
    ///
    /// Standard input is empty, the environment and the folder are the harness's own.
    #[must_use]
    pub fn new(program: impl Into<OsString>, limit: Duration) -> Self {
        Self {
            program: program.into(),
            arguments: Vec::new(),
            environment: Vec::new(),
            folder: None,
            input: Vec::new(),
            limit,
            unchecked: false,
        }
    }

    /// Adds an argument.
    #[must_use]
    pub fn arg(mut self, argument: impl Into<OsString>) -> Self {
        self.arguments.push(argument.into());
        self
    }

    /// Adds arguments.
    #[must_use]
    pub fn args<T: Into<OsString>>(mut self, arguments: impl IntoIterator<Item = T>) -> Self {
        self.arguments.extend(arguments.into_iter().map(Into::into));
        self
    }

    /// Sets a variable in the child's environment.
    #[must_use]
    pub fn env(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.environment.push((name.into(), value.into()));
        self
    }

    /// Sets the folder that the child runs in.
    #[must_use]
    pub fn dir(mut self, folder: impl Into<PathBuf>) -> Self {
        self.folder = Some(folder.into());
        self
    }

    /// Sets what the child reads from its standard input.
    #[must_use]
    pub fn stdin(mut self, input: impl Into<Vec<u8>>) -> Self {
        self.input = input.into();
        self
    }

    /// Makes a status other than 0 no error: the caller looks at [`Output::code`].
    #[must_use]
    pub fn unchecked(mut self) -> Self {
        self.unchecked = true;
        self
    }

    /// Spells the command for people, quoted where a shell would need it. The environment is left out: it may hold secrets.
    #[must_use]
    pub fn command_line(&self) -> String {
        std::iter::once(&self.program).chain(&self.arguments).map(quoted).collect::<Vec<_>>().join(" ")
    }
}

/// What a tool wrote and how it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output {
    /// Its exit code; `None` when a signal ended it.
    pub code: Option<i32>,
    /// All that it wrote to standard output.
    pub stdout: Vec<u8>,
    /// All that it wrote to standard error.
    pub stderr: Vec<u8>,
    /// How long it ran, in milliseconds.
    pub millis: u64,
}

impl Output {
    /// Returns standard output as text; bytes that are no UTF-8 become U+FFFD.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    /// Returns standard error as text; bytes that are no UTF-8 become U+FFFD.
    #[must_use]
    pub fn error_text(&self) -> String {
        String::from_utf8_lossy(&self.stderr).into_owned()
    }
}

fn quoted(word: &OsString) -> String {
    let word = word.to_string_lossy();
    let plain =
        !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_./:=,@+%".contains(&byte));
    if plain { word.into_owned() } else { format!("'{}'", word.replace('\'', r"'\''")) }
}
