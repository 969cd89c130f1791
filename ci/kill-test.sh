#!/usr/bin/env bash
# Kills runs at instants spread over all their stages and says what is left: `ci/kill-test.sh BINARY kill|int|int2|beside RUNS [SECONDS]`.
#
#   kill    SIGKILL of the harness alone, then `dualproof sweep --yes`
#   int     one SIGINT: the run stops, collects, writes its report, cleans
#   int2    two SIGINTs, 0.2 s apart, then `dualproof sweep --yes`
#   beside  SIGKILL of one run and a sweep while another run is alive, which must conform
#
# SECONDS is the length of a whole run, over which the instants are spread. One line a run on standard output; ends with 1 when
# anything was left. It needs what a run needs (on the lab DUALPROOF_MESH_OVERLAY) and a machine on which nobody else makes kind clusters.
set -uo pipefail
binary=$(realpath "$1") mode=$2 runs=$3 length=${4:-40}
work=$(mktemp -d)
export TMPDIR=$work/tmp DUALPROOF_STATE=$work/state
mkdir -p "$TMPDIR" "$DUALPROOF_STATE"
cd "$work" || exit 2

# Everything that a run could leave: containers, networks, volumes, temporary and private files, processes that name either.
seen() {
  docker ps --all --format 'container {{.Names}}'
  docker network ls --format 'network {{.Name}}'
  docker volume ls --format 'volume {{.Name}}'
  ls -A "$TMPDIR" | sed 's/^/temporary /'
  ls -A "$DUALPROOF_STATE/runs" 2>/dev/null | sed 's/^/folder /'
  ls -A /tmp | grep -E '^(kind|istio|dualproof-[0-9a-z]{6}$)' | sed 's/^/temporary /'
  pgrep -af "$DUALPROOF_STATE|cluster --name dualproof-" | grep -v pgrep | cut -c1-120 | sed 's/^[0-9]* /process /'
}
left() { comm -13 "$work/before" <(seen | sort -u) | tr '\n' ';'; }
seen | sort -u > "$work/before"

failed=0
ended() { # what the line says of a run: code, milliseconds, stage
  printf '%-6s %3d  after %6.2f s in %-10s exit %3d in %6d ms  ' "$mode" "$n" "$instant" "$stage" "$code" "$took"
}
for n in $(seq 1 "$runs"); do
  instant=$(awk -v n="$n" -v of="$runs" -v whole="$length" -v seed="$RANDOM" 'BEGIN { srand(seed); printf "%.2f", (n - 1 + rand()) / of * whole }')
  other=
  if [ "$mode" = beside ]; then
    "$binary" run --out other > other.out 2> other.err & other=$!
  fi
  "$binary" run --out out > out.out 2> out.err & run=$!
  sleep "$instant"
  stage=$(grep -oE '^[a-z]+ +\.\.\.' out.err | tail -1 | cut -d' ' -f1)
  start=$(date +%s%N)
  case $mode in
    kill | beside) kill -KILL "$run" ;;
    int) kill -INT "$run" ;;
    int2) kill -INT "$run"; sleep 0.2; kill -INT "$run" ;;
  esac 2> /dev/null
  wait "$run" 2> /dev/null; code=$?
  took=$((($(date +%s%N) - start) / 1000000))
  ended
  if [ "$mode" != int ]; then
    start=$(date +%s%N)
    "$binary" sweep --yes > sweep.out 2>&1; swept=$?
    printf 'sweep exit %d in %5d ms  ' "$swept" $((($(date +%s%N) - start) / 1000000))
    [ "$swept" = 0 ] || failed=1
  fi
  if [ -n "$other" ]; then
    wait "$other"; code=$?
    printf 'the other run: exit %d  ' "$code"
    [ "$code" = 0 ] || failed=1
  fi
  "$binary" judge out/bundle > judge.out 2>&1; judged=$?
  rest=$(left)
  # What a killed tool still had in hand would appear late.
  sleep 3
  rest=$rest$(left)
  printf 'judge %d  left: %s\n' "$judged" "${rest:-nothing}"
  [ -z "$rest" ] || failed=1
  rm -rf out other
done
cd / && rm -rf "$work"
exit "$failed"
