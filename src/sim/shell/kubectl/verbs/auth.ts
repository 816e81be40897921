/** `kubectl auth can-i` and `auth whoami`. Source: k8s.io/kubectl/pkg/cmd/auth/{cani,whoami}.go v0.35. */
import type { Json, JsonObject } from '../../../../base/json.ts';
import { at, listAt, objectAt, textAt } from '../../../kube/fields.ts';
import { CONTENT_TYPE } from '../../../kube/api.ts';
import type { Call, Verb } from '../call.ts';
import type { ResourceType } from '../discovery.ts';
import { stringsOf } from '../explain/openapi-schema.ts';
import { Failure } from '../failure.ts';
import { OBJECT_FORMATS } from '../output/object-printer.ts';
import { TABLE_TABS, TabWriter } from '../output/tab-writer.ts';
import { outputOf, printerFor } from '../reporting.ts';
import { ALL_NAMESPACES, bool, PRINT_FLAGS, text } from './shared-flags.ts';

const CAN_I: Verb = {
  path: 'auth can-i',
  summary: 'Ask whether something is allowed',
  about:
    'Asks the server whether you, or the user of --as, may do something: a verb (get, list, watch, create, update, patch,\ndelete) on a type of object, or on a path that begins with a slash. The exit code is 1 when it is not allowed.',
  usage: 'auth can-i VERB [TYPE | TYPE/NAME | NONRESOURCEURL]',
  examples: [
    'kubectl auth can-i create deployments',
    'kubectl auth can-i list pods --as=bob',
    'kubectl auth can-i --list',
  ],
  provenance: 'compared',
  flags: [
    ALL_NAMESPACES,
    bool('list', 'List everything that is allowed.'),
    bool('no-headers', 'With --list: leave out the line of column names.'),
    bool('quiet', 'Print nothing; the exit code is the answer.', { short: 'q' }),
    text('subresource', 'The part of the object that is asked about, such as log or scale.'),
  ],
  run: canI,
};

async function canI(call: Call): Promise<number> {
  if (call.flags.is('list')) return listRules(call);
  const [verb, resource, name, ...more] = call.args;
  if (verb === undefined || resource === undefined || more.length > 0) throw needTwo();
  const spec = resource.startsWith('/')
    ? { nonResourceAttributes: { path: resource, verb } }
    : { resourceAttributes: await attributes(call, { verb, resource, name: name ?? '' }) };
  const status = objectAt(review(call, 'selfsubjectaccessreviews', spec), 'status');
  const allowed = at(status, 'allowed') === true;
  const reasons = [textAt(status, 'reason'), textAt(status, 'evaluationError')].filter((one) => one !== '');
  const answer = allowed ? 'yes' : ['no', ...reasons].join(' - ');
  if (!call.flags.is('quiet')) await call.out(`${answer}\n`);
  return allowed ? 0 : 1;
}

const needTwo = (): Failure =>
  new Failure(
    "error: you must specify two arguments: verb resource or verb resource/resourceName.\nSee 'kubectl auth can-i -h' for help and examples.",
  );

const KNOWN_VERBS = new Set(
  'get list watch create update patch delete deletecollection use bind escalate impersonate approve sign attest * head post put options connect proxy redirect'.split(
    ' ',
  ),
);

async function attributes(
  call: Call,
  asked: { readonly verb: string; readonly resource: string; readonly name: string },
): Promise<JsonObject> {
  const [word = '', inWord = ''] = asked.resource.split('/');
  const type = word === '*' ? undefined : call.api.types.named(word);
  await warnAbout(call, { verb: asked.verb, word, type });
  const [plural, ...group] = word.split('.');
  return {
    ...(call.flags.is('all-namespaces') ? {} : { namespace: call.namespace }),
    verb: asked.verb,
    group: type?.group ?? (word === '*' ? '*' : group.join('.')),
    resource: type?.plural ?? plural ?? '',
    subresource: call.flags.text('subresource'),
    name: inWord === '' ? asked.name : inWord,
  };
}

async function warnAbout(
  call: Call,
  asked: { readonly verb: string; readonly word: string; readonly type: ResourceType | undefined },
): Promise<void> {
  const { verb, word, type } = asked;
  if (!KNOWN_VERBS.has(verb)) await call.err(`Warning: verb '${verb}' is not a known verb\n\n`);
  if (word === '*') return;
  if (!type) return call.err(`Warning: the server doesn't have a resource type '${word}'\n\n`);
  if (type.namespaced || call.flags.is('all-namespaces')) return;
  const group = type.group === '' ? '' : ` in group '${type.group}'`;
  await call.err(`Warning: resource '${type.plural}' is not namespace scoped${group}\n\n`);
}

