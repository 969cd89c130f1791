//! A real Envoy, found as a run finds it, started as a sidecar is, with the authority's certificates.

use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, SystemTime};

use dualproof_embedded::authority::{Authority, Identity, ROOT_SECRET, Secrets, WORKLOAD_SECRET};
use dualproof_embedded::envoy::{
    Envoy, EnvoyError, FetchError, Found, Places, Sidecar, State, find, is_ready_line, ready,
};
use dualproof_model::family::IpFamily;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::process::{Child, Command};

type Tried<T> = Result<T, Box<dyn std::error::Error>>;

/// After this a test is not slow but stuck.
const STUCK: Duration = Duration::from_secs(120);

/// Finds the pinned Envoy, or fetches it into the folder of the build. `None` where this machine cannot get one and nobody
/// demands it.
#[expect(clippy::print_stderr, reason = "a test that could not run must say so")]
async fn envoy() -> Tried<Option<Envoy>> {
    let places = Places {
        given: std::env::var_os("DUALPROOF_ENVOY").map(Into::into),
        search: std::env::var_os("PATH"),
        cache: Path::new(env!("CARGO_TARGET_TMPDIR")).to_owned(),
        budget: Duration::from_secs(600),
    };
    let error = match find(&places).await {
        Ok(envoy) => return Ok(Some(envoy)),
        Err(error) => error,
    };
    let EnvoyError::NotFound { looked, .. } = &error;
    let is_offline = looked.iter().any(|looked| {
        use FetchError::{NoPip, NoPython, Platform, Unreachable};
        matches!(&looked.found, Found::Fetch(NoPip { .. } | NoPython { .. } | Platform { .. } | Unreachable { .. }))
    });
    if is_offline && std::env::var_os("CI").is_none() && std::env::var_os("DUALPROOF_REQUIRE").is_none() {
        eprintln!("not run: {error}; {}", error.hint());
        return Ok(None);
    }
    Err(format!("{error}; {}", error.hint()).into())
}

fn tls(kind: &str, secrets: &Secrets, peer: &str, more: &Value) -> Value {
    let mut context = json!({
        "@type": format!("type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.{kind}"),
        "common_tls_context": {
            "tls_certificate_sds_secret_configs": [secrets.source(WORKLOAD_SECRET)],
            "combined_validation_context": {
                "default_validation_context": {"match_typed_subject_alt_names": [{"san_type": "URI", "matcher": {"prefix": peer}}]},
                "validation_context_sds_secret_config": secrets.source(ROOT_SECRET),
            },
        },
    });
    if let (Value::Object(context), Value::Object(more)) = (&mut context, more) {
        context.extend(more.clone());
    }
    json!({"name": "envoy.transport_sockets.tls", "typed_config": context})
}

/// Two listeners in one Envoy: `in.sock` sends on by mTLS to `tls.sock`, which sends on to `app.sock`.
fn bootstrap(folder: &Path, secrets: &Secrets, peer: &str) -> Value {
    let pipe = |name: &str| json!({"pipe": {"path": folder.join(name)}});
    let listener = |name: &str, to: &str, socket: Option<Value>| {
        let mut chain = json!({"filters": [{"name": "envoy.filters.network.tcp_proxy", "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy",
            "stat_prefix": to, "cluster": to,
            "access_log": [{"name": "envoy.access_loggers.file", "typed_config": {
                "@type": "type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog",
                "path": folder.join(format!("{name}.log")),
                "log_format": {"text_format_source": {"inline_string": "%BYTES_RECEIVED% %DOWNSTREAM_PEER_URI_SAN%\n"}},
            }}],
        }}]});
        if let (Some(socket), Value::Object(chain)) = (socket, &mut chain) {
            chain.insert("transport_socket".to_owned(), socket);
        }
        json!({"name": name, "address": pipe(name), "filter_chains": [chain]})
    };
    let cluster = |name: &str, to: &str, socket: Option<Value>| {
        let mut cluster = json!({"name": name, "type": "STATIC", "connect_timeout": "10s", "load_assignment": {
            "cluster_name": name, "endpoints": [{"lb_endpoints": [{"endpoint": {"address": pipe(to)}}]}],
        }});
        if let (Some(socket), Value::Object(cluster)) = (socket, &mut cluster) {
            cluster.insert("transport_socket".to_owned(), socket);
        }
        cluster
    };
    let server = tls("DownstreamTlsContext", secrets, peer, &json!({"require_client_certificate": true}));
    json!({
        "node": {"id": "test", "cluster": "test"},
        "admin": {"address": pipe("admin.sock")},
        "static_resources": {
            "listeners": [listener("in.sock", "tls", None), listener("tls.sock", "app", Some(server))],
            "clusters": [
                cluster("tls", "tls.sock", Some(tls("UpstreamTlsContext", secrets, peer, &json!({})))),
                cluster("app", "app.sock", None),
            ],
        },
    })
}

