/** The pod specification inside an object, to read and to change. Source: k8s.io/kubectl/pkg/polymorphichelpers/updatepodspec.go v0.35. */
import type { JsonObject } from '../../../base/json.ts';
import { jsonEquals } from '../../../base/json.ts';
import { CONTENT_TYPE } from '../../kube/api.ts';
import { listAt, objectAt, textAt } from '../../kube/fields.ts';
import type { Call } from './call.ts';
import { Failure } from './failure.ts';
import type { Reporter } from './reporting.ts';
import type { Selected } from './selection.ts';

const WITH_TEMPLATE = new Set([
  'Deployment',
  'DaemonSet',
  'StatefulSet',
  'ReplicaSet',
  'ReplicationController',
  'Job',
]);

/** A pod's own specification, or that of the pods an object makes; fails as `kubectl set` does. */
export function podSpecOf({ ref, object }: Selected): JsonObject {
  if (ref.type.kind === 'Pod') return objectAt(object, 'spec');
  if (WITH_TEMPLATE.has(ref.type.kind)) return objectAt(object, 'spec', 'template', 'spec');
  const { group, kind, plural } = ref.type;
  const known = !group.includes('.') || group.endsWith('.k8s.io');
  const goType = known ? `*v1.${kind}` : '*unstructured.Unstructured';
  throw new Failure(
    `error: ${plural}/${ref.name} the object is not a pod or does not have a pod template: ${goType}`,
  );
}

/** Both lists of containers after a change to the chosen ones. */
export function withContainers(
  spec: JsonObject,
  chosen: (container: JsonObject) => boolean,
  change: (container: JsonObject) => JsonObject,
): JsonObject {
  const changed = (member: 'containers' | 'initContainers'): JsonObject => {
    const all = listAt(spec, member);
    return all.length === 0 ? {} : { [member]: all.map((one) => (chosen(one) ? change(one) : one)) };
  };
  return { ...spec, ...changed('initContainers'), ...changed('containers') };
}

/** A name as `-c` gives it, in which `*` stands for anything. */
export function matchesName(container: JsonObject, pattern: string): boolean {
  const parts = pattern.split('*').map((part) => part.replace(/[\\^$.+?()[\]{}|]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`).test(textAt(container, 'name'));
}

/** Sends the new pod specification and says so; nothing when it is the old one. */
export async function updatePodSpec(
  work: { readonly call: Call; readonly reporter: Reporter; readonly chosen: Selected },
  spec: JsonObject,
  operation: string,
): Promise<void> {
  const { call, reporter, chosen } = work;
  const { ref, object } = chosen;
  if (jsonEquals(spec, podSpecOf(chosen))) return;
  const isPod = ref.type.kind === 'Pod';
  const local = isPod
    ? { ...object, spec }
    : {
        ...object,
        spec: {
          ...objectAt(object, 'spec'),
          template: { ...objectAt(object, 'spec', 'template'), spec },
        },
      };
  if (reporter.dryRun === 'client') return reporter.report(local, operation);
  const members = changedMembers(podSpecOf(chosen), spec);
  const patched = call.api.patch(
    ref,
    { spec: isPod ? members : { template: { spec: members } } },
    {
      contentType: CONTENT_TYPE.mergePatch,
      fieldManager: call.flags.text('field-manager'),
      dryRun: reporter.dryRun === 'server',
    },
  );
  return reporter.report(patched, operation);
}

function changedMembers(before: JsonObject, after: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(after).filter(([key, value]) => !jsonEquals(before[key] ?? null, value ?? null)),
  );
}
