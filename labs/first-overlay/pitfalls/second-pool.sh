# Adds a new pool with the wanted mode; running pods keep their addresses in the old pool, which still encapsulates everything.
#@ fails switch-pool ippool default-ipv4-ippool
#@ passes switch-pool reach pod/client pod/far
#@ workstation
calicoctl apply -f - <<'EOF'
apiVersion: projectcalico.org/v3
kind: IPPool
metadata:
  name: cross-subnet
spec:
  cidr: 10.245.0.0/16
  vxlanMode: CrossSubnet
  natOutgoing: true
EOF
