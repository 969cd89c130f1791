//! Files of a pod's own (kubernetes/kubernetes:pkg/kubelet/kubelet_pods.go, pkg/kubelet/network/dns/dns.go).

use std::fmt::Write;
use std::fs;
use std::io;
use std::net::IpAddr;
use std::path::Path;

use serde_json::Value;

use crate::node::KubeletSettings;
use crate::node::network::Sandbox;
use crate::node::settings::DOMAIN;
use crate::store::object::{items, name, namespace, text};

/// Writes a pod's `/etc/hosts` and `/etc/resolv.conf` into its folder, and puts them into its place. A pod in its node's network has the node's.
pub(super) fn furnish(settings: &KubeletSettings, pod: &Value, sandbox: &Sandbox, folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    if !sandbox.is_own() {
        return Ok(());
    }
    let mut files = vec![("hosts", hosts(pod, sandbox.addresses()))];
    files.extend(resolv_conf(settings, pod).map(|text| ("resolv.conf", text)));
    for (name, text) in files {
        let path = folder.join(name);
        fs::write(&path, text)?;
        sandbox.namespace().mount(&path, &Path::new("/etc").join(name)).map_err(io::Error::other)?;
    }
    Ok(())
}

fn hosts(pod: &Value, addresses: &[IpAddr]) -> String {
    let mut text =
        "# Kubernetes-managed hosts file.\n127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n\
                    fe00::0\tip6-localnet\nfe00::0\tip6-mcastprefix\nfe00::1\tip6-allnodes\nfe00::2\tip6-allrouters\n"
            .to_owned();
    let own = crate::store::object::text(pod, "/spec/hostname");
    let own = if own.is_empty() { name(pod) } else { own };
    let mut line = |address: &str, names: &str| {
        // Writing into a text does not fail.
        let _ = writeln!(text, "{address}\t{names}");
    };
    for address in addresses {
        line(&address.to_string(), own);
    }
    for alias in items(pod, "/spec/hostAliases") {
        let names: Vec<&str> = items(alias, "/hostnames").iter().filter_map(Value::as_str).collect();
        line(crate::store::object::text(alias, "/ip"), &names.join("\t"));
    }
    text
}

/// `None` where the pod is to have the machine's own.
fn resolv_conf(settings: &KubeletSettings, pod: &Value) -> Option<String> {
    let list = |field: &str| -> Vec<String> {
        items(pod, &format!("/spec/dnsConfig/{field}")).iter().filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let (mut servers, mut search, mut options) = match text(pod, "/spec/dnsPolicy") {
        "Default" => return None,
        "None" => Default::default(),
        _ => {
            let servers = settings.dns.first().map(ToString::to_string).into_iter().collect::<Vec<_>>();
            let own = namespace(pod);
            let search = vec![format!("{own}.svc.{DOMAIN}"), format!("svc.{DOMAIN}"), DOMAIN.to_owned()];
            (servers, search, vec!["ndots:5".to_owned()])
        }
    };
    servers.extend(list("nameservers"));
    search.extend(list("searches"));
    for option in items(pod, "/spec/dnsConfig/options") {
        let (name, value) = (text(option, "/name"), text(option, "/value"));
        options.push(if value.is_empty() { name.to_owned() } else { format!("{name}:{value}") });
    }
    let mut conf = String::new();
    if !search.is_empty() {
        conf.push_str(&format!("search {}\n", search.join(" ")));
    }
    for server in servers {
        conf.push_str(&format!("nameserver {server}\n"));
    }
    if !options.is_empty() {
        conf.push_str(&format!("options {}\n", options.join(" ")));
    }
    Some(conf)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn names_are_looked_up_at_the_first_dns_address_alone() -> Result<(), Box<dyn std::error::Error>> {
        let settings = KubeletSettings::new("c", "f", &["fd00:10:96::/112".parse()?, "10.96.0.0/16".parse()?]);
        let pod = |spec: Value| json!({"metadata": {"name": "p", "namespace": "n"}, "spec": spec});
        let own =
            "search n.svc.cluster.local svc.cluster.local cluster.local\nnameserver fd00:10:96::a\noptions ndots:5\n";
        assert_eq!(resolv_conf(&settings, &pod(json!({"dnsPolicy": "ClusterFirst"}))).as_deref(), Some(own));
        assert_eq!(resolv_conf(&settings, &pod(json!({"dnsPolicy": "Default"}))), None);
        let none = json!({"dnsPolicy": "None", "dnsConfig": {
            "nameservers": ["10.0.0.1"], "options": [{"name": "ndots", "value": "1"}, {"name": "rotate"}]}});
        assert_eq!(
            resolv_conf(&settings, &pod(none)).as_deref(),
            Some("nameserver 10.0.0.1\noptions ndots:1 rotate\n")
        );
        Ok(())
    }

    #[test]
    fn the_pod_knows_its_own_name_by_each_address() -> Result<(), Box<dyn std::error::Error>> {
        let pod = json!({"metadata": {"name": "p"}, "spec": {"hostAliases": [{"ip": "::5", "hostnames": ["a", "b"]}]}});
        let text = hosts(&pod, &["fd00::1".parse()?, "10.244.0.2".parse()?]);
        assert!(text.ends_with("fd00::1\tp\n10.244.0.2\tp\n::5\ta\tb\n"), "{text}");
        Ok(())
    }
}
