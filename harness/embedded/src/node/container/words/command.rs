//! The words of a container, and the program that the first of them means.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::environment::expand;
use crate::node::image::{NAMES, Program};
use crate::store::object::items;

/// Returns the program and the arguments of a container, as its image's entry point and its own `command` and `args` say.
pub(in crate::node) fn words(program: &Program, container: &Value, environment: &[(String, String)]) -> Vec<String> {
    let list = |field: &str| -> Vec<String> {
        items(container, field).iter().filter_map(Value::as_str).map(|word| expand(word, environment)).collect()
    };
    let (mut command, args) = (list("/command"), list("/args"));
    if command.is_empty() {
        let own: &[&str] = match program {
            Program::Agent => &["agent"],
            Program::TcpEcho => &["tcp-echo"],
            // An image of this kind runs whatever it is given.
            Program::Host(default) if args.is_empty() => default,
            _ => &[],
        };
        command = own.iter().map(ToString::to_string).collect();
    }
    command.extend(args);
    command
}

/// Finds a program: one of ours, by whatever path, else by its path or on PATH.
///
/// # Errors
/// In the words of a container runtime, when there is none.
pub(in crate::node) fn find(word: &str, programs: &Path, search: &str) -> Result<PathBuf, String> {
    let name = Path::new(word).file_name().and_then(|name| name.to_str()).unwrap_or_default();
    if NAMES.contains(&name) {
        return Ok(programs.join(name));
    }
    if word.contains('/') {
        let path = PathBuf::from(word);
        return if path.exists() {
            Ok(path)
        } else {
            Err(format!("exec: \"{word}\": stat {word}: no such file or directory"))
        };
    }
    let found = (!word.is_empty()).then(|| which::which_in(word, Some(search), "/").ok()).flatten();
    found.ok_or_else(|| format!("exec: \"{word}\": executable file not found in $PATH"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_entry_point_is_replaced_by_a_command_and_followed_by_arguments() {
        let own = [("WORD".to_owned(), "value".to_owned())];
        let said = |program: &Program, container: Value| words(program, &container, &own).join(" ");
        assert_eq!(said(&Program::Agent, json!({"args": ["serve", "$(WORD)"]})), "agent serve value");
        assert_eq!(said(&Program::TcpEcho, json!({"args": ["9000", "hello"]})), "tcp-echo 9000 hello");
        assert_eq!(said(&Program::TcpEcho, json!({"command": ["sh"], "args": ["-c"]})), "sh -c");
        let sleep = Program::Host(&["sleep", "infinity"]);
        assert_eq!(said(&sleep, json!({})), "sleep infinity");
        assert_eq!(said(&sleep, json!({"args": ["cat"]})), "cat");
    }

    #[test]
    fn our_programs_are_found_by_any_path_and_others_where_they_are() {
        let programs = Path::new("/programs");
        let search = "/bin:/usr/bin";
        for word in ["agent", "/agent", "/bin/agent"] {
            assert_eq!(find(word, programs, search), Ok("/programs/agent".into()), "{word}");
        }
        assert!(find("sh", programs, search).is_ok_and(|path| path.ends_with("sh")));
        assert_eq!(find("/bin/sh", programs, search), Ok("/bin/sh".into()));
        for missing in ["no-such-program", "/no/such/program", ""] {
            assert!(find(missing, programs, search).is_err_and(|why| why.contains(missing)), "{missing}");
        }
    }
}
