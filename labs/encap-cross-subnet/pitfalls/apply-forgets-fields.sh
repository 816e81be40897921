# Applies a manifest with only the fields it wants to change: apply writes the whole spec, so natOutgoing falls back to false.
#@ fails cross-subnet ippool default-ipv4-ippool
#@ passes cross-subnet reach pod/client pod/near
#@ passes cross-subnet reach pod/client pod/far
#@ workstation
calicoctl apply -f - <<'POOL'
apiVersion: projectcalico.org/v3
kind: IPPool
metadata:
  name: default-ipv4-ippool
spec:
  cidr: 10.244.0.0/16
  ipipMode: CrossSubnet
POOL
sleep 5
