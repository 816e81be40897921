# Turns the overlay off instead of limiting it: same-rack traffic still works, the other rack is lost.
#@ fails switch-pool reach pod/client pod/far
#@ passes switch-pool reach pod/client pod/near
#@ workstation
calicoctl patch ippool default-ipv4-ippool -p '{"spec":{"vxlanMode":"Never"}}'
# Without a tunnel the routes are BGP's, which needs a moment to spread them.
sleep 5
