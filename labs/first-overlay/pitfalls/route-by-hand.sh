# Routes around the tunnel on one node by hand: traffic from that node changes, the pool does not, and Felix will undo it.
#@ fails switch-pool ippool default-ipv4-ippool
#@ passes switch-pool reach pod/client pod/near
#@ node/node1
ip route replace 10.244.104.0/26 via 10.0.0.12 dev eth0 onlink
