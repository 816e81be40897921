/**
 * kubectl get and describe against the simulator's API server.
 * Outputs marked "compared" were compared, line by line, with kubectl v1.32.4 talking to that same server over HTTP; where
 * v1.35 words something differently (`deleted from ... namespace`, port names and event paths in describe) its source decided.
 */
import { beforeAll, describe, expect, test } from 'vitest';
import { shopLab, type KubectlLab } from './lab.contract.ts';

let lab: KubectlLab;

const type = (line: string, stdin = '') => lab.type(line, stdin);

beforeAll(async () => {
  lab = await shopLab();
});

describe('get', () => {
  test('nodes, compared', async () => {
    expect(await type('get nodes')).toEqual({
      code: 0,
      stdout: [
        'NAME            STATUS   ROLES           AGE     VERSION',
        'control-plane   Ready    control-plane   2m30s   v1.35.5',
        'node1           Ready    <none>          2m30s   v1.35.5',
        'node2           Ready    <none>          2m30s   v1.35.5',
        'node3           Ready    <none>          2m30s   v1.35.5',
        '',
      ].join('\n'),
      stderr: '',
    });
  });

  test('several kinds, compared: kind/name, an empty line between, headers for each', async () => {
    const { stdout } = await type('get cm/site svc/web deploy/web');
    expect(stdout).toMatch(
      /^NAME +DATA +AGE\nconfigmap\/site +2 +30s\n\nNAME +TYPE +CLUSTER-IP +EXTERNAL-IP +PORT\(S\) +AGE\nservice\/web +ClusterIP +10\.96\.\d+\.\d+ +<none> +80\/TCP +30s\n\nNAME +READY +UP-TO-DATE +AVAILABLE +AGE\ndeployment\.apps\/web +2\/2 +2 +2 +30s\n$/,
    );
  });

  test('nothing there is said on stderr', async () => {
    expect(await type('get pods -n kube-public')).toEqual({
      code: 0,
      stdout: '',
      stderr: 'No resources found in kube-public namespace.\n',
    });
  });

  test('-o yaml, compared', async () => {
    const { stdout } = await type('get cm site -o yaml');
    const stable = stdout.replace(/uid: .*/, 'uid: U').replace(/resourceVersion: .*/, 'resourceVersion: R');
    expect(stable).toBe(`apiVersion: v1
data:
  colour: blue
  page: |
    <h1>hi</h1>
kind: ConfigMap
metadata:
  annotations:
    kubectl.kubernetes.io/last-applied-configuration: |
      {"apiVersion":"v1","data":{"colour":"blue","page":"\\u003ch1\\u003ehi\\u003c/h1\\u003e\\n"},"kind":"ConfigMap","metadata":{"annotations":{},"name":"site","namespace":"default"}}
  creationTimestamp: "2026-05-01T10:02:00Z"
  name: site
  namespace: default
  resourceVersion: R
  uid: U
`);
  });

  test.each([
    ['get cm,svc -o name', 'configmap/kube-root-ca.crt\nconfigmap/site\nservice/kubernetes\nservice/web\n'],
    ['get nodes -o jsonpath={.items[*].metadata.name}', 'control-plane node1 node2 node3'],
    [
      `get nodes -o 'jsonpath={.items[?(@.metadata.name=="node3")].status.addresses[?(@.type=="InternalIP")].address}'`,
      '10.0.1.13',
    ],
    [
      'get nodes -o custom-columns=NAME:.metadata.name,CIDR:.spec.podCIDR,NOPE:.nope',
      'NAME            CIDR            NOPE\ncontrol-plane   10.244.0.0/24   <none>\nnode1           10.244.1.0/24   <none>\nnode2           10.244.2.0/24   <none>\nnode3           10.244.3.0/24   <none>\n',
    ],
    [
      `get nodes -o 'go-template={{range .items}}{{.metadata.name}} {{end}}'`,
      'control-plane node1 node2 node3 ',
    ],
    [
      'get nodes --no-headers -o custom-columns=N:.metadata.name --sort-by=.spec.podCIDR',
      'control-plane\nnode1\nnode2\nnode3\n',
    ],
    ['get pod nope --ignore-not-found', ''],
  ])('%s', async (line, stdout) => {
    expect(await type(line)).toEqual({ code: 0, stdout, stderr: '' });
  });

  // All compared.
  test.each([
    ['get foo', `error: the server doesn't have a resource type "foo"`],
    ['get pods,foo', `error: the server doesn't have a resource type "foo"`],
    ['get pod nope', 'Error from server (NotFound): pods "nope" not found'],
    [
      'get pod/web svc',
      `error: there is no need to specify a resource type as a separate argument when passing arguments in resource/name form (e.g. 'kubectl get resource/<resource_name>' instead of 'kubectl get resource resource/<resource_name>'`,
    ],
    ['get pod/a/b', 'error: arguments in resource/name form may not have more than one slash'],
    ['get pods web -l a=b', 'error: name cannot be provided when a selector is specified'],
    ['get pods web -A', 'error: a resource cannot be retrieved by name across all namespaces'],
    [
      'get pods -o foo',
      'error: unable to match a printer suitable for the output format "foo", allowed formats are: custom-columns,custom-columns-file,go-template,go-template-file,json,jsonpath,jsonpath-as-json,jsonpath-file,name,template,templatefile,wide,yaml',
    ],
    ['get --foo', "error: unknown flag: --foo\nSee 'kubectl get --help' for usage."],
    ['get pods -o', "error: flag needs an argument: 'o' in -o\nSee 'kubectl get --help' for usage."],
    [
      `get pods -l 'a b'`,
      `Error from server (BadRequest): Unable to find "/v1, Resource=pods" that match label selector "a b", field selector "": unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt`,
    ],
    [
      'get',
      'You must specify the type of resource to get. Use "kubectl api-resources" for a complete list of supported resources.\n\nerror: Required resource not specified.\nUse "kubectl explain <resource>" for a detailed description of that resource (e.g. kubectl explain pods).\nSee \'kubectl get -h\' for help and examples',
    ],
  ])('%s is refused', async (line, stderr) => {
    expect(await type(line)).toEqual({ code: 1, stdout: '', stderr: `${stderr}\n` });
  });

  test("Calico's kinds are definitions that can be looked at and not taken away", async () => {
    const { stdout } = await type('get crd ippools.crd.projectcalico.org');
    expect(stdout).toMatch(/^NAME +CREATED AT\nippools\.crd\.projectcalico\.org +\S+Z\n$/);
    expect((await type('delete crd ippools.crd.projectcalico.org')).stderr).toBe(
      'Error from server (MethodNotAllowed): the server does not allow this method on the requested resource\n',
    );
  });

  test('what can be had is shown before the refusal', async () => {
    const said = await type('get cm nope site -o name');
    expect(said).toEqual({
      code: 1,
      stdout: 'configmap/site\n',
      stderr: 'Error from server (NotFound): configmaps "nope" not found\n',
    });
  });

  test('-w shows changes until Ctrl-C', async () => {
    const before = lab.state.now;
    const watching = lab.kubectl(['get', 'configmaps', '-w', '--no-headers', '-n', 'kube-public'], {
      interruptAfter: 5000,
    });
    lab.request({
      method: 'POST',
      path: '/api/v1/namespaces/kube-public/configmaps',
      body: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'late' }, data: {} },
    });
    const said = await watching;
    expect(said.code).toBe(130);
    expect(said.stdout).toMatch(/^kube-root-ca\.crt +1 +\S+\n(.*\n)*late +0 +0s\n$/);
    expect(lab.state.now - before).toBe(5000);
  });
});

