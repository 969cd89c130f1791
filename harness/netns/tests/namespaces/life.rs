//! How things end.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::mpsc::channel;

use dualproof_netns::Namespace;
use dualproof_netns::confine::{Confinement, STAGE, Standing, Tmpfs, UserNamespace, confine, probe, trial as try_all};
use libtest_mimic::Trial;

use crate::site::LIMIT;
use crate::{Said, chain, trial};

/// So many that their ends take longer than that of one process alone.
const CROWD: usize = 50;

/// Names the file or folder that a part works on.
pub(crate) const FILE: &str = "DUALPROOF_TEST_FILE";

/// Says which other part this program plays.
pub(crate) const ROLE: &str = "DUALPROOF_TEST_ROLE";

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("life::killing_any_of_the_three_ends_everything", || ends_all("program")),
        trial("life::killing_any_of_the_three_ends_everything_in_a_user_namespace", || ends_all("user program")),
        trial("life::everything_ends_with_the_parent", with_the_parent),
        trial("life::a_keeper_that_is_asked_to_end_is_the_last", keeper_last),
        trial("life::a_user_without_rights_can_do_all", without_rights),
        trial("life::orphans_are_collected", orphans),
        trial("life::the_exit_code_comes_out", exit_code),
        trial("life::a_listener_of_outside_is_handed_on", listener),
        trial("life::what_is_dropped_is_gone", dropped),
        trial("life::files_in_memory_are_seen_inside_alone", in_memory),
        trial("life::the_machine_tells_what_it_has", told),
    ]
}

/// Plays another part of a test.
pub(crate) fn play(role: &str) -> ExitCode {
    match part(role) {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            let words = format!("{}\n", chain(&*error));
            let _is_said = std::io::stderr().write_all(words.as_bytes()).is_ok();
            ExitCode::from(99)
        }
    }
}

fn part(role: &str) -> Result<u8, Box<dyn std::error::Error>> {
    let mut out = std::io::stdout();
    match role {
        // Tells the content of a file and the addresses that it sees.
        "tell" => {
            let path = std::env::var_os(FILE).ok_or("a file")?;
            writeln!(out, "{}", std::fs::read_to_string(path)?)?;
            write!(out, "{}", std::fs::read_to_string("/proc/net/if_inet6")?)?;
            return Ok(0);
        }
        // Sits there until it is killed.
        "sit" => {
            writeln!(out, "sits")?;
            loop {
                std::thread::park();
            }
        }
        // Leaves a child behind.
        "leave" => {
            let mut command = again("nothing");
            command.spawn()?;
            return Ok(0);
        }
        "nothing" => return Ok(0),
        // Starts the program and sits there.
        "parent" => {
            again("bound program").spawn()?;
            loop {
                std::thread::park();
            }
        }
        _ => {}
    }
    let user = if role.contains("user") { UserNamespace::Always } else { UserNamespace::WhenNeeded };
    match confine(&Confinement { user, ends_with_parent: role.contains("bound") })? {
        Standing::Outside { code } => return Ok(code),
        Standing::Inside => {}
    }
    match role.rsplit(' ').next() {
        Some("program") => {
            let namespace = Namespace::new("pod")?;
            let mut command = again("sit");
            command.stdout(Stdio::inherit());
            namespace.spawn(command)?;
            loop {
                std::thread::park();
            }
        }
        Some("crowd") => {
            for _ in 0..CROWD {
                again("sit").spawn()?;
            }
            loop {
                std::thread::park();
            }
        }
        Some("rights") => try_all()?,
        Some("orphans") => {
            for _ in 0..20 {
                again("leave").spawn()?.wait()?;
            }
            // A child of our own is ours to wait for: nobody collected it before.
            let mut own = again("nothing").spawn()?;
            while children(1)?.len() > 1 {
                std::thread::yield_now();
            }
            assert_eq!(own.wait()?.code(), Some(0));
        }
        Some("code") => return Ok(42),
        Some("listener") => {
            let listener = std::net::TcpListener::from(std::io::stdin().as_fd().try_clone_to_owned()?);
            let (mut stream, _) = listener.accept()?;
            stream.write_all(b"from inside")?;
        }
        Some("memory") => {
            let folder = PathBuf::from(std::env::var_os(FILE).ok_or("a folder")?);
            let memory = Tmpfs::over(&folder)?;
            let program = folder.join("program");
            std::fs::copy("/proc/self/exe", &program)?;
            assert_eq!(Command::new(&program).env_remove(STAGE).env(ROLE, "nothing").status()?.code(), Some(0));
            drop(memory);
            assert!(!program.exists(), "a mount that was dropped is still there");
            // This one is left to the kernel.
            std::mem::forget(Tmpfs::over(&folder)?);
            std::fs::write(&program, "")?;
        }
        _ => return Err(format!("there is no part `{role}`").into()),
    }
    Ok(0)
}

/// This program again, in another part, as if nobody had entered namespaces before.
fn again(role: &str) -> Command {
    let mut command = Command::new("/proc/self/exe");
    command.env_remove(STAGE).env(ROLE, role);
    command
}

/// The children of a process, whatever thread started them.
fn children(process: u32) -> Result<Vec<u32>, Box<dyn std::error::Error>> {
    let mut found = Vec::new();
    for task in std::fs::read_dir(format!("/proc/{process}/task"))? {
        let text = std::fs::read_to_string(task?.path().join("children")).unwrap_or_default();
        found.extend(text.split_ascii_whitespace().filter_map(|number| number.parse::<u32>().ok()));
    }
    Ok(found)
}

