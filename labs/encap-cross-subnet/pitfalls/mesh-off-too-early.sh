# VXLAN will not need BGP, so the node mesh is switched off first. IP in IP still lives on its routes: no node hears of another's block.
#@ fails cross-subnet bgp node1 learns 10.244.135.0/26
#@ fails cross-subnet reach pod/client pod/near
#@ fails cross-subnet reach pod/client pod/far
#@ passes cross-subnet ippool default-ipv4-ippool
#@ workstation
calicoctl patch ippool default-ipv4-ippool -p '{"spec":{"ipipMode":"CrossSubnet"}}'
sleep 5
calicoctl apply -f - <<'MESH'
apiVersion: projectcalico.org/v3
kind: BGPConfiguration
metadata:
  name: default
spec:
  nodeToNodeMeshEnabled: false
MESH
sleep 5