describe('describe', () => {
  test('a service with its endpoints, compared', async () => {
    const { stdout } = await type('describe svc web');
    expect(stdout.replace(/10\.\d+\.\d+\.\d+/g, 'ADDRESS')).toBe(`Name:                     web
Namespace:                default
Labels:                   <none>
Annotations:              <none>
Selector:                 app=web
Type:                     ClusterIP
IP Family Policy:         SingleStack
IP Families:              IPv4
IP:                       ADDRESS
IPs:                      ADDRESS
Port:                     http  80/TCP
TargetPort:               80/TCP
Endpoints:                ADDRESS:80,ADDRESS:80
Session Affinity:         None
Internal Traffic Policy:  Cluster
Events:                   <none>
`);
  });

  test('a config map, compared', async () => {
    expect((await type('describe cm site')).stdout).toBe(`Name:         site
Namespace:    default
Labels:       <none>
Annotations:  <none>

Data
====
colour:
----
blue

page:
----
<h1>hi</h1>



BinaryData
====

Events:  <none>
`);
  });

  test('a custom resource: every field, with readable names', async () => {
    const { stdout } = await type('describe ippools.crd.projectcalico.org default-ipv4-ippool');
    expect(stdout).toMatch(/^Name: +default-ipv4-ippool\nNamespace: +\nLabels: +<none>\n/);
    expect(stdout).toMatch(/\nSpec:\n {2}Allowed Uses:\n {4}Workload\n {4}Tunnel\n/);
    expect(stdout).toMatch(/\n {2}Cidr: +10\.244\.0\.0\/16\n/);
  });

  test('a deployment knows its replica sets and events', async () => {
    const { stdout } = await type('describe deploy web');
    expect(stdout).toMatch(
      /\nReplicas: +2 desired \| 2 updated \| 2 total \| 2 available \| 0 unavailable\n/,
    );
    expect(stdout).toMatch(/\n {4}Port: +80\/TCP \(http\)\n {4}Host Port: +0\/TCP \(http\)\n/);
    expect(stdout).toMatch(
      /\nOldReplicaSets: +<none>\nNewReplicaSet: +web-[a-z0-9]+ \(2\/2 replicas created\)\nEvents:\n {2}Type {4}Reason {13}Age {3}From {19}Message\n/,
    );
  });

  test('a name may be the beginning of several', async () => {
    const { stdout } = await type('describe pod web');
    expect(stdout.match(/^Name: +web-/gm)?.length).toBe(2);
  });

  test('refusals, compared', async () => {
    expect((await type('describe pod nope')).stderr).toBe(
      'Error from server (NotFound): pods "nope" not found\n',
    );
    expect((await type('describe')).stderr).toBe(
      'error: You must specify the type of resource to describe. Use "kubectl api-resources" for a complete list of supported resources.\n',
    );
  });
});
