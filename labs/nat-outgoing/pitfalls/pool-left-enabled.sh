# Makes the second pool, but leaves it enabled: masquerading is right, and a new pod can one day get an address that belongs to the outside.
#@ fails selective ippool routed-outside
#@ passes selective ippool default-ipv4-ippool
#@ passes selective reach pod/client 203.0.113.10
#@ router/router
ip route add 10.244.166.128/26 via 10.0.0.11
#@ workstation
calicoctl apply -f - <<'POOL'
apiVersion: projectcalico.org/v3
kind: IPPool
metadata:
  name: routed-outside
spec:
  cidr: 203.0.113.0/24
POOL
sleep 2
