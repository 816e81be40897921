/** What can be looked at: tables, selections, output formats, explain, discovery. */
import type { Scenario } from '../case.ts';

const PODS = 'k8s.io/kubernetes pkg/printers/internalversion/printers.go printPod';
const GET = 'k8s.io/kubectl pkg/cmd/get/get.go';
const EXPLAIN =
  'k8s.io/kubectl pkg/explain/v2/templates/plaintext.tmpl; k8s.io/api core/v1/types.go (our descriptions)';

export const READING: Scenario = {
  name: 'reading',
  cases: [
    {
      run: 'get nodes',
      source: 'k8s.io/kubernetes pkg/printers/internalversion/printers.go printNode',
      stdout: `NAME            STATUS   ROLES           AGE   VERSION
control-plane   Ready    control-plane   <<age>>   v1.35.5
node1           Ready    <none>          <<age>>   v1.35.5
node2           Ready    <none>          <<age>>   v1.35.5
node3           Ready    <none>          <<age>>   v1.35.5
`,
    },
    {
      run: 'get pods -o wide',
      source: PODS,
      stdout: `NAME   READY   STATUS    RESTARTS   AGE   IP   NODE   NOMINATED NODE   READINESS GATES
far    1/1     Running   0          <<age>>   <<ip>>   node3   <none>           <none>
near   1/1     Running   0          <<age>>   <<ip>>   node1   <none>           <none>
`,
    },
    {
      run: 'get pods near --no-headers --show-labels',
      source: `${PODS}; k8s.io/kubectl pkg/cmd/get/humanreadable_flags.go`,
      stdout: 'near   1/1   Running   0     <<age>>   app=web\n',
    },
    {
      run: 'get svc',
      source: 'k8s.io/kubernetes pkg/printers/internalversion/printers.go printService',
      stdout: `NAME         TYPE        CLUSTER-IP      EXTERNAL-IP   PORT(S)   AGE
kubernetes   ClusterIP   10.96.0.1       <none>        443/TCP   <<age>>
web          ClusterIP   <<ip>>   <none>        80/TCP    <<age>>
`,
    },
    {
      run: 'get endpointslices -l kubernetes.io/service-name=kubernetes',
      source: 'k8s.io/kubernetes pkg/printers/internalversion/printers.go printEndpointSlice',
      stdout: `NAME         ADDRESSTYPE   PORTS   ENDPOINTS   AGE
kubernetes   IPv4          6443    10.0.0.10   <<age>>
`,
    },
    {
      run: 'get cs',
      source:
        'k8s.io/kubernetes pkg/printers/internalversion/printers.go printComponentStatus; pkg/registry/core/componentstatus/rest.go',
      stdout: `NAME                 STATUS    MESSAGE   ERROR
controller-manager   Healthy   ok  
etcd-0               Healthy   ok  
scheduler            Healthy   ok  
`,
      stderr: 'Warning: v1 ComponentStatus is deprecated in v1.19+\n',
    },
    {
      run: 'get pods -l app=web -o name',
      source: 'k8s.io/cli-runtime pkg/printers/name.go',
      stdout: 'pod/far\npod/near\n',
    },
    {
      run: 'get pods --field-selector spec.nodeName=node3 -o name',
      source: 'k8s.io/kubernetes pkg/apis/core/v1/conversion.go (selectable fields of pods)',
      stdout: 'pod/far\n',
    },
    {
      run: 'get pods -l app=web,app!=web',
      source: `${GET} (No resources found)`,
      stderr: 'No resources found in default namespace.\n',
    },
    {
      run: "get pods near -o jsonpath='{.metadata.name} {.spec.containers[0].ports}{.status.phase}'",
      source: 'k8s.io/client-go util/jsonpath/jsonpath.go',
      stdout: 'near Running',
    },
    {
      run: 'get pods -o custom-columns=POD:.metadata.name,NODE:.spec.nodeName,NONE:.spec.none',
      source: 'k8s.io/kubectl pkg/cmd/get/customcolumn.go',
      stdout: `POD    NODE    NONE
far    node3   <none>
near   node1   <none>
`,
    },
    {
      run: 'get svc web -o yaml',
      source:
        'k8s.io/kubernetes pkg/apis/core/v1/defaults.go SetDefaults_Service; pkg/registry/core/service/storage',
      stdout: `apiVersion: v1
kind: Service
metadata:
  annotations:
    kubectl.kubernetes.io/last-applied-configuration: |
      {"apiVersion":"v1","kind":"Service","metadata":{"annotations":{},"name":"web","namespace":"default"},"spec":{"ports":[{"port":80}],"selector":{"app":"web"}}}
  creationTimestamp: "<<any>>"
  name: web
  namespace: default
  resourceVersion: "<<any>>"
  uid: <<any>>
spec:
  clusterIP: <<ip>>
  clusterIPs:
  - <<ip>>
  internalTrafficPolicy: Cluster
  ipFamilies:
  - IPv4
  ipFamilyPolicy: SingleStack
  ports:
  - port: 80
    protocol: TCP
    targetPort: 80
  selector:
    app: web
  sessionAffinity: None
  type: ClusterIP
status:
  loadBalancer: {}
`,
    },
    {
      run: 'get pod near --watch --output-watch-events',
      source: `${GET} watch; ${PODS}`,
      until: 'near',
      end: 'interrupted',
      stdout: `EVENT   NAME   READY   STATUS    RESTARTS   AGE
ADDED   near   1/1     Running   0          <<age>>
`,
    },
    {
      run: 'get ippools.crd.projectcalico.org',
      source:
        'k8s.io/apiextensions-apiserver pkg/registry/customresource/tableconvertor (no columns declared) tableconvertor.go',
      stdout: `NAME                  AGE
default-ipv4-ippool   <<age>>
`,
    },
    {
      run: 'api-resources --api-group=discovery.k8s.io',
      source: 'k8s.io/kubectl pkg/cmd/apiresources/apiresources.go; k8s.io/kubernetes pkg/registry/discovery',
      stdout: `NAME             SHORTNAMES   APIVERSION            NAMESPACED   KIND
endpointslices                discovery.k8s.io/v1   true         EndpointSlice
`,
    },
    {
      run: 'explain service.spec.ports --recursive',
      source: EXPLAIN,
      stdout: `KIND:       Service
VERSION:    v1

FIELD: ports <[]ServicePort>


DESCRIPTION:
    The ports the Service has.
    
FIELDS:
  appProtocol\t<string>
  name\t<string>
  nodePort\t<integer>
  port\t<integer> -required-
  protocol\t<string>
  enum: SCTP, TCP, UDP
  targetPort\t<IntOrString>

`,
    },
    {
      run: 'explain deployment.spec.strategy --recursive',
      source: `${EXPLAIN} apps/v1/types.go`,
      stdout: `GROUP:      apps
KIND:       Deployment
VERSION:    v1

FIELD: strategy <DeploymentStrategy>


DESCRIPTION:
    How old pods give way to new ones.
    
FIELDS:
  rollingUpdate\t<RollingUpdateDeployment>
    maxSurge\t<IntOrString>
    maxUnavailable\t<IntOrString>
  type\t<string>
  enum: Recreate, RollingUpdate

`,
    },
    {
      run: 'explain pod.spec.nosuch',
      source: EXPLAIN,
      end: 1,
      stdout: 'KIND:       Pod\nVERSION:    v1\n\n',
      stderr: 'error: field "nosuch" does not exist\n',
    },
  ],
};
