#@ step see-it
#@ node/node1
tcpdump -nn -i eth0 -c 4 -w /root/overlay.pcap udp port 4789 &
#@ workstation
kubectl exec client -- ping -c 3 "$(kubectl get pod far -o jsonpath='{.status.podIP}')"
#@ step switch-pool
calicoctl patch ippool default-ipv4-ippool -p '{"spec":{"vxlanMode":"CrossSubnet"}}'
#@ step prove-it
#@ node/node1
tcpdump -nn -i eth0 -c 2 -w /root/near.pcap icmp &
#@ workstation
kubectl exec client -- ping -c 2 "$(kubectl get pod near -o jsonpath='{.status.podIP}')"
#@ node/node1
ip route
