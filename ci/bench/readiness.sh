#!/usr/bin/env bash
# How long after a pod became Ready the harness sees it, against `kubectl wait`, on a kind cluster of its own: p99 is to be at most 20 ms.
set -euo pipefail
cd "$(dirname "$0")/../.."
folder=$(mktemp -d)
name=readiness-$(basename "$folder" | tr -dc a-z0-9 | tail -c 6)
trap 'kind delete cluster --name "$name" --quiet; rm -rf "$folder"' EXIT
cargo build --release --locked --quiet -p dualproof-driver --example readiness
kind create cluster --name "$name" --image kindest/node:v1.36.1 --kubeconfig "$folder/kubeconfig" --quiet --wait 60s
kubectl --kubeconfig "$folder/kubeconfig" wait --for=create serviceaccount/default --timeout=60s > /dev/null
target/release/examples/readiness "$folder/kubeconfig" "$@"
