#@ step catch-ipip
#@ node/node1
tcpdump -nn -i eth0 -c 4 -w /root/ipip.pcap ip proto 4 &
#@ workstation
kubectl exec client -- ping -c 3 "$(kubectl get pod far -o jsonpath='{.status.podIP}')"
#@ step cross-subnet
calicoctl patch ippool default-ipv4-ippool -p '{"spec":{"ipipMode":"CrossSubnet"}}'
# BIRD tells its peers within seconds.
sleep 5
#@ step to-vxlan
calicoctl patch ippool default-ipv4-ippool -p '{"spec":{"ipipMode":"Never","vxlanMode":"CrossSubnet"}}'
sleep 5
#@ node/node1
tcpdump -nn -i eth0 -c 4 -w /root/vxlan.pcap udp port 4789 &
#@ workstation
kubectl exec client -- ping -c 3 "$(kubectl get pod far -o jsonpath='{.status.podIP}')"
#@ step right-size
kubectl delete -f pods.yaml
kubectl apply -f pods.yaml
kubectl wait --for=condition=Ready pod/client pod/near pod/far
