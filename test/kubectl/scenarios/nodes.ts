/** Nodes taken out of service and back: cordon, drain with evictions and budgets, taints. */
import type { Scenario } from '../case.ts';

const DRAIN = 'k8s.io/kubectl pkg/drain/drain.go, pkg/cmd/drain/drain.go';
const TAINT = 'k8s.io/kubectl pkg/cmd/taint/taint.go, utils.go';

export const NODES: Scenario = {
  name: 'nodes',
  cases: [
    { run: 'cordon node1', source: DRAIN, stdout: 'node/node1 cordoned\n' },
    { run: 'cordon node1', source: DRAIN, stdout: 'node/node1 already cordoned\n' },
    {
      run: 'get node node1 --no-headers',
      source: 'k8s.io/kubernetes pkg/printers/internalversion/printers.go printNode',
      stdout: 'node1   Ready,SchedulingDisabled   <none>   <<age>>   v1.35.5\n',
    },
    { run: 'uncordon node1', source: DRAIN, stdout: 'node/node1 uncordoned\n' },
    { run: 'taint nodes node2 dedicated=db:NoSchedule', source: TAINT, stdout: 'node/node2 tainted\n' },
    {
      run: 'taint nodes node2 dedicated=db:NoSchedule',
      source: TAINT,
      end: 1,
      stderr:
        'error: node node2 already has dedicated taint(s) with same effect(s) and --overwrite is false\n',
    },
    { run: 'taint nodes node2 dedicated-', source: TAINT, stdout: 'node/node2 untainted\n' },
    {
      run: 'taint nodes node2 dedicated-',
      source: TAINT,
      end: 1,
      stderr: 'error: taint "dedicated" not found\n',
    },
    {
      run: 'drain node2 --timeout=5s',
      source: `${DRAIN}; pkg/drain/filters.go`,
      end: 1,
      stdout: 'node/node2 cordoned\n',
      stderr: `error: unable to drain node "node2" due to error: cannot delete DaemonSet-managed Pods (use --ignore-daemonsets to ignore): kube-system/calico-node-<<hash>>, kube-system/kube-proxy-<<hash>>, continuing command...
There are pending nodes to be drained:
 node2
cannot delete DaemonSet-managed Pods (use --ignore-daemonsets to ignore): kube-system/calico-node-<<hash>>, kube-system/kube-proxy-<<hash>>
`,
    },
    {
      run: 'create -f budget.yaml',
      source: 'k8s.io/kubectl pkg/cmd/create/create.go',
      stdout: 'poddisruptionbudget.policy/web created\n',
    },
    {
      run: 'get pdb',
      source: 'k8s.io/kubernetes pkg/printers/internalversion/printers.go printPodDisruptionBudget',
      stdout: `NAME   MIN AVAILABLE   MAX UNAVAILABLE   ALLOWED DISRUPTIONS   AGE
web    2               N/A               0                     <<age>>
`,
    },
    {
      run: 'drain node3 --force --ignore-daemonsets --timeout=1s --pod-selector=app=web',
      source: `${DRAIN}; k8s.io/kubernetes pkg/registry/core/pod/storage/eviction.go`,
      end: 1,
      stdout: 'node/node3 cordoned\nevicting pod default/far\nevicting pod default/far\n',
      stderr: `Warning: deleting Pods that declare no controller: default/far
error when evicting pods/"far" -n "default" (will retry after 5s): Cannot evict pod as it would violate the pod's disruption budget.
There are pending pods in node "node3" when an error occurred: error when evicting pods/"far" -n "default": global timeout reached: 1s
pod/far
error: unable to drain node "node3" due to error: error when evicting pods/"far" -n "default": global timeout reached: 1s, continuing command...
There are pending nodes to be drained:
 node3
error when evicting pods/"far" -n "default": global timeout reached: 1s
`,
    },
    {
      run: 'delete pdb web',
      source: 'k8s.io/kubectl pkg/cmd/delete/delete.go',
      stdout: 'poddisruptionbudget.policy "web" deleted\n',
    },
    {
      run: 'drain node3 --force --ignore-daemonsets --timeout=90s --pod-selector=app=web',
      source: DRAIN,
      stdout: `node/node3 already cordoned
evicting pod default/far
pod/far evicted
node/node3 drained
`,
      stderr: 'Warning: deleting Pods that declare no controller: default/far\n',
    },
  ],
};
