/** Client-side and server-side apply, patches, labels, and what kubectl makes of them. */
import type { Scenario } from '../case.ts';

const APPLIED = 'k8s.io/kubectl pkg/cmd/apply/apply.go';
const SSA =
  'k8s.io/apimachinery pkg/util/managedfields/internal/conflict.go; k8s.io/kubectl pkg/cmd/apply/apply.go';

const ADVICE = `Please review the fields above--they currently have other managers. Here
are the ways you can resolve this warning:
* If you intend to manage all of these fields, please re-run the apply
  command with the \`--force-conflicts\` flag.
* If you do not intend to manage all of the fields, please edit your
  manifest to remove references to the fields that should keep their
  current managers.
* You may co-own fields by updating your manifest to match the existing
  value; in this case, you'll become the manager if the other manager(s)
  stop managing the field (remove it from their configuration).
See https://kubernetes.io/docs/reference/using-api/server-side-apply/#conflicts
`;

export const APPLY: Scenario = {
  name: 'applying and patching',
  cases: [
    { run: 'apply -f settings.yaml', source: APPLIED, stdout: 'configmap/settings created\n' },
    { run: 'apply -f settings.yaml', source: APPLIED, stdout: 'configmap/settings unchanged\n' },
    {
      run: 'diff -f settings-blue.yaml',
      source: 'k8s.io/kubectl pkg/cmd/diff/diff.go (needs diff on PATH); exit code 1 means a difference',
      end: 1,
      stdout: `diff -u -N <<any>> <<any>>
--- <<any>>
+++ <<any>>
@@ -1,7 +1,6 @@
 apiVersion: v1
 data:
-  color: red
-  size: small
+  color: blue
 kind: ConfigMap
 metadata:
   annotations:
`,
    },
    { run: 'apply -f settings-blue.yaml', source: APPLIED, stdout: 'configmap/settings configured\n' },
    {
      run: "get cm settings -o jsonpath='{.data}'",
      source:
        'https://kubernetes.io/docs/tasks/manage-kubernetes-objects/declarative-config/#how-apply-calculates-differences-and-merges-changes',
      stdout: '{"color":"blue"}',
    },
    {
      run: 'replace -f settings-stale.yaml',
      source: 'k8s.io/apiserver pkg/registry/generic/registry/store.go OptimisticLockErrorMsg',
      end: 1,
      stderr:
        'Error from server (Conflict): error when replacing "settings-stale.yaml": Operation cannot be fulfilled on configmaps "settings": the object has been modified; please apply your changes to the latest version and try again\n',
    },
    {
      run: 'apply --server-side --field-manager=alice -f settings.yaml',
      source: SSA,
      end: 1,
      stderr: `error: Apply failed with 1 conflict: conflict with "kubectl-client-side-apply" using v1: .data.color
${ADVICE}`,
    },
    {
      run: 'apply --server-side --field-manager=alice --force-conflicts -f settings.yaml',
      source: SSA,
      stdout: 'configmap/settings serverside-applied\n',
    },
    {
      run: 'get cm settings --show-managed-fields -o jsonpath=\'{range .metadata.managedFields[*]}{.manager} {.operation} {.fieldsV1.f:data}{"\\n"}{end}\'',
      source:
        'https://kubernetes.io/docs/reference/using-api/server-side-apply/#field-management; k8s.io/kubectl pkg/cmd/apply/apply.go migrateToSSAIfNecessary (what client-side apply had goes to alice)',
      stdout: 'alice Apply {"f:color":{},"f:size":{}}\n',
    },
    {
      run: 'apply --server-side --field-manager=bob -f settings-size.yaml',
      source:
        'https://kubernetes.io/docs/reference/using-api/server-side-apply/#sharing-resources (the same value is no conflict)',
      stdout: 'configmap/settings serverside-applied\n',
    },
    {
      run: 'apply --server-side --field-manager=alice -f settings-blue.yaml',
      source: SSA,
      stdout: 'configmap/settings serverside-applied\n',
    },
    {
      run: "get cm settings -o jsonpath='{.data}'",
      source:
        'https://kubernetes.io/docs/reference/using-api/server-side-apply/#merge-strategy (size is left: bob has it)',
      stdout: '{"color":"blue","size":"small"}',
    },
    {
      run: 'apply --server-side --field-manager=bob -f settings.yaml',
      source: SSA,
      end: 1,
      stderr: `error: Apply failed with 1 conflict: conflict with "alice": .data.color
${ADVICE}`,
    },
    { run: 'apply -f api.yaml', source: APPLIED, stdout: 'deployment.apps/api created\n' },
    {
      run: 'apply --server-side -f api.yaml',
      source:
        'https://kubernetes.io/docs/reference/using-api/server-side-apply/#upgrading-from-client-side-apply-to-server-side-apply',
      stdout: 'deployment.apps/api serverside-applied\n',
    },
    {
      // One by one: the list is in the order of their seconds.
      run: 'get deploy api -o jsonpath=\'{.metadata.managedFields[?(@.manager=="kubectl")].operation} {.metadata.managedFields[?(@.manager=="kubectl-last-applied")].operation}\'',
      source:
        'k8s.io/client-go util/csaupgrade/upgrade.go; k8s.io/kubectl pkg/cmd/apply/apply.go (kubectl-last-applied)',
      stdout: 'Apply Apply',
    },
    {
      run: 'scale deploy api --replicas=3',
      source: 'k8s.io/kubectl pkg/cmd/scale/scale.go',
      stdout: 'deployment.apps/api scaled\n',
    },
    {
      run: 'apply --server-side -f api.yaml',
      source: SSA,
      end: 1,
      stderr: `error: Apply failed with 1 conflict: conflict with "kubectl" with subresource "scale" using apps/v1: .spec.replicas
${ADVICE}`,
    },
    {
      run: 'apply --server-side -f typo.yaml',
      source:
        'sigs.k8s.io/structured-merge-diff typed/validate.go (field not declared in schema); managedfields structuredmerge.go',
      end: 1,
      stderr:
        'Error from server: failed to create typed patch object (default/typo; v1, Kind=Pod): .spec.containers[0].imagPullPolicy: field not declared in schema\n',
    },
    {
      run: 'label cm settings tier=front',
      source: 'k8s.io/kubectl pkg/cmd/label/label.go',
      stdout: 'configmap/settings labeled\n',
    },
    {
      run: 'label cm settings tier=back',
      source: 'k8s.io/kubectl pkg/cmd/label/label.go',
      end: 1,
      stderr: "error: 'tier' already has a value (front), and --overwrite is false\n",
    },
    {
      run: 'label cm settings tier-',
      source: 'k8s.io/kubectl pkg/cmd/label/label.go',
      stdout: 'configmap/settings unlabeled\n',
    },
    {
      run: 'annotate cm settings note=kept',
      source: 'k8s.io/kubectl pkg/cmd/annotate/annotate.go',
      stdout: 'configmap/settings annotated\n',
    },
    {
      run: 'patch cm settings --type=merge -p \'{"data":{"size":null,"shape":"round"}}\'',
      source: 'RFC 7386; k8s.io/kubectl pkg/cmd/patch/patch.go',
      stdout: 'configmap/settings patched\n',
    },
    {
      run: 'patch cm settings --type=json -p \'[{"op":"add","path":"/data/a","value":"1"}]\'',
      source: 'RFC 6902; k8s.io/kubectl pkg/cmd/patch/patch.go',
      stdout: 'configmap/settings patched\n',
    },
    {
      run: "get cm settings -o jsonpath='{.data}'",
      source: 'RFC 7386, RFC 6902; k8s.io/client-go util/jsonpath/jsonpath.go',
      stdout: '{"a":"1","color":"blue","shape":"round"}',
    },
    {
      run: 'patch deploy api -p \'{"spec":{"template":{"spec":{"containers":[{"name":"api","env":[{"name":"A","value":"1"}]}]}}}}\'',
      source: 'k8s.io/apimachinery pkg/util/strategicpatch/patch.go (containers merge by name)',
      stdout: 'deployment.apps/api patched\n',
    },
    {
      run: "get deploy api -o jsonpath='{.spec.template.spec.containers[*].image} {.spec.template.spec.containers[*].env}'",
      source: 'k8s.io/apimachinery pkg/util/strategicpatch/patch.go',
      stdout: 'registry.k8s.io/pause:3.10 [{"name":"A","value":"1"}]',
    },
  ],
};
