#@ step masked
#@ host/outside
tcpdump -nn -i eth0 -c 2 -w /root/masked.pcap icmp &
#@ workstation
kubectl exec client -- ping -c 2 203.0.113.10
#@ step unmasked
calicoctl patch ippool default-ipv4-ippool -p '{"spec":{"natOutgoing":false}}'
sleep 2
#@ host/outside
tcpdump -nn -i eth0 -c 3 -w /root/unmasked.pcap icmp &
#@ workstation
# Nobody answers, so ping fails as it should.
! kubectl exec client -- ping -c 2 -W 1 203.0.113.10
#@ step way-back
#@ router/router
ip route add 10.244.166.128/26 via 10.0.0.11
ip route add 10.244.104.0/26 via 10.0.0.12
ip route add 10.244.135.0/26 via 10.0.1.13
#@ step selective
#@ workstation
calicoctl apply -f - <<'POOL'
apiVersion: projectcalico.org/v3
kind: IPPool
metadata:
  name: routed-outside
spec:
  cidr: 203.0.113.0/24
  disabled: true
POOL
calicoctl patch ippool default-ipv4-ippool -p '{"spec":{"natOutgoing":true}}'
sleep 2