function review(call: Call, plural: string, spec: JsonObject): JsonObject {
  const kinds: Readonly<Record<string, string>> = {
    selfsubjectaccessreviews: 'SelfSubjectAccessReview',
    selfsubjectrulesreviews: 'SelfSubjectRulesReview',
  };
  return call.api.raw({
    method: 'POST',
    path: `/apis/authorization.k8s.io/v1/${plural}`,
    contentType: CONTENT_TYPE.json,
    body: { apiVersion: 'authorization.k8s.io/v1', kind: kinds[plural] ?? '', spec },
  });
}

interface Rule {
  readonly resource: string;
  readonly urls: string;
  readonly names: string;
  readonly verbs: string;
  readonly order: string;
}

async function listRules(call: Call): Promise<number> {
  if (call.args.length > 0) throw new Failure('error: list option must be specified with no arguments');
  const status = objectAt(review(call, 'selfsubjectrulesreviews', { namespace: call.namespace }), 'status');
  const rules = [
    ...listAt(status, 'resourceRules').flatMap(resourceRules),
    ...listAt(status, 'nonResourceRules').flatMap(urlRules),
  ].sort((a, b) => (a.order === b.order ? 0 : a.order < b.order ? -1 : 1));
  const writer = new TabWriter(TABLE_TABS);
  if (!call.flags.is('no-headers')) writer.write('Resources\tNon-Resource URLs\tResource Names\tVerbs\n');
  for (const { resource, urls, names, verbs } of rules)
    writer.write(`${resource}\t${urls}\t${names}\t${verbs}\n`);
  await call.out(writer.flush());
  return 0;
}

const goList = (value: Json | undefined): string => `[${stringsOf(value).join(' ')}]`;

/** One for each group and resource, as kubectl breaks rules down before it sorts them. */
function resourceRules(rule: JsonObject): readonly Rule[] {
  const [verbs, names] = [goList(rule['verbs']), goList(rule['resourceNames'])];
  return stringsOf(rule['apiGroups']).flatMap((group) =>
    stringsOf(rule['resources']).map((resource) => ({
      resource: group === '' ? resource : `${resource}.${group}`,
      urls: '[]',
      names,
      verbs,
      order: `${verbs} [${group}] [${resource}]`,
    })),
  );
}

function urlRules(rule: JsonObject): readonly Rule[] {
  const verbs = goList(rule['verbs']);
  return stringsOf(rule['nonResourceURLs']).map((url) => ({
    resource: '',
    urls: `[${url}]`,
    names: '[]',
    verbs,
    order: `${verbs} [] [] [${url}]`,
  }));
}

const WHOAMI: Verb = {
  path: 'auth whoami',
  summary: 'Show who the server takes you for',
  about: 'Prints the user and the groups that the server knows you by.',
  usage: 'auth whoami',
  examples: ['kubectl auth whoami', 'kubectl auth whoami --as=bob'],
  provenance: 'compared',
  flags: PRINT_FLAGS,
  run: whoami,
};

async function whoami(call: Call): Promise<number> {
  const output = outputOf(call);
  const print = output === '' ? undefined : printerFor(call, output, OBJECT_FORMATS);
  const answer = call.api.raw({
    method: 'POST',
    path: '/apis/authentication.k8s.io/v1/selfsubjectreviews',
    contentType: CONTENT_TYPE.json,
    body: { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' },
  });
  if (print) {
    const shown = print(answer);
    if (!shown.ok) throw new Failure(`error: ${shown.error}`);
    await call.out(shown.value);
    return 0;
  }
  const user = objectAt(answer, 'status', 'userInfo');
  const writer = new TabWriter(TABLE_TABS);
  writer.write('ATTRIBUTE\tVALUE\n');
  writer.write(`Username\t${textAt(user, 'username')}\n`);
  writer.write(`Groups\t${goList(user['groups'])}\n`);
  await call.out(writer.flush());
  return 0;
}

export const AUTH_VERBS: readonly Verb[] = [CAN_I, WHOAMI];