/// Waits until whoever holds the other end of standard output has ended.
fn until_all_ended(mut output: impl Read + Send + 'static) -> Said {
    let (done, ended) = channel();
    std::thread::spawn(move || {
        let mut rest = Vec::new();
        let _is_heard = done.send(output.read_to_end(&mut rest).is_ok()).is_ok();
    });
    if ended.recv_timeout(LIMIT)? { Ok(()) } else { Err("standard output breaks off".into()) }
}

/// Starts a program whose grandchild in a namespace says that it sits there.
fn start(role: &str) -> Result<(Child, BufReader<std::process::ChildStdout>), Box<dyn std::error::Error>> {
    let mut child = again(role).stdout(Stdio::piped()).spawn()?;
    let mut output = BufReader::new(child.stdout.take().ok_or("its output")?);
    let mut line = String::new();
    output.read_line(&mut line)?;
    assert_eq!(line, "sits\n");
    Ok((child, output))
}

fn kill(process: u32) -> Said {
    let process = nix::unistd::Pid::from_raw(i32::try_from(process)?);
    Ok(nix::sys::signal::kill(process, nix::sys::signal::Signal::SIGKILL)?)
}

fn ends_all(role: &str) -> Said {
    for depth in 0..3 {
        let (mut keeper, output) = start(role)?;
        let mut victim = keeper.id();
        for _ in 0..depth {
            victim = *children(victim)?.first().ok_or("a child")?;
        }
        kill(victim)?;
        until_all_ended(output)?;
        assert!(!keeper.wait()?.success(), "depth {depth}");
    }
    Ok(())
}

fn with_the_parent() -> Said {
    let (mut parent, output) = start("parent")?;
    parent.kill()?;
    until_all_ended(output)?;
    parent.wait()?;
    Ok(())
}

/// Who waits for the keeper alone has waited for all: nobody is left, not even as a number in `/proc`.
fn keeper_last() -> Said {
    let (mut keeper, mut output) = start("crowd")?;
    for _ in 1..CROWD {
        output.read_line(&mut String::new())?;
    }
    let first = *children(keeper.id())?.first().ok_or("a first process")?;
    let inside = *children(first)?.first().ok_or("a program")?;
    let mut crowd = children(inside)?;
    assert_eq!(crowd.len(), CROWD);
    crowd.extend([first, inside]);
    let keeper_id = nix::unistd::Pid::from_raw(i32::try_from(keeper.id())?);
    nix::sys::signal::kill(keeper_id, nix::sys::signal::Signal::SIGTERM)?;
    let code = keeper.wait()?.code();
    let left: Vec<u32> =
        crowd.into_iter().filter(|process| std::path::Path::new(&format!("/proc/{process}")).exists()).collect();
    assert_eq!((code, left), (Some(128 + 9), Vec::new()));
    Ok(())
}

fn without_rights() -> Said {
    // In a namespace of users there is one user only; then that user has no rights outside anyway.
    let mut command = again("user rights");
    let folder = tempfile::tempdir()?;
    if probe().is_capable && std::fs::read_to_string("/proc/self/uid_map")?.contains("4294967295") {
        use std::os::unix::fs::PermissionsExt;
        let program = folder.path().join("program");
        std::fs::copy("/proc/self/exe", &program)?;
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755))?;
        command = Command::new(program);
        command.env_remove(STAGE).env(ROLE, "user rights").uid(65534).gid(65534);
    }
    let output = command.stderr(Stdio::piped()).spawn()?.wait_with_output()?;
    assert_eq!((output.status.code(), String::from_utf8_lossy(&output.stderr).as_ref()), (Some(0), ""));
    Ok(())
}

fn orphans() -> Said {
    assert_eq!(again("orphans").spawn()?.wait()?.code(), Some(0));
    Ok(())
}

fn exit_code() -> Said {
    assert_eq!(again("code").spawn()?.wait()?.code(), Some(42));
    Ok(())
}

fn listener() -> Said {
    let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    let mut child = again("user listener").stdin(Stdio::from(std::os::fd::OwnedFd::from(listener))).spawn()?;
    let mut stream = std::net::TcpStream::connect_timeout(&address, LIMIT)?;
    stream.set_read_timeout(Some(LIMIT))?;
    let mut word = String::new();
    stream.read_to_string(&mut word)?;
    assert_eq!(word, "from inside");
    assert_eq!(child.wait()?.code(), Some(0));
    Ok(())
}

fn dropped() -> Said {
    let (one, other) = (Namespace::new("one")?, Namespace::new("other")?);
    one.join("eth0", &other, "eth0")?;
    drop(other);
    // The kernel takes a namespace down a moment after the last who holds it.
    while one.links().interfaces()?.len() > 1 {
        std::thread::yield_now();
    }
    Ok(())
}

fn in_memory() -> Said {
    let folder = tempfile::tempdir()?;
    assert_eq!(again("user memory").env(FILE, folder.path()).spawn()?.wait()?.code(), Some(0));
    assert_eq!(std::fs::read_dir(folder.path())?.count(), 0, "what was written inside is seen outside");
    Ok(())
}

fn told() -> Said {
    let ready = probe();
    assert!(ready.has_ipv6 && ready.is_capable, "{ready:?}");
    Ok(try_all()?)
}
