/** The files that the cases name. */
const deployment = (image: string, replicas: number): string => `apiVersion: apps/v1
kind: Deployment
metadata: { name: api }
spec:
  replicas: ${replicas}
  selector: { matchLabels: { app: api } }
  template:
    metadata: { labels: { app: api } }
    spec:
      containers:
        - { name: api, image: "${image}", ports: [{ containerPort: 80 }] }
`;

const settings = (data: string, metadata = 'name: settings'): string => `apiVersion: v1
kind: ConfigMap
metadata: { ${metadata} }
data: { ${data} }
`;

export const MANIFESTS: Readonly<Record<string, string>> = {
  'api.yaml': deployment('registry.k8s.io/pause:3.10', 2),
  'api-three.yaml': deployment('registry.k8s.io/pause:3.10', 3),
  'shop.yaml': `apiVersion: apps/v1
kind: Deployment
metadata: { name: shop, labels: { app: shop } }
spec:
  replicas: 2
  selector: { matchLabels: { app: shop } }
  template:
    metadata: { labels: { app: shop } }
    spec:
      containers:
        - { name: web, image: "nginx:1.27", ports: [{ containerPort: 80 }] }
`,
  'settings.yaml': settings('color: red, size: small'),
  'settings-blue.yaml': settings('color: blue'),
  'settings-size.yaml': settings('size: small'),
  'settings-stale.yaml': settings('color: green', 'name: settings, resourceVersion: "1"'),
  'typo.yaml': `apiVersion: v1
kind: Pod
metadata: { name: typo }
spec:
  containers: [{ name: c, image: "registry.k8s.io/pause:3.10", imagPullPolicy: Always }]
`,
  'bad-service.yaml': `apiVersion: v1
kind: Service
metadata: { name: bad }
spec: { ports: [{ port: 99999, targetPort: 80 }] }
`,
  'pool.yaml': `apiVersion: crd.projectcalico.org/v1
kind: IPPool
metadata: { name: second }
spec: { cidr: 10.200.0.0/16, ipipMode: Sometimes, vxlanMode: Never }
`,
  'budget.yaml': `apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: { name: web }
spec: { minAvailable: 2, selector: { matchLabels: { app: web } } }
`,
  'netpol.yaml': `apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: web, labels: { team: blue } }
spec:
  podSelector: { matchLabels: { app: web }, matchExpressions: [{ key: env, operator: In, values: [a, b] }] }
  policyTypes: [Ingress, Egress]
  ingress:
    - from:
        - namespaceSelector: { matchLabels: { team: red } }
          podSelector: { matchExpressions: [{ key: role, operator: Exists }] }
        - ipBlock: { cidr: 10.0.0.0/8, except: [10.1.0.0/16, 10.2.0.0/16] }
      ports: [{ port: 80 }, { protocol: UDP, port: dns }, { port: 8000, endPort: 8080 }, { protocol: SCTP }]
    - {}
  egress:
    - to: [{ namespaceSelector: {} }, { podSelector: {} }, { ipBlock: { cidr: 192.0.2.0/24 } }]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: quiet }
spec: { podSelector: {} }
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: silent }
spec: { podSelector: {}, policyTypes: [Egress], egress: [] }
`,
  'bad-netpol.yaml': `apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: bad }
spec:
  podSelector: {}
  ingress: [{ from: [{}, { ipBlock: { cidr: 10.0.0.0/8 }, podSelector: {} }], ports: [{ port: 80, endPort: 70 }] }]
`,
  'calico-policy.yaml': `apiVersion: crd.projectcalico.org/v1
kind: GlobalNetworkPolicy
metadata: { name: all }
spec: { selector: all(), ingress: [{ action: Allow, protocol: TCP, destination: { ports: [80] } }] }
---
apiVersion: crd.projectcalico.org/v1
kind: Tier
metadata: { name: security }
spec: { order: 10 }
`,
  'dual-stack.yaml': `apiVersion: v1
kind: Service
metadata: { name: both }
spec:
  ipFamilyPolicy: RequireDualStack
  ipFamilies: [IPv4, IPv6]
  clusterIP: 10.96.5.5
  clusterIPs: [10.96.5.5, "fd00:10:96::55"]
  selector: { app: both }
  ports: [{ port: 80 }]
---
apiVersion: v1
kind: Service
metadata: { name: six }
spec: { clusterIP: "fd00:10:96::66", selector: { app: six }, ports: [{ port: 80 }] }
---
apiVersion: v1
kind: Service
metadata: { name: nobody }
spec: { clusterIP: None, ports: [{ port: 80 }] }
`,
  'dual-stack-pod.yaml': `apiVersion: v1
kind: Pod
metadata: { name: six, labels: { app: six } }
spec: { nodeName: node2, hostNetwork: true, containers: [{ name: c, image: "registry.k8s.io/pause:3.10" }] }
`,
  'bad-calico-policy.yaml': `apiVersion: crd.projectcalico.org/v1
kind: GlobalNetworkPolicy
metadata: { name: bad }
spec: { preDNAT: true, types: [Egress], ingress: [{ action: Allow, icmp: { code: 1 } }] }
`,
};
