/** Who may what, tokens, and what a kubeconfig and the server say of themselves. */
import type { Scenario } from '../case.ts';

const CAN_I = 'k8s.io/kubectl pkg/cmd/auth/cani.go';

export const ACCESS: Scenario = {
  name: 'access and configuration',
  cases: [
    { run: 'auth can-i create pods', source: CAN_I, stdout: 'yes\n' },
    {
      run: 'auth can-i delete nodes',
      source: `${CAN_I} (warning of cluster scope)`,
      stdout: 'yes\n',
      stderr: "Warning: resource 'nodes' is not namespace scoped\n\n",
    },
    { run: 'auth can-i list pods --as=bob', source: CAN_I, end: 1, stdout: 'no\n' },
    {
      run: 'get pods --as=bob',
      source: 'k8s.io/apiserver pkg/endpoints/handlers/responsewriters/errors.go ForbiddenStatusError',
      end: 1,
      stderr:
        'Error from server (Forbidden): pods is forbidden: User "bob" cannot list resource "pods" in API group "" in the namespace "default"\n',
    },
    {
      run: 'auth whoami',
      source:
        'k8s.io/kubectl pkg/cmd/auth/whoami.go; kubeadm cmd/kubeadm/app/constants (kubeadm:cluster-admins) constants.go',
      stdout: `ATTRIBUTE   VALUE
Username    kubernetes-admin
Groups      [kubeadm:cluster-admins system:authenticated]
`,
    },
    {
      run: 'create token default',
      source:
        'k8s.io/kubectl pkg/cmd/create/create_token.go; k8s.io/kubernetes pkg/serviceaccount/jwt.go (three parts)',
      stdout: 'ey<<any>>.ey<<any>>.<<any>>',
    },
    {
      run: 'cluster-info',
      source: 'k8s.io/kubectl pkg/cmd/clusterinfo/clusterinfo.go',
      stdout: `Kubernetes control plane is running at <<server>>
CoreDNS is running at <<server>>/api/v1/namespaces/kube-system/services/kube-dns:dns/proxy

To further debug and diagnose cluster problems, use 'kubectl cluster-info dump'.
`,
    },
    {
      run: 'config view --minify',
      source: 'k8s.io/client-go tools/clientcmd/api/v1/types.go; k8s.io/kubectl pkg/cmd/config/view.go',
      stdout: `apiVersion: v1
clusters:
- cluster:
    server: <<server>>
  name: underlay-two-racks
contexts:
- context:
    cluster: underlay-two-racks
    user: underlay-two-racks
  name: underlay-two-racks
current-context: underlay-two-racks
extensions:
- extension:
    topology: two-racks
  name: underlay
kind: Config
preferences: {}
users:
- name: underlay-two-racks
  user: {}
`,
    },
    {
      run: 'config set-context --current --namespace=kube-system',
      source: 'k8s.io/kubectl pkg/cmd/config/set_context.go',
      stdout: 'Context "underlay-two-racks" modified.\n',
    },
    {
      run: 'get deploy -o name',
      source: 'k8s.io/cli-runtime pkg/printers/name.go (the namespace of the context)',
      stdout: 'deployment.apps/calico-kube-controllers\ndeployment.apps/coredns\n',
    },
  ],
};
