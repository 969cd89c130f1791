#!/usr/bin/env bash
# Runs `cargo test --test conformance` on real kind clusters with real Istio: IPv4 first with the newest Istio and Kubernetes,
# IPv6 first with the older ones; then both Istios after each other on one cluster. Needs the lab in ../shared/lab; without it there is nothing to run on.
set -euo pipefail
cd "$(dirname "$0")/.."
lab=../shared/lab
if ! [ -x "$lab/up.sh" ]; then
  echo "kind lane: there is no lab beside the checkout, skipped" >&2
  exit 0
fi
"$lab/up.sh" --istio all --kubernetes all >&2
# The lab's Envoy has none of Istio's own filters; its overlay leaves them out.
export DUALPROOF_MESH_OVERLAY=$PWD/$lab/istio-overlay.yaml DUALPROOF_PROVIDER=kind

failed=0 passed=0
cell() { # ORDER ISTIO KUBERNETES
  printf '\n== conformance: %s, istio %s, kubernetes %s\n' "$@" >&2
  if DUALPROOF_ORDER=$1 DUALPROOF_MESH_VERSION=$2 DUALPROOF_KUBERNETES=$3 DUALPROOF_OUT=$PWD/target/conformance/$1 \
    cargo test --locked --test conformance; then passed=$((passed + 1)); else failed=$((failed + 1)); fi
}
cell v4,v6 1.31.0-lab 1.36.1
cell v6,v4 1.30.4-lab 1.34.4

printf '\n== one cluster for two meshes\n' >&2
out=$PWD/target/conformance/shared
rm -rf "$out"
if cargo run --locked -- run --scenario 'seed/*' --mesh-version 1.30.4-lab --mesh-version 1.31.0-lab --out "$out" &&
  grep -q '^clusterFrom: .*1.30.4-lab' "$out"/*1.31.0-lab*/report.yaml; then passed=$((passed + 1)); else failed=$((failed + 1)); fi

left=$(docker ps --all --quiet --filter label=io.x-k8s.kind.cluster --filter name=dualproof- | wc -l)
if [ "$left" = 0 ]; then passed=$((passed + 1)); else failed=$((failed + 1)); echo "kind lane: $left containers were left behind" >&2; fi
echo
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
