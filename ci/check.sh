#!/usr/bin/env bash
# The gate that needs no cluster: format, clippy, docs, deny, tests. The same here and in CI; stops at the first red lane.
set -euo pipefail
cd "$(dirname "$0")/.."
export CARGO_TERM_COLOR=never RUSTDOCFLAGS="-D warnings"

lane() { printf '\n== %s\n' "$*" >&2; }

lane format
cargo fmt --all --check

lane clippy
cargo clippy --workspace --all-targets --locked -- -D warnings

lane docs
cargo doc --workspace --no-deps --locked --quiet

lane deny
ci/deny.sh

lane tests
# The conformance target runs for real here, on the cluster that needs no Docker; the kind lane has a script of its own.
DUALPROOF_PROVIDER=embedded cargo test --locked
