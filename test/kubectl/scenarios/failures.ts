/** What is refused, in the words of the server and of kubectl. */
import type { Scenario } from '../case.ts';

const ERRORS = 'k8s.io/apimachinery pkg/api/errors/errors.go';
const VALIDATION = 'k8s.io/kubernetes pkg/apis/core/validation/validation.go';

export const FAILURES: Scenario = {
  name: 'failures',
  cases: [
    {
      run: 'get pod nosuch',
      source: `${ERRORS} NewNotFound`,
      end: 1,
      stderr: 'Error from server (NotFound): pods "nosuch" not found\n',
    },
    {
      run: 'get nosuch',
      source: 'k8s.io/cli-runtime pkg/resource/builder.go mappingFor',
      end: 1,
      stderr: 'error: the server doesn\'t have a resource type "nosuch"\n',
    },
    {
      run: 'get pods --field-selector color=red',
      source:
        'k8s.io/kubernetes pkg/apis/core/v1/conversion.go; k8s.io/cli-runtime pkg/resource/visitor.go EnhanceListError',
      end: 1,
      stderr:
        'Error from server (BadRequest): Unable to find "/v1, Resource=pods" that match label selector "", field selector "color=red": field label not supported: color\n',
    },
    {
      run: 'create namespace default',
      source: `${ERRORS} NewAlreadyExists`,
      end: 1,
      stderr: 'Error from server (AlreadyExists): namespaces "default" already exists\n',
    },
    {
      run: 'delete namespace default',
      source: 'k8s.io/apiserver pkg/admission/plugin/namespace/lifecycle/admission.go',
      end: 1,
      stderr:
        'Error from server (Forbidden): namespaces "default" is forbidden: this namespace may not be deleted\n',
    },
    {
      run: 'create namespace Bad_Name',
      source: 'k8s.io/apimachinery pkg/util/validation/validation.go IsDNS1123Label',
      end: 1,
      stderr: `The Namespace "Bad_Name" is invalid: metadata.name: Invalid value: "Bad_Name": a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')\n`,
    },
    {
      run: 'apply -f typo.yaml',
      source:
        'k8s.io/apimachinery pkg/runtime/error.go strictDecodingError; k8s.io/kubectl pkg/cmd/util/helpers.go AddSourceToErr',
      end: 1,
      stderr:
        'Error from server (BadRequest): error when creating "typo.yaml": Pod in version "v1" cannot be handled as a Pod: strict decoding error: unknown field "spec.containers[0].imagPullPolicy"\n',
    },
    {
      run: 'apply --validate=warn --dry-run=server -f typo.yaml',
      source: 'k8s.io/apiserver pkg/endpoints/handlers/create.go (warnings of field validation)',
      stdout: 'pod/typo created (server dry run)\n',
      stderr: 'Warning: unknown field "spec.containers[0].imagPullPolicy"\n',
    },
    {
      run: 'apply --validate=ignore --dry-run=server -f typo.yaml',
      source:
        'https://kubernetes.io/docs/reference/using-api/api-concepts/#setting-the-field-validation-level',
      stdout: 'pod/typo created (server dry run)\n',
    },
    {
      run: 'get pod typo',
      source: `${ERRORS} NewNotFound (a dry run stores nothing)`,
      end: 1,
      stderr: 'Error from server (NotFound): pods "typo" not found\n',
    },
    {
      run: 'create -f bad-service.yaml',
      source: `${VALIDATION} validateServicePort; k8s.io/kubectl pkg/cmd/util/helpers.go checkErr`,
      end: 1,
      stderr:
        'The Service "bad" is invalid: spec.ports[0].port: Invalid value: 99999: must be between 1 and 65535, inclusive\n',
    },
    {
      run: 'create -f pool.yaml',
      source:
        'k8s.io/apiextensions-apiserver pkg/apiserver/validation/validation.go; projectcalico/api ippool.go enum',
      end: 1,
      stderr:
        'The IPPool "second" is invalid: spec.ipipMode: Unsupported value: "Sometimes": supported values: "Never", "Always", "CrossSubnet"\n',
    },
    {
      run: 'patch pod near --type=json -p \'[{"op":"test","path":"/metadata/name","value":"x"}]\'',
      source: 'k8s.io/apiserver pkg/endpoints/handlers/patch.go applyJSPatch',
      end: 1,
      stderr: 'The request is invalid: the server rejected our request due to an error in our request\n',
    },
    {
      run: 'patch pod near -p \'{"metadata":{"uid":"1"}}\'',
      source: 'k8s.io/apiserver pkg/registry/generic/registry/store.go Update (uid precondition)',
      end: 1,
      stderr:
        'Error from server (Conflict): Operation cannot be fulfilled on pods "near": Precondition failed: UID in precondition: 1, UID in object meta: <<any>>\n',
    },
    {
      run: 'create ingress web --rule=a/b=c:80',
      source: `${ERRORS} NewGenericServerResponse (404 of a group that is not served)`,
      end: 1,
      stderr: 'error: failed to create ingress: the server could not find the requested resource\n',
    },
    {
      run: 'top nodes',
      source: 'k8s.io/kubectl pkg/cmd/top/top_node.go',
      end: 1,
      stderr: 'error: Metrics API not available\n',
    },
    {
      run: 'get --raw /api',
      source:
        'k8s.io/apimachinery pkg/api/errors/errors.go NewGenericServerResponse (403 with a text; --raw leaves out the path that holds the secret; the sentence is ours)',
      end: 1,
      stderr: 'Error from server (Forbidden): This is not served here.\n',
    },
  ],
};
