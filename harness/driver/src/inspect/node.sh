# Prints what the kernel holds in the network namespaces of pods. Runs on a node, as root, with the pods as arguments: NAMESPACE/NAME.
# Each answer is a line `dualproof POD FILE STATUS LENGTH ERRORS` with LENGTH bytes of standard output and ERRORS bytes of standard error behind it.
# containerd keeps one folder for each container, with the configuration that the kubelet gave and the process that holds the namespaces.
set -u
state=/run/containerd/io.containerd.runtime.v2.task/k8s.io
out=$(mktemp) && err=$(mktemp) || exit
trap 'rm -f "$out" "$err"' EXIT

answer() {
  pod=$1 file=$2
  shift 2
  "$@" >"$out" 2>"$err"
  status=$?
  printf 'dualproof %s %s %s %s %s\n' "$pod" "$file" "$status" "$(wc -c <"$out")" "$(wc -c <"$err")"
  cat "$out" "$err"
}

# Rules that the tool of one packet filter wrote are not seen by that of the other, so both are asked. The comment stands where there are none.
rules() {
  tools=
  for tool in "$2-nft-save" "$2-legacy-save"; do
    if command -v "$tool" >/dev/null; then tools="$tools $tool"; fi
  done
  for tool in ${tools:-"$2-save"}; do
    printf '# %s\n' "$tool"
    nsenter -t "$1" -n "$tool" || return
  done
}

annotation() {
  sed -n 's/.*"io\.kubernetes\.cri\.'"$2"'":"\([^"]*\)".*/\1/p' "$1" | head -n 1
}

for config in "$state"/*/config.json; do
  if [ ! -e "$config" ]; then
    echo "there is no container in $state" >&2
    exit 1
  fi
  [ "$(annotation "$config" container-type)" = sandbox ] || continue
  pod=$(annotation "$config" sandbox-namespace)/$(annotation "$config" sandbox-name)
  case " $* " in *" $pod "*) ;; *) continue ;; esac
  pid=$(cat "${config%config.json}init.pid") && [ -e "/proc/$pid/ns/net" ] || continue
  answer "$pod" iptables-save rules "$pid" iptables
  answer "$pod" ip6tables-save rules "$pid" ip6tables
  answer "$pod" nft.json nsenter -t "$pid" -n nft -j list ruleset
  answer "$pod" addr.json nsenter -t "$pid" -n ip -j addr
  answer "$pod" route.json nsenter -t "$pid" -n ip -j -4 route show table all
  answer "$pod" route6.json nsenter -t "$pid" -n ip -j -6 route show table all
  for table in tcp tcp6 udp udp6; do
    answer "$pod" "proc-net-$table" cat "/proc/$pid/net/$table"
  done
done
