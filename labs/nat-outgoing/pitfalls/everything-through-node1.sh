# Sends the whole pool to one node. node1 never saw the connections of other nodes' pods begin: their answers are invalid there,
# and kube-proxy's rule drops them.
#@ fails way-back route pod/near
#@ fails way-back route pod/far
#@ passes way-back reach pod/client 203.0.113.10
#@ fails way-back reach pod/near 203.0.113.10
#@ workstation
calicoctl patch ippool default-ipv4-ippool -p '{"spec":{"natOutgoing":false}}'
sleep 2
#@ router/router
ip route add 10.244.0.0/16 via 10.0.0.11
