//! The rendered install input, version by version.

use dualproof_driver::mesh::render_operator;
use serde_json::{Value, json};

type Checked = Result<(), Box<dyn std::error::Error>>;

fn rendered(version: &str) -> Result<Value, Box<dyn std::error::Error>> {
    Ok(serde_saphyr::from_str(&render_operator(&version.parse()?))?)
}

#[test]
fn both_switches_are_on_in_every_version_and_names_follow_the_version() -> Checked {
    let new = json!({"ISTIO_DUAL_STACK": "true"});
    let both = json!({"ISTIO_DUAL_STACK": "true", "ISTIO_AGENT_DUAL_STACK": "true"});
    let required = json!("RequireDualStack");
    let cases = [
        ("1.17.0", &both, None),
        ("1.18.7", &both, None),
        ("1.19.0", &new, None),
        ("1.19.10", &new, None),
        ("1.20.0", &new, Some(&required)),
        ("1.24.6-vendor.1", &new, Some(&required)),
        ("1.31.0-lab", &new, Some(&required)),
        ("1.32-alpha.19a2f0c", &new, Some(&required)),
    ];
    for (version, proxy, policy) in cases {
        let operator = rendered(version).map_err(|error| format!("{version}: {error}"))?;
        assert_eq!(operator.pointer("/spec/meshConfig/defaultConfig/proxyMetadata"), Some(proxy), "{version}");
        assert_eq!(operator.pointer("/spec/values/pilot/env"), Some(&new), "{version}");
        assert_eq!(operator.pointer("/spec/values/pilot/ipFamilyPolicy"), policy, "{version}");
        assert_eq!(operator.pointer("/spec/profile"), Some(&json!("minimal")), "{version}");
        assert_eq!(operator.get("kind"), Some(&json!("IstioOperator")), "{version}");
    }
    Ok(())
}

#[test]
fn switches_are_quoted_because_istio_refuses_booleans() -> Checked {
    let text = render_operator(&"1.31.0".parse()?);
    let switches: Vec<&str> = text.lines().filter(|line| line.contains("DUAL_STACK")).map(str::trim).collect();
    assert_eq!(switches, [r#"ISTIO_DUAL_STACK: "true""#; 2]);
    Ok(())
}
