#!/usr/bin/env bash
# The plain sequence that people run by hand, as one script: the peer of ci/bench/kind-path. Its argument is the order of the families.
# It proves what the harness proves: the cluster dual by naked pods, and of the seed the replies, objects and dumps of every proxy.
set -euo pipefail
order=$1
name=kind-path-peer
trap 'kind delete cluster --name $name' EXIT
pods=10.244.0.0/16,fd00:10:244::/56 services=10.96.0.0/16,fd00:10:96::/112
if [ "$order" = v6,v4 ]; then pods=fd00:10:244::/56,10.244.0.0/16 services=fd00:10:96::/112,10.96.0.0/16; fi
cat > kind.yaml <<YAML
kind: Cluster
apiVersion: kind.x-k8s.io/v1alpha4
networking: {ipFamily: dual, podSubnet: "$pods", serviceSubnet: "$services"}
YAML
kind create cluster --name $name --image kindest/node:v1.36.1 --config kind.yaml --wait 120s

# The baseline: a server and a client without a mesh, and a Service of each dual policy.
kubectl create namespace baseline
kubectl apply -n baseline -f "$ROOT/ci/bench/baseline.yaml"
kubectl rollout status -n baseline daemonset/echo daemonset/client --timeout 120s
kubectl rollout status -n kube-system deployment/coredns --timeout 120s
in_client() { kubectl exec -n baseline daemonset/client -- "$@"; }
addresses=$(kubectl get pods -n baseline -l app=echo -o jsonpath='{.items[*].status.podIPs[*].ip}')
addresses+=" $(kubectl get services -n baseline -o jsonpath='{.items[*].spec.clusterIPs[*]}')"
for address in $addresses; do
  in_client sh -c "for i in 1 2 3 4 5; do echo word | nc -w 3 $address 9000 | grep -q 'hello word' && exit 0; sleep 0.2; done; exit 1"
done
for family in -4 -6; do
  { in_client curl $family -v -s -o /dev/null --max-time 3 http://echo-require.baseline.svc.cluster.local:9000/ 2>&1 || true; } | grep -q Trying
done
kubectl get nodes,pods,services,endpointslices -A -o json > baseline.json

overlay=()
if [ -n "${DUALPROOF_MESH_OVERLAY:-}" ]; then overlay=(-f "$DUALPROOF_MESH_OVERLAY"); fi
istioctl install -y -f "$ROOT/samples/istio/dual-stack.yaml" "${overlay[@]}"

for namespace in dual-stack ipv4 ipv6 sleep; do
  kubectl create namespace $namespace
  kubectl label namespace $namespace istio-injection=enabled
done
for namespace in dual-stack ipv4 ipv6; do kubectl apply -n $namespace -f "$ROOT/samples/tcp-echo/tcp-echo-$namespace.yaml"; done
for namespace in dual-stack ipv4 ipv6; do kubectl wait -n $namespace deployment/tcp-echo --for condition=Available --timeout 120s; done
# As in the harness: a client that starts beside the servers may keep one of their addresses for good.
kubectl apply -n sleep -f "$ROOT/samples/sleep/sleep.yaml"
kubectl wait -n sleep deployment/sleep --for condition=Available --timeout 120s

call() { kubectl exec -n sleep deployment/sleep -c sleep -- sh -c "echo $1 | nc tcp-echo.$2 9000" | grep -q "hello $1"; }
call dualstack dual-stack && call ipv4 ipv4 && call ipv6 ipv6

for kind in nodes namespaces services endpointslices pods deployments; do kubectl get $kind -A -o json > $kind.json; done
istioctl proxy-status -o json > syncz.json
for namespace in dual-stack ipv4 ipv6 sleep; do
  pod=$(kubectl get pods -n $namespace -o jsonpath='{.items[0].metadata.name}')
  for path in 'config_dump?include_eds' 'listeners?format=json' 'clusters?format=json' server_info stats; do
    kubectl exec -n $namespace "$pod" -c istio-proxy -- pilot-agent request GET "$path" > "$namespace-${path%%\?*}"
  done
  kubectl logs -n $namespace "$pod" -c istio-init > "$namespace-istio-init.log"
done
