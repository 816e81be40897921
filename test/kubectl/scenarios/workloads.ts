/** Deployments and what belongs to them: protobuf creations, rollouts, scaling, exposure, deletion. */
import type { Scenario } from '../case.ts';

const CREATE = 'k8s.io/kubectl pkg/cmd/create/create.go (sent as protobuf)';

export const WORKLOADS: Scenario = {
  name: 'workloads',
  cases: [
    {
      run: 'create deployment api --image=registry.k8s.io/pause:3.9 --replicas=2 --port=80',
      source: `${CREATE} create_deployment.go`,
      stdout: 'deployment.apps/api created\n',
    },
    {
      run: 'wait --for=condition=Available deploy/api --timeout=60s',
      source: 'k8s.io/kubectl pkg/cmd/wait/wait.go',
      stdout: 'deployment.apps/api condition met\n',
    },
    {
      run: 'rollout status deploy/api',
      source: 'k8s.io/kubectl pkg/polymorphichelpers/rollout_status.go',
      stdout: 'deployment "api" successfully rolled out\n',
    },
    {
      run: 'get deploy api -o wide',
      source: 'k8s.io/kubernetes pkg/printers/internalversion/printers.go printDeployment',
      stdout: `NAME   READY   UP-TO-DATE   AVAILABLE   AGE   CONTAINERS   IMAGES   SELECTOR
api    2/2     2            2           <<age>>   pause   registry.k8s.io/pause:3.9   app=api
`,
    },
    {
      run: 'get rs -l app=api',
      source: 'k8s.io/kubernetes pkg/printers/internalversion/printers.go printReplicaSet',
      stdout: `NAME   DESIRED   CURRENT   READY   AGE
api-<<hash>>   2         2         2       <<age>>
`,
    },
    {
      run: 'set image deploy/api pause=registry.k8s.io/pause:3.10',
      source: 'k8s.io/kubectl pkg/cmd/set/set_image.go',
      stdout: 'deployment.apps/api image updated\n',
    },
    {
      run: 'rollout history deploy/api',
      source: 'k8s.io/kubectl pkg/polymorphichelpers/history.go',
      stdout: `deployment.apps/api 
REVISION  CHANGE-CAUSE
1         <none>
2         <none>

`,
    },
    {
      run: 'rollout undo deploy/api',
      source: 'k8s.io/kubectl pkg/cmd/rollout/rollout_undo.go',
      stdout: 'deployment.apps/api rolled back\n',
    },
    {
      run: "get deploy api -o jsonpath='{.spec.template.spec.containers[0].image}'",
      source: 'k8s.io/kubectl pkg/polymorphichelpers/rollback.go',
      stdout: 'registry.k8s.io/pause:3.9',
    },
    {
      run: 'rollout restart deploy/api',
      source: 'k8s.io/kubectl pkg/cmd/rollout/rollout_restart.go',
      stdout: 'deployment.apps/api restarted\n',
    },
    {
      run: 'scale deploy/api --replicas=3 --current-replicas=9',
      source: 'k8s.io/kubectl pkg/scale/scale.go PreconditionError',
      end: 1,
      stderr: 'error: Expected replicas to be 9, was 2\n',
    },
    {
      run: 'expose deploy api --port=80 --target-port=8080',
      source: 'k8s.io/kubectl pkg/cmd/expose/expose.go',
      stdout: 'service/api exposed\n',
    },
    {
      run: "get svc api -o jsonpath='{.spec.selector} {.spec.ports}'",
      source: 'k8s.io/kubectl pkg/cmd/expose/expose.go generateService',
      stdout: '{"app":"api"} [{"port":80,"protocol":"TCP","targetPort":8080}]',
    },
    {
      run: 'create configmap words --from-literal=a=1 --from-literal=b=2',
      source: `${CREATE} create_configmap.go`,
      stdout: 'configmap/words created\n',
    },
    {
      run: 'create secret generic key --from-literal=word=open',
      source: `${CREATE} create_secret.go`,
      stdout: 'secret/key created\n',
    },
    {
      run: 'get cm/words secret/key -o name',
      source: 'k8s.io/cli-runtime pkg/printers/name.go',
      stdout: 'configmap/words\nsecret/key\n',
    },
    {
      run: "get secret key -o jsonpath='{.type} {.data.word}'",
      source: 'k8s.io/kubernetes pkg/apis/core/v1/defaults.go SetDefaults_Secret',
      stdout: 'Opaque b3Blbg==',
    },
    {
      run: 'create namespace other',
      source: `${CREATE} create_namespace.go`,
      stdout: 'namespace/other created\n',
    },
    {
      run: 'create serviceaccount robot -n other',
      source: `${CREATE} create_serviceaccount.go`,
      stdout: 'serviceaccount/robot created\n',
    },
    {
      run: 'run once -n other --image=registry.k8s.io/pause:3.10 --restart=Never',
      source: 'k8s.io/kubectl pkg/cmd/run/run.go',
      stdout: 'pod/once created\n',
    },
    {
      run: 'delete namespace other --timeout=60s',
      source: 'k8s.io/kubectl pkg/cmd/delete/delete.go (waits until it is gone)',
      stdout: 'namespace "other" deleted\n',
    },
    {
      run: 'delete deploy api --cascade=orphan',
      source: 'k8s.io/kubectl pkg/cmd/delete/delete.go',
      stdout: 'deployment.apps "api" deleted\n',
    },
    {
      run: "get rs -l app=api -o jsonpath='{.items[*].metadata.ownerReferences}'",
      source: 'k8s.io/kubernetes pkg/controller/garbagecollector/garbagecollector.go orphanDependents',
      stdout: '',
    },
    {
      run: 'delete svc,rs -l app=api',
      source:
        'k8s.io/kubectl pkg/cmd/delete/delete.go; k8s.io/cli-runtime pkg/resource/builder.go (types in the order given)',
      stdout: `service "api" deleted
replicaset.apps "api-<<hash>>" deleted
replicaset.apps "api-<<hash>>" deleted
replicaset.apps "api-<<hash>>" deleted
`,
    },
    {
      run: 'delete pod nosuch --ignore-not-found',
      source: 'k8s.io/kubectl pkg/cmd/delete/delete.go',
    },
  ],
};