/// Starts Envoy and waits for its own word that it serves.
async fn start(envoy: &Envoy, folder: &Path) -> Tried<Child> {
    let launch = Sidecar::new(folder.join("bootstrap.json"), IpFamily::IPv6).launch(envoy);
    let mut child = Command::new(&launch.program)
        .args(&launch.args)
        .env_clear()
        .envs(launch.env)
        .stdin(Stdio::null())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    let mut lines = BufReader::new(child.stderr.take().ok_or("a pipe")?).lines();
    let mut log = Vec::new();
    while let Some(line) = lines.next_line().await? {
        if is_ready_line(&line) {
            // Envoy must be able to go on writing.
            tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
            return Ok(child);
        }
        log.push(line);
    }
    Err(format!("Envoy ended: {}", log.join("\n")).into())
}

async fn echo(folder: &Path) -> Tried<()> {
    let app = UnixListener::bind(folder.join("app.sock"))?;
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = app.accept().await {
            let (mut from, mut to) = stream.split();
            // A client that goes away is the end of its connection only.
            let _ = tokio::io::copy(&mut from, &mut to).await;
        }
    });
    Ok(())
}

async fn call(folder: &Path) -> Tried<String> {
    let mut stream = UnixStream::connect(folder.join("in.sock")).await?;
    stream.write_all(b"hello").await?;
    stream.shutdown().await?;
    let mut said = String::new();
    stream.read_to_string(&mut said).await?;
    Ok(said)
}

async fn certificates(folder: &Path) -> Tried<String> {
    let mut admin = UnixStream::connect(folder.join("admin.sock")).await?;
    admin.write_all(b"GET /certs HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").await?;
    let mut said = String::new();
    admin.read_to_string(&mut said).await?;
    Ok(said)
}

#[tokio::test]
async fn envoy_takes_our_certificates_and_their_successors() -> Tried<()> {
    let Some(envoy) = envoy().await? else { return Ok(()) };
    let folder = tempfile::tempdir()?;
    let folder = folder.path();
    let now = SystemTime::now();
    let authority = Authority::new("cluster.local", now)?;
    let identity = |account| Identity::new("cluster.local", "dual-stack", account);
    let secrets = Secrets::at(folder);
    secrets.write(&authority.issue(&identity("first")?, now)?, authority.root())?;
    let document = bootstrap(folder, &secrets, "spiffe://cluster.local/ns/dual-stack/sa/");
    std::fs::write(folder.join("bootstrap.json"), document.to_string())?;
    echo(folder).await?;
    let run = async {
        let mut child = start(&envoy, folder).await?;
        while ready(UnixStream::connect(folder.join("admin.sock")).await?).await? != State::Live {
            tokio::task::yield_now().await;
        }
        assert_eq!(call(folder).await?, "hello");

        secrets.write(&authority.issue(&identity("second")?, now)?, authority.root())?;
        while !certificates(folder).await?.contains("/sa/second") {
            tokio::task::yield_now().await;
        }
        assert_eq!(call(folder).await?, "hello", "after the rotation");

        // Another root, which signs for a name that the peer does not accept: no byte comes through.
        let other = Identity::new("cluster.local", "elsewhere", "third")?;
        secrets.write(&authority.issue(&other, now)?, authority.root())?;
        while !certificates(folder).await?.contains("/sa/third") {
            tokio::task::yield_now().await;
        }
        assert!(!call(folder).await.is_ok_and(|said| said == "hello"), "a name that is not allowed");

        // Both calls' lines are there, with the peer by name.
        let expected =
            ["5 spiffe://cluster.local/ns/dual-stack/sa/first", "5 spiffe://cluster.local/ns/dual-stack/sa/second"];
        let log = loop {
            let log = std::fs::read_to_string(folder.join("tls.sock.log"))?;
            if log.lines().count() >= expected.len() {
                break log;
            }
            tokio::task::yield_now().await;
        };
        assert_eq!(log.lines().take(2).collect::<Vec<_>>(), expected);
        child.kill().await?;
        Tried::Ok(())
    };
    tokio::time::timeout(STUCK, run).await?
}

#[tokio::test]
async fn states_are_read_off_the_admin_port() -> Tried<()> {
    let state = async |answer: &'static [u8]| -> std::io::Result<State> {
        let (admin, mut envoy) = tokio::io::duplex(4096);
        let serve = async move {
            let mut question = [0; 512];
            let length = envoy.read(&mut question).await?;
            assert!(question[..length].starts_with(b"GET /ready HTTP/1.1\r\n"));
            envoy.write_all(answer).await
        };
        let (state, served) = tokio::join!(ready(admin), serve);
        served?;
        state
    };
    let live = b"HTTP/1.1 200 OK\r\ncontent-type: text/plain; charset=UTF-8\r\ntransfer-encoding: chunked\r\n\r\n5\r\nLIVE\n\r\n0\r\n\r\n";
    assert_eq!(state(live).await?, State::Live);
    let early =
        b"HTTP/1.1 503 Service Unavailable\r\ntransfer-encoding: chunked\r\n\r\n11\r\nPRE_INITIALIZING\n\r\n0\r\n\r\n";
    assert_eq!(state(early).await?, State::NotYet("PRE_INITIALIZING".to_owned()));
    for other in [b"HTTP/1.1 404 Not Found\r\n\r\n".as_slice(), b"SSH-2.0-OpenSSH_9.2\r\n", b""] {
        let error = state(other).await.err().ok_or("no state")?;
        assert_eq!(error.kind(), std::io::ErrorKind::InvalidData);
    }
    Ok(())
}
