/**
 * Resource arguments: `pods`, `po,svc`, `pod web db`, `pod/web deploy/api`, `all`. Turns words into what to list and what
 * to get. Source: k8s.io/cli-runtime/pkg/resource/builder.go v0.35.
 */
import type { Call } from './call.ts';
import type { ResourceType } from './discovery.ts';
import { Failure } from './failure.ts';
import type { Api, ObjectRef } from './api-client.ts';

export type Target =
  | { readonly kind: 'object'; readonly ref: ObjectRef }
  | { readonly kind: 'collection'; readonly type: ResourceType };

export interface TargetOptions {
  readonly allNamespaces?: boolean;
  readonly selector?: boolean;
  /** `--all` was given. */
  readonly all?: boolean;
  /** Whether types without names may stand for everything (`get`, `describe`), or need `-l` or `--all`. */
  readonly bareTypes: boolean;
}

/** What the arguments name; throws the sentences of kubectl. `args` must not be empty. */
export function targets(
  call: Pick<Call, 'api' | 'namespace'>,
  args: readonly string[],
  options: TargetOptions,
): readonly Target[] {
  const pairs = combinedPairs(args);
  if (pairs) return pairTargets(call, pairs, options);
  const [first = '', ...names] = args;
  const types = first
    .split(',')
    .filter((word) => word !== '')
    .flatMap((word) => expanded(call.api, word));
  const wanted = names.filter((name) => name !== '');
  if (wanted.length > 0) return namedTargets(call, { types, names: wanted }, options);
  if (!options.bareTypes && options.selector !== true && options.all !== true) {
    throw new Failure('error: resource(s) were provided, but no name was specified');
  }
  return types.map((type) => ({ kind: 'collection', type }));
}

/** The reference of an object; cluster-scoped types have no namespace. */
export function refOf(type: ResourceType, namespace: string | undefined, name: string): ObjectRef {
  return { type, namespace: type.namespaced ? namespace : undefined, name };
}

interface Pair {
  readonly type: string;
  readonly name: string;
}

function combinedPairs(args: readonly string[]): readonly Pair[] | undefined {
  const combined = args.filter((arg) => arg.includes('/'));
  if (combined.length === 0) return undefined;
  if (combined.length !== args.length) {
    throw new Failure(
      "error: there is no need to specify a resource type as a separate argument when passing arguments in resource/name form (e.g. 'kubectl get resource/<resource_name>' instead of 'kubectl get resource resource/<resource_name>'",
    );
  }
  return args.map((arg) => {
    const [type = '', name = '', ...more] = arg.split('/');
    if (more.length > 0)
      throw new Failure('error: arguments in resource/name form may not have more than one slash');
    if (type === '' || name === '' || type.includes(',') || name.includes(',')) {
      throw new Failure('error: arguments in resource/name form must have a single resource and name');
    }
    return { type, name };
  });
}

function pairTargets(
  call: Pick<Call, 'api' | 'namespace'>,
  pairs: readonly Pair[],
  options: TargetOptions,
): readonly Target[] {
  if (options.selector === true || options.all === true) {
    throw new Failure(
      'error: selectors and the all flag cannot be used when passing resource/name arguments',
    );
  }
  return pairs.map(({ type: word, name }) => {
    const type = call.api.type(word);
    refuseAcrossNamespaces(type, options);
    return { kind: 'object', ref: refOf(type, call.namespace, name) };
  });
}

function namedTargets(
  call: Pick<Call, 'api' | 'namespace'>,
  wanted: { readonly types: readonly ResourceType[]; readonly names: readonly string[] },
  options: TargetOptions,
): readonly Target[] {
  if (options.selector === true)
    throw new Failure('error: name cannot be provided when a selector is specified');
  return wanted.types.flatMap((type) => {
    refuseAcrossNamespaces(type, options);
    return wanted.names.map((name) => ({ kind: 'object', ref: refOf(type, call.namespace, name) }) as const);
  });
}

function refuseAcrossNamespaces(type: ResourceType, options: TargetOptions): void {
  if (options.allNamespaces === true && type.namespaced) {
    throw new Failure('error: a resource cannot be retrieved by name across all namespaces');
  }
}

function expanded(api: Api, word: string): readonly ResourceType[] {
  const category = api.types.inCategory(word);
  return category.length > 0 && api.types.named(word) === undefined ? category : [api.type(word)];
}
