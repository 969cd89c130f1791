//! What a throw-away cluster does not need, taken out of its control plane.
//!
//! Nothing of it is about addresses, pods or the data path: etcd loses what it would keep over a power cut, the controllers do
//! not wait for each other's turn, and nobody is asked to lead a group of one. `--stock` leaves all of it away.

/// Patches for `kubeadmConfigPatches`. kind takes the one whose version is that of the cluster's kubeadm and passes over the
/// other (v1beta4, with lists, from Kubernetes 1.36 in kind 0.33; v1beta3, with maps, before).
///
/// * etcd: `unsafe-no-fsync` and a data folder that is a tmpfs in the node (kubernetes-sigs/kind mounts one on `/tmp`), as in
///   Istio's own clusters (istio/istio:prow/config/default.yaml).
/// * controller manager: its 40 controllers each ask for a token and a ServiceAccount, some 120 requests, which at the default of
///   20 a second keep the first DaemonSet, and with it the network, waiting for 4 to 5 s.
/// * kubelet: the proxies' access logs are evidence, and one that is rotated at the default of 10 MiB loses the lines of the calls before
///   it; a cell that is read a dozen times comes to that.
/// * keys: elliptic curves are made in no time, RSA keys take a second of both cores.
const PATCHES: [&str; 3] = [
    r#"kind: KubeletConfiguration
apiVersion: kubelet.config.k8s.io/v1beta1
containerLogMaxSize: 1Gi
"#,
    r#"kind: ClusterConfiguration
apiVersion: kubeadm.k8s.io/v1beta4
encryptionAlgorithm: ECDSA-P256
etcd:
  local:
    dataDir: /tmp/etcd
    extraArgs:
    - {name: unsafe-no-fsync, value: "true"}
controllerManager:
  extraArgs:
  - {name: leader-elect, value: "false"}
  - {name: kube-api-qps, value: "500"}
  - {name: kube-api-burst, value: "1000"}
scheduler:
  extraArgs:
  - {name: leader-elect, value: "false"}
"#,
    r#"kind: ClusterConfiguration
apiVersion: kubeadm.k8s.io/v1beta3
etcd:
  local:
    dataDir: /tmp/etcd
    extraArgs:
      unsafe-no-fsync: "true"
controllerManager:
  extraArgs:
    leader-elect: "false"
    kube-api-qps: "500"
    kube-api-burst: "1000"
scheduler:
  extraArgs:
    leader-elect: "false"
"#,
];

/// Renders the patches as a field of kind's configuration.
pub(super) fn patches() -> String {
    let mut text = "kubeadmConfigPatches:\n".to_owned();
    for patch in PATCHES {
        text.push_str("  - |\n");
        for line in patch.lines() {
            text.push_str("    ");
            text.push_str(line);
            text.push('\n');
        }
    }
    text
}
