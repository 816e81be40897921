/** `kubectl explain`. Source: k8s.io/kubectl/pkg/cmd/explain/explain.go, pkg/explain/explain.go v0.35. */
import type { Call, Verb } from '../call.ts';
import { completeTypes } from '../completion.ts';
import { apiVersionOf, resourceName, type ResourceType } from '../discovery.ts';
import { explanation, fieldAt } from '../explain/explanation.ts';
import { Schemas } from '../explain/openapi-schema.ts';
import { ApiFailure, Failure } from '../failure.ts';
import { bool, text } from './shared-flags.ts';

export const EXPLAIN: Verb = {
  path: 'explain',
  summary: 'Describe the fields of a type',
  about:
    'Describes a type of object, or one field of it, from what the API server says about its types. A field is named by\nits path: TYPE.FIELD.FIELD.',
  usage:
    'explain TYPE [--recursive=FALSE|TRUE] [--api-version=api-version-group] [-o|--output=plaintext|plaintext-openapiv2]',
  examples: [
    'kubectl explain pods',
    'kubectl explain pod.spec.containers.ports',
    'kubectl explain ippools.crd.projectcalico.org.spec --recursive',
  ],
  provenance: 'compared',
  flags: [
    text('api-version', 'The group/version whose type is meant.'),
    text('output', 'plaintext.', { short: 'o', initial: 'plaintext' }),
    bool('recursive', 'Print all fields below, without their descriptions.'),
  ],
  run: explain,
  complete: completeTypes,
};

async function explain(call: Call): Promise<number> {
  const [subject, ...more] = call.args;
  if (subject === undefined) {
    throw new Failure(
      'error: You must specify the type of resource to explain. Use "kubectl api-resources" for a complete list of supported resources.',
    );
  }
  if (more.length > 0) throw new Failure('error: We accept only this format: explain RESOURCE');
  const { type, path } = subjectOf(call, subject);
  const output = call.flags.text('output');
  // The older format reads the older documents, which this server does not have.
  if (output === 'plaintext-openapiv2') call.api.raw({ method: 'GET', path: '/openapi/v2' });
  if (output !== 'plaintext') throw new Failure(`error: unrecognized format: ${output}`);
  const schemas = new Schemas(documentOf(call, type));
  const root = schemas.ofKind(type.group, type.version, type.kind);
  if (!root) throw notDescribed(type);
  await call.out(
    `${type.group === '' ? '' : `GROUP:      ${type.group}\n`}KIND:       ${type.kind}\nVERSION:    ${type.version}\n\n`,
  );
  const schema = fieldAt(schemas, root, path);
  const field = path.at(-1);
  if (!schema) throw new Failure(`error: field ${JSON.stringify(field)} does not exist`);
  await call.out(explanation(schemas, { schema, field, recursive: call.flags.is('recursive') }));
  return 0;
}

interface Subject {
  readonly type: ResourceType;
  readonly path: readonly string[];
}

/** `pods.spec`, or with the group in full: `ippools.crd.projectcalico.org.spec`. */
function subjectOf(call: Call, subject: string): Subject {
  const [word = '', ...path] = subject.split('.');
  const type = call.api.types.named(word);
  if (!type) throw new Failure(`the server doesn't have a resource type ${JSON.stringify(word)}`);
  if (path.includes('')) {
    throw new Failure('error: invalid jsonpath syntax, first node must be field node');
  }
  const version = call.flags.text('api-version');
  if (version !== '') return { type: ofVersion(call, type, version), path };
  const inFull = call.api.types.all.find((one) => {
    const name = resourceName(one);
    return (
      one.plural === type.plural && one.group !== '' && (subject === name || subject.startsWith(`${name}.`))
    );
  });
  if (!inFull) return { type, path };
  const fields = subject.slice(resourceName(inFull).length + 1);
  return { type: inFull, path: fields === '' ? [] : fields.split('.') };
}

function ofVersion(call: Call, type: ResourceType, apiVersion: string): ResourceType {
  const all = call.api.types.all;
  const wanted = all.find((one) => apiVersionOf(one) === apiVersion && one.plural === type.plural);
  if (wanted) return wanted;
  const [group = '', version = ''] = apiVersion.includes('/') ? apiVersion.split('/') : ['', apiVersion];
  if (all.some((one) => apiVersionOf(one) === apiVersion)) throw notDescribed({ ...type, group, version });
  throw new Failure(
    `error: couldn't find resource for ${JSON.stringify(`${group}/${version}, Resource=${type.plural}`)}`,
  );
}

const notDescribed = ({ group, version, plural }: ResourceType): Failure =>
  new Failure(`error: GVR (${group}/${version}, Resource=${plural}) not found in OpenAPI schema`);

function documentOf(call: Call, type: ResourceType): ReturnType<Call['api']['raw']> {
  const path = `/openapi/v3/${type.group === '' ? 'api' : 'apis'}/${apiVersionOf(type)}`;
  try {
    return call.api.raw({ method: 'GET', path });
  } catch (error) {
    throw error instanceof ApiFailure && error.notFound ? notDescribed(type) : error;
  }
}
