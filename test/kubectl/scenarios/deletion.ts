/** What holds an object back when it is deleted, and deletions that are only tried. */
import type { Scenario } from '../case.ts';

const META = 'k8s.io/apimachinery pkg/api/validation/objectmeta.go';
const DELETE =
  'k8s.io/kubectl pkg/cmd/delete/delete.go; k8s.io/apiserver pkg/registry/generic/registry/store.go';
const PATCH = 'k8s.io/kubectl pkg/cmd/patch/patch.go';

const finalizers = (...names: readonly string[]): string =>
  `'${JSON.stringify({ metadata: { finalizers: names } })}'`;

export const DELETION: Scenario = {
  name: 'deletion',
  cases: [
    {
      run: 'create cm held',
      source: 'k8s.io/kubectl pkg/cmd/create/create_configmap.go',
      stdout: 'configmap/held created\n',
    },
    {
      run: `patch cm held --type=merge -p ${finalizers('mine')}`,
      source: 'k8s.io/kubernetes pkg/apis/core/validation/validation.go validateKubeFinalizerName',
      end: 1,
      stderr:
        'The ConfigMap "held" is invalid: metadata.finalizers[0]: Invalid value: "mine": name is neither a standard finalizer name nor is it fully qualified\n',
    },
    {
      run: `patch cm held --type=merge -p ${finalizers('example.com/a', 'example.com/b')}`,
      source: PATCH,
      stdout: 'configmap/held patched\n',
    },
    { run: 'delete cm held --dry-run=server', source: DELETE, stdout: 'configmap "held" deleted<<any>>\n' },
    {
      run: "get cm held -o jsonpath='{.metadata.deletionTimestamp}'",
      source: DELETE,
    },
    { run: 'delete cm held --wait=false', source: DELETE, stdout: 'configmap "held" deleted\n' },
    {
      run: 'delete cm held --timeout=3s',
      source: 'k8s.io/kubectl pkg/cmd/delete/delete.go; pkg/cmd/wait/wait.go (time of the wait for deletion)',
      end: 1,
      stdout: 'configmap "held" deleted\n',
      // When the time is over, what watches may tell that it was stopped.
      stderr: '<<log>>error: timed out waiting for the condition on configmaps/held\n',
    },
    {
      run: `patch cm held --type=merge -p ${finalizers('example.com/a', 'example.com/b', 'example.com/c')}`,
      source: `${META} ValidateNoNewFinalizers`,
      end: 1,
      stderr:
        'The ConfigMap "held" is invalid: metadata.finalizers: Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers []string{"example.com/c"}\n',
    },
    {
      run: `patch cm held --type=merge -p ${finalizers()}`,
      source: PATCH,
      stdout: 'configmap/held patched\n',
    },
    {
      run: 'get cm held',
      source: 'k8s.io/apimachinery pkg/api/errors/errors.go NewNotFound',
      end: 1,
      stderr: 'Error from server (NotFound): configmaps "held" not found\n',
    },
    { run: 'delete pod near --dry-run=server', source: DELETE, stdout: 'pod "near" deleted<<any>>\n' },
    {
      run: 'get pod near --no-headers',
      source: 'k8s.io/kubernetes pkg/printers/internalversion/printers.go printPod',
      stdout: 'near   1/1   Running   0     <<age>>\n',
    },
  ],
};
