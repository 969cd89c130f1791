#!/usr/bin/env bash
# How many connect-and-answer checks a second the prober makes over a veth between two network namespaces, for each family, against a
# raw epoll loop (samples/agent/examples/epoll_loop.rs) and one `nc` a check. All three ask the same server, in turns.
#
#   ci/bench/probe.sh [ROUNDS] [CALLS]     5 rounds of 100000 calls unless told; needs root, ip, jq, nc (OpenBSD's)
#
# Prints one line a round and family: checks a second of prober, loop and nc; the median of calls one after the other, in µs, of prober
# and loop. Then the medians of the rounds with their range. Every reply of the prober is checked: its own token, the pod's name, both
# ends of the wanted family and as the client saw them. The goal is 20000 a second for each family, 0.7 of the loop and 100 times nc.
set -euo pipefail
cd "$(dirname "$0")/../.."
rounds=${1:-5} calls=${2:-100000} ports="9000 9001 9002 9003" nc_calls=200 single=2000

# Not the folder of other builds: the image's build keeps a folder of this name there.
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-target/bench}
cargo build --quiet --locked --profile agent -p dualproof-agent --bin agent --example epoll_loop
built=$(realpath "$CARGO_TARGET_DIR/agent") agent=$built/agent loop=$built/examples/epoll_loop
client=dualproof-bench-c-$$ server=dualproof-bench-s-$$ work=$(mktemp -d)
clean() {
  if [[ -n ${serving:-} ]]; then kill "$serving" 2>/dev/null || true; fi
  ip netns del "$client" 2>/dev/null || true
  ip netns del "$server" 2>/dev/null || true
  rm -rf "$work"
}
trap clean EXIT

ip netns add "$client"
ip netns add "$server"
ip link add eth0 netns "$client" type veth peer name eth0 netns "$server"
for side in "$client 1" "$server 2"; do
  read -r name last <<<"$side"
  ip -n "$name" address add "10.9.0.$last/24" dev eth0
  ip -n "$name" address add "fd00:9::$last/64" dev eth0 nodad
  ip -n "$name" link set lo up
  ip -n "$name" link set eth0 up
  # Each check leaves a port in TIME_WAIT; without these two the 28,000 of them are used up after a second.
  ip netns exec "$name" sysctl -qw net.ipv4.tcp_tw_reuse=1 net.ipv4.ip_local_port_range="1024 65535" net.core.somaxconn=4096
done

listen=()
for port in $ports; do listen+=(--tcp "dual:$port"); done
mkfifo "$work/bound"
ip netns exec "$server" env DUALPROOF_RUN=bench POD_NAME=echo POD_UID= POD_NAMESPACE= NODE_NAME= SERVICE_ACCOUNT= \
  "$agent" serve "${listen[@]}" >"$work/bound" &
serving=$!
head -n "$(wc -w <<<"$ports")" "$work/bound" >/dev/null

# asks COUNT ADDRESS...: calls that go round the addresses
asks() {
  awk -v count="$1" -v list="${*:2}" 'BEGIN {
    n = split(list, to, " ")
    for (i = 1; i <= count; i++)
      printf "{\"id\":\"%d\",\"token\":\"t-%d\",\"to\":{\"address\":\"%s\"},\"protocol\":\"tcp\",\"deadlineMillis\":5000}\n", i, i, to[i % n + 1]
  }'
}
# wrong FAMILY-PATTERN: how many reports on standard input are not the right server's answer to their own token over that family
wrong() {
  jq -r --arg ends "$1" 'select(
    (.outcome | if type == "object" then .replied else "" end | try fromjson catch {}) as $answer
    | ($answer.token == "t-" + .id and $answer.pod == "echo" and ($answer.peer | test($ends)) and ($answer.local | test($ends))
       and $answer.peer == .attempts[0].local and $answer.local == .attempts[0].address) | not) | .id' | wc -l
}
per_second() { awk -v n="$1" -v from="$2" -v to="$3" 'BEGIN { printf "%.0f", n / (to - from) }'; }
now() { date +%s.%N; }

printf '%-8s %-6s %9s %9s %6s %9s %9s\n' round family prober loop nc prober-us loop-us
for round in $(seq "$rounds"); do
  for family in v4 v6; do
    if [[ $family = v4 ]]; then host=10.9.0.2 literal=10.9.0.2 ends='^10[.]9[.]'; else host=fd00:9::2 literal='[fd00:9::2]' ends='^\[fd00:9:'; fi
    addresses=(); for port in $ports; do addresses+=("$literal:$port"); done

    asks "$calls" "${addresses[@]}" >"$work/asks"
    from=$(now)
    ip netns exec "$client" "$agent" probe <"$work/asks" >"$work/reports"
    prober=$(per_second "$calls" "$from" "$(now)")
    lines=$(wc -l <"$work/reports") bad=$(wrong "$ends" <"$work/reports")
    if ((lines != calls || bad != 0)); then echo "$lines reports of $calls calls, $bad of them wrong" >&2; exit 1; fi

    read -r epoll _ < <(ip netns exec "$client" "$loop" 2 256 "$calls" "${addresses[@]}")

    from=$(now)
    ip netns exec "$client" bash -c 'for i in $(seq '"$nc_calls"'); do echo "t-$i" | nc -N '"$host"' 9000 | grep -q "\"t-$i\"" || exit 1; done'
    nc=$(per_second "$nc_calls" "$from" "$(now)")

    asks "$single" "${addresses[@]}" >"$work/asks"
    ip netns exec "$client" "$agent" probe --concurrency 1 <"$work/asks" >"$work/reports"
    median=$(jq .micros "$work/reports" | sort -n | sed -n $((single / 2))p)
    read -r _ loop_median < <(ip netns exec "$client" "$loop" 1 1 "$single" "${addresses[@]}")
    printf '%-8s %-6s %9s %9s %6s %9s %9s\n' "$round" "$family" "$prober" "$epoll" "$nc" "$median" "$loop_median" | tee -a "$work/rounds"
  done
done

# median LOWEST..HIGHEST of the numbers on standard input
middle() { sort -g | awk -v form="$1" '{ n[NR] = $1 } END { printf form " (" form ".." form ")", n[int((NR + 1) / 2)], n[1], n[NR] }'; }
for family in v4 v6; do
  of() { awk -v family="$family" "\$2 == family { print $1 }" "$work/rounds"; }
  printf '%s: %s a second; of the loop %s; of nc %s; latency over the loop %s µs\n' "$family" \
    "$(of '$3' | middle %d)" "$(of '$3 / $4' | middle %.2f)" "$(of '$3 / $5' | middle %d)" "$(of '$6 - $7' | middle %d)"
done
printf 'v6 of v4: %s\n' "$(awk '$2 == "v4" { v4[$1] = $3 } $2 == "v6" { print $3 / v4[$1] }' "$work/rounds" | middle %.2f)"
