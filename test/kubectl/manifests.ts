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
};
