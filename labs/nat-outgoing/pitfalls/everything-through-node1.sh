# Sends the whole pool to one node. It works, since node1 passes packets on, until node1 is down or busy.
#@ fails way-back route pod/near
#@ fails way-back route pod/far
#@ passes way-back reach pod/client 203.0.113.10
#@ passes way-back reach pod/near 203.0.113.10
#@ workstation
calicoctl patch ippool default-ipv4-ippool -p '{"spec":{"natOutgoing":false}}'
sleep 2
#@ router/router
ip route add 10.244.0.0/16 via 10.0.0.11
