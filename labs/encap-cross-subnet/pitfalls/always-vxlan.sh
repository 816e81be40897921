# Moves to VXLAN but wraps everything: both racks are reached, and the packets inside a rack pay 50 bytes for nothing.
#@ fails to-vxlan reach pod/client pod/near
#@ passes to-vxlan reach pod/client pod/far
#@ workstation
calicoctl patch ippool default-ipv4-ippool -p '{"spec":{"ipipMode":"Never","vxlanMode":"Always"}}'
sleep 5
