//! Commands, logs and ports of pods.

use dualproof_embedded::store::object::{name, namespace, text};
use dualproof_embedded::store::resource;
use futures_util::AsyncReadExt as _;
use kube::api::{AttachParams, DeleteParams, LogParams};
use libtest_mimic::Trial;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;

use crate::cluster::{Cluster, LIMIT, Wish, processes};
use crate::{Said, trial};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("streams::a_command_reads_thousands_of_lines_and_its_end_is_told", commands),
        trial("streams::a_command_ends_with_its_client_and_with_its_pod", commands_end),
        trial("streams::logs_are_read_from_their_end_and_as_they_grow", logs),
        trial("streams::a_port_of_either_loopback_is_forwarded", ports),
    ]
}

/// A pod with a program and nothing else.
fn pod(name: &str, container: &str) -> String {
    format!(
        "{{apiVersion: v1, kind: Pod, metadata: {{name: {name}, labels: {{app: {name}}}}}, \
         spec: {{terminationGracePeriodSeconds: 1, containers: [{{name: own, {container}}}]}}}}\n"
    )
}

async fn commands() -> Said {
    let cluster = Cluster::start(Wish::default()).await?;
    cluster.apply("n", &pod("client", "image: curl")).await?;
    let client = cluster.ready("n", "client").await?;
    let text: String = (0..20_000).map(|line| format!("line {line} of many\n")).collect();
    let ended = cluster.exec(&client, &["cat"], Some(&text)).await?;
    assert_eq!((ended.stdout.len(), ended.stdout == text, ended.status.as_str()), (text.len(), true, "Success"));
    let ended = cluster.exec(&client, &["sh", "-c", "echo out; echo err >&2; exit 7"], None).await?;
    assert_eq!((ended.stdout.as_str(), ended.stderr.as_str()), ("out\n", "err\n"));
    assert!(ended.status.contains("exit status 7"), "{ended:?}");
    let ended = cluster.exec(&client, &["sh", "-c", "kill -9 $$"], None).await?;
    assert!(ended.status.contains("exit status 137"), "{ended:?}");
    let ended = cluster.exec(&client, &["true"], Some("nobody reads this")).await?;
    assert_eq!(ended.status, "Success");
    let ended = cluster.exec(&client, &["no-such-program"], None).await?;
    assert!(ended.status.contains("\"no-such-program\": executable file not found in $PATH"), "{ended:?}");
    let own = cluster.shell(&client, "echo $HOSTNAME; cat /etc/hosts").await?;
    assert!(own.starts_with("client\n") && own.contains("\tclient\n"), "{own}");
    cluster.end().await
}

async fn commands_end() -> Said {
    let cluster = Cluster::start(Wish::default()).await?;
    cluster.apply("n", &pod("client", "image: curl")).await?;
    let client = cluster.ready("n", "client").await?;
    let pods = cluster.pods("n");
    let begin = async || -> Result<_, Box<dyn std::error::Error>> {
        let params = AttachParams::default().stdout(true).stderr(false);
        let mut process = pods.exec("client", ["sh", "-c", "echo $$; exec sleep infinity"], &params).await?;
        let mut out = process.stdout().ok_or("an output")?;
        let mut number = Vec::new();
        while !number.ends_with(b"\n") {
            number.push(timeout(LIMIT, out.read_u8()).await??);
        }
        Ok((process, out, String::from_utf8(number)?.trim().to_owned()))
    };
    let gone = async |number: &str| {
        let is_gone = async {
            while std::fs::read(format!("/proc/{number}/cmdline")).is_ok_and(|words| !words.is_empty()) {
                tokio::task::yield_now().await
            }
        };
        timeout(LIMIT, is_gone).await
    };
    let (process, out, number) = begin().await?;
    process.abort();
    drop((process, out));
    gone(&number).await?;
    let (mut process, _out, number) = begin().await?;
    let status = process.take_status().ok_or("a status")?;
    pods.delete("client", &DeleteParams::default()).await?;
    let told = timeout(LIMIT, status).await?.ok_or("a status")?;
    assert!(told.message.as_ref().is_some_and(|words| words.contains("the pod has ended")), "{told:?}");
    gone(&number).await?;
    assert_eq!(name(&client), "client");
    cluster.end().await
}

