# Gives the outside host a route to the pods. Its answers went to the router already; it is the router that does not know on.
#@ fails way-back reach pod/client 203.0.113.10
#@ fails way-back route pod/near
#@ passes way-back ippool default-ipv4-ippool
#@ passes unmasked reach pod/client pod/far
#@ workstation
calicoctl patch ippool default-ipv4-ippool -p '{"spec":{"natOutgoing":false}}'
sleep 2
#@ host/outside
ip route add 10.244.0.0/16 via 203.0.113.1
