/** A cluster with IPv6 beside IPv4: families of services as they are asked for, shown, refused and changed; nodes and pods. */
import type { Scenario } from '../case.ts';

const ALLOCATION = 'k8s.io/kubernetes pkg/registry/core/service/storage/alloc.go';
const VALIDATION = 'k8s.io/kubernetes pkg/apis/core/validation/validation.go';
const NODE_RANGES = 'k8s.io/kubernetes pkg/controller/nodeipam/ipam/range_allocator.go';

const families = (name: string): string =>
  `get svc ${name} -o jsonpath='{.spec.ipFamilyPolicy}{" "}{.spec.ipFamilies}{" "}{.spec.clusterIPs}'`;

export const DUAL_STACK: Scenario = {
  name: 'dual stack',
  topology: 'dual-stack',
  cases: [
    {
      run: `get nodes -o jsonpath='{range .items[*]}{.metadata.name}{" "}{.spec.podCIDRs}{"\\n"}{end}'`,
      source: NODE_RANGES,
      stdout: `control-plane ["10.244.0.0/24","fd00:10:244::/64"]
node1 ["10.244.1.0/24","fd00:10:244:1::/64"]
node2 ["10.244.2.0/24","fd00:10:244:2::/64"]
node3 ["10.244.3.0/24","fd00:10:244:3::/64"]
`,
    },
    {
      run: `get pod etcd-control-plane -n kube-system -o jsonpath='{.status.hostIPs[*].ip}{" "}{.status.podIPs[*].ip}'`,
      source: 'k8s.io/kubernetes pkg/kubelet/kubelet_pods.go generateAPIPodStatus',
      stdout: '10.0.0.10 fd00:a::10 10.0.0.10 fd00:a::10',
    },
    {
      run: families('kubernetes'),
      source: 'k8s.io/kubernetes pkg/controlplane/controller/kubernetesservice/controller.go',
      stdout: 'SingleStack ["IPv4"] ["10.96.0.1"]',
    },
    {
      run: 'apply -f dual-stack.yaml',
      source: 'k8s.io/kubectl pkg/cmd/apply/apply.go',
      stdout: 'service/both created\nservice/six created\nservice/nobody created\n',
    },
    {
      run: 'get svc both',
      source: 'k8s.io/kubernetes pkg/printers/internalversion/printers.go printService',
      stdout: `NAME   TYPE        CLUSTER-IP   EXTERNAL-IP   PORT(S)   AGE
both   ClusterIP   10.96.5.5    <none>        80/TCP    <<age>>
`,
    },
    {
      run: 'describe svc both',
      source: 'k8s.io/kubectl pkg/describe/describe.go describeService',
      stdout: `Name:                     both
Namespace:                default
Labels:                   <none>
Annotations:              <none>
Selector:                 app=both
Type:                     ClusterIP
IP Family Policy:         RequireDualStack
IP Families:              IPv4,IPv6
IP:                       10.96.5.5
IPs:                      10.96.5.5,fd00:10:96::55
Port:                     <unset>  80/TCP
TargetPort:               80/TCP
Endpoints:                
Session Affinity:         None
Internal Traffic Policy:  Cluster
Events:                   <none>
`,
    },
    { run: families('six'), source: ALLOCATION, stdout: 'SingleStack ["IPv6"] ["fd00:10:96::66"]' },
    { run: families('nobody'), source: ALLOCATION, stdout: 'RequireDualStack ["IPv4","IPv6"] ["None"]' },
    {
      run: 'get endpointslices -l kubernetes.io/service-name=both --sort-by=.addressType -o custom-columns=TYPE:.addressType --no-headers',
      source: 'k8s.io/endpointslice reconciler.go',
      stdout: 'IPv4\nIPv6\n',
    },
    {
      run: `patch svc both --type=merge -p '{"spec":{"ipFamilies":["IPv6","IPv4"]}}'`,
      source: `${VALIDATION} ValidateServiceClusterIPsRelatedFields`,
      end: 1,
      stderr: `The Service "both" is invalid: 
* spec.clusterIPs[0]: Invalid value: "10.96.5.5": expected an IPv6 value as indicated by \`ipFamilies[0]\`
* spec.clusterIPs[1]: Invalid value: "fd00:10:96::55": expected an IPv4 value as indicated by \`ipFamilies[1]\`
`,
    },
    {
      run: `patch svc both --type=merge -p '{"spec":{"ipFamilies":["IPv4"]}}'`,
      source: `${ALLOCATION} initIPFamilyFields`,
      end: 1,
      stderr:
        'The Service "both" is invalid: spec.ipFamilyPolicy: Invalid value: "RequireDualStack": must be \'SingleStack\' to release the secondary IP family\n',
    },
    {
      run: `patch svc both -p '{"spec":{"ipFamilyPolicy":"SingleStack"}}'`,
      source: 'k8s.io/kubectl pkg/cmd/patch/patch.go',
      stdout: 'service/both patched\n',
    },
    { run: families('both'), source: ALLOCATION, stdout: 'SingleStack ["IPv4"] ["10.96.5.5"]' },
    {
      run: 'apply -f dual-stack.yaml',
      source: 'k8s.io/kubectl pkg/cmd/apply/apply.go',
      stdout: 'service/both configured\nservice/six unchanged\nservice/nobody unchanged\n',
    },
    {
      run: families('both'),
      source: ALLOCATION,
      stdout: 'RequireDualStack ["IPv4","IPv6"] ["10.96.5.5","fd00:10:96::55"]',
    },
  ],
};
