# Recreates only the pod that complained. far keeps its old MTU, and sends what the tunnel cannot carry to any pod that does not ask for less.
#@ fails right-size command pod/far
#@ passes right-size command pod/client
#@ workstation
calicoctl patch ippool default-ipv4-ippool -p '{"spec":{"ipipMode":"Never","vxlanMode":"CrossSubnet"}}'
sleep 5
kubectl delete pod client
kubectl apply -f pods.yaml
kubectl wait --for=condition=Ready pod/client