async fn logs() -> Said {
    let cluster = Cluster::start(Wish::default()).await?;
    let folder = tempfile::tempdir()?;
    let pipe = folder.path().join("pipe");
    // What is written into the pipe is what the container says.
    let script = format!("mkfifo {0}; printf 'one\\ntwo\\nthr'; printf 'ee\\n' >&2; cat {0}", pipe.display());
    cluster.apply("n", &pod("talker", &format!("image: curl, command: [sh, -c, {}]", Value::from(script)))).await?;
    let talker = cluster.ready("n", "talker").await?;
    let pods = cluster.pods(namespace(&talker));
    let params = LogParams { follow: true, tail_lines: Some(2), ..LogParams::default() };
    let mut follow = Box::pin(pods.log_stream("talker", &params).await?);
    let mut heard = String::new();
    // The first lines may come while the log is followed already; in any case the third ends them.
    while !heard.ends_with("three\n") {
        let mut byte = [0];
        timeout(LIMIT, follow.read_exact(&mut byte)).await??;
        heard.push(char::from(byte[0]));
    }
    assert!(["two\nthree\n", "one\ntwo\nthree\n"].contains(&heard.as_str()), "{heard}");
    let tail = LogParams { tail_lines: Some(1), ..LogParams::default() };
    assert_eq!(pods.logs("talker", &tail).await?, "three\n");
    let stamped = pods.logs("talker", &LogParams { timestamps: true, ..LogParams::default() }).await?;
    for line in stamped.lines() {
        let (time, _) = line.split_once(' ').ok_or("a time")?;
        time.parse::<jiff::Timestamp>()?;
    }
    let refused = pods.logs("talker", &LogParams { previous: true, ..LogParams::default() }).await;
    assert!(
        refused.is_err_and(|error| error.to_string().contains("previous terminated container \"own\"")),
        "nothing ran before"
    );
    let writer = pipe.clone();
    tokio::task::spawn_blocking(move || std::fs::write(writer, "four\nfive")).await??;
    let mut rest = String::new();
    timeout(LIMIT, follow.read_to_string(&mut rest)).await??;
    assert_eq!(rest, "four\nfive", "it ends with the container");
    cluster.end().await
}

async fn ports() -> Said {
    let cluster = Cluster::start(Wish::default()).await?;
    cluster.apply("m", "matrix/servers.yaml").await?;
    let server = cluster.ready("m", "server").await?;
    let pods = cluster.pods("m");
    for (port, family) in [(9000, "127.0.0.1"), (9014, "127.0.0.1"), (9016, "[::1]")] {
        let mut forward = pods.portforward(name(&server), &[port]).await?;
        let mut stream = forward.take_stream(port).ok_or("a stream")?;
        stream.write_all(b"hello\n").await?;
        let mut heard = vec![0; 4096];
        let length = timeout(LIMIT, stream.read(&mut heard)).await??;
        let answer = String::from_utf8_lossy(&heard[..length]).into_owned();
        assert!(answer.contains(&format!("{family}:{port}")), "{port}: {answer}");
    }
    let mut forward = pods.portforward(name(&server), &[7]).await?;
    let error = forward.take_error(7).ok_or("an error channel")?;
    let told = timeout(LIMIT, error).await?.ok_or("an error")?;
    assert!(told.contains("failed to connect to localhost:7 inside the pod"), "{told}");
    let left = text(&server, "/metadata/uid").to_owned();
    assert!(cluster.kubelet.namespace(&left).is_some());
    assert!(!processes(cluster.folder.path())?.is_empty());
    assert_eq!(server["kind"], "Pod", "{}", resource::PODS);
    cluster.end().await
}
