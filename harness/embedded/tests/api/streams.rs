//! Commands, ports and logs through kube.

use http_body_util::{BodyExt, Empty};
use hyper::body::Bytes;
use hyper_util::rt::TokioIo;
use k8s_openapi::api::core::v1::Pod;
use kube::api::{Api, AttachParams, LogParams, PostParams};
use kube::runtime::wait::{await_condition, conditions};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::{DUAL, Outcome, client, puppet};

async fn pod(puppet: &puppet::Puppet) -> Result<Api<Pod>, Box<dyn std::error::Error>> {
    let pods: Api<Pod> = Api::default_namespaced(client(puppet).await?);
    let pod = json!({ "metadata": { "name": "p" }, "spec": { "containers": [
        { "name": "one", "image": "i" }, { "name": "two", "image": "i" }] } });
    pods.create(&PostParams::default(), &serde_json::from_value(pod)?).await?;
    await_condition(pods.clone(), "p", conditions::is_pod_running()).await?;
    Ok(pods)
}

#[tokio::test]
async fn a_command_has_its_streams_and_its_code() -> Outcome {
    let puppet = puppet::start(&DUAL, 1)?;
    let pods = pod(&puppet).await?;
    let parameters = AttachParams::default().container("one");

    let mut both = pods.exec("p", ["both"], &parameters).await?;
    let (mut out, mut err) = (String::new(), String::new());
    let (stdout, stderr) = (both.stdout(), both.stderr());
    let status = both.take_status().ok_or("no status")?;
    stdout.ok_or("no stdout")?.read_to_string(&mut out).await?;
    stderr.ok_or("no stderr")?.read_to_string(&mut err).await?;
    assert_eq!((out.as_str(), err.as_str()), ("out", "err"));
    assert_eq!(status.await.and_then(|status| status.status).as_deref(), Some("Success"));

    // More than the pipes hold, so that both directions must go on at once.
    let mut cat = pods.exec("p", ["cat"], &AttachParams::default().container("one").stdin(true).stderr(false)).await?;
    let (stdin, stdout) = (cat.stdin(), cat.stdout());
    let (mut stdin, mut stdout) = (stdin.ok_or("no stdin")?, stdout.ok_or("no stdout")?);
    let sent = vec![7; 1 << 20];
    let mut back = Vec::new();
    let write = async {
        stdin.write_all(&sent).await?;
        stdin.shutdown().await
    };
    let (written, read) = tokio::join!(write, stdout.read_to_end(&mut back));
    written?;
    read?;
    assert!(back == sent, "{} of {} bytes came back", back.len(), sent.len());

    let mut exit = pods.exec("p", ["exit", "3"], &parameters).await?;
    let status = exit.take_status().ok_or("no status")?.await.ok_or("the status is lost")?;
    assert_eq!(status.reason.as_deref(), Some("NonZeroExitCode"));
    let causes = status.details.and_then(|details| details.causes).unwrap_or_default();
    assert_eq!(causes.first().and_then(|cause| cause.message.as_deref()), Some("3"));

    let mut nope = pods.exec("p", ["nope"], &parameters).await?;
    let status = nope.take_status().ok_or("no status")?.await.ok_or("the status is lost")?;
    assert!(status.message.unwrap_or_default().contains("executable file not found"));
    assert!(pods.exec("gone", ["echo"], &parameters).await.is_err());
    assert!(pods.exec("p", ["echo"], &AttachParams::default()).await.is_err(), "there are two containers");
    Ok(())
}

#[tokio::test]
async fn a_port_is_forwarded_or_its_error_told() -> Outcome {
    let puppet = puppet::start(&DUAL, 1)?;
    let pods = pod(&puppet).await?;
    let mut forwarder = pods.portforward("p", &[80, 1]).await?;
    let stream = forwarder.take_stream(80).ok_or("no stream")?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    let connection = tokio::spawn(connection);
    let response = sender.send_request(hyper::Request::get("/").body(Empty::<Bytes>::new())?).await?;
    assert_eq!(response.into_body().collect().await?.to_bytes(), "port 80 of p");
    let error = forwarder.take_error(1).ok_or("no error channel")?.await;
    let words = "an error occurred forwarding 1: nothing listens on port 1 of p";
    assert_eq!(error.as_deref(), Some(words));
    drop(connection.await);
    Ok(())
}

#[tokio::test]
async fn a_log_is_that_of_its_container() -> Outcome {
    let puppet = puppet::start(&DUAL, 1)?;
    let pods = pod(&puppet).await?;
    let parameters = LogParams { container: Some("two".to_owned()), tail_lines: Some(2), ..LogParams::default() };
    assert_eq!(pods.logs("p", &parameters).await?, "two says 8\ntwo says 9\n");
    let unknown = LogParams { container: Some("three".to_owned()), ..LogParams::default() };
    let error = pods.logs("p", &unknown).await.err().map(|error| error.to_string()).unwrap_or_default();
    assert!(error.contains("container three is not valid for pod p"), "{error}");
    Ok(())
}
