# Switches masquerading off for good, since the routes exist. The outside host is content, and every destination without such routes is lost.
#@ fails selective ippool default-ipv4-ippool
#@ fails selective reach pod/client node/node2
#@ passes selective reach pod/client 203.0.113.10
#@ passes selective ippool routed-outside
#@ workstation
calicoctl patch ippool default-ipv4-ippool -p '{"spec":{"natOutgoing":false}}'
calicoctl apply -f - <<'POOL'
apiVersion: projectcalico.org/v3
kind: IPPool
metadata:
  name: routed-outside
spec:
  cidr: 203.0.113.0/24
  disabled: true
POOL
sleep 2
#@ router/router
ip route add 10.244.166.128/26 via 10.0.0.11
