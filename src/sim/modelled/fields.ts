/** Every field of every kind that is served, sorted by what the simulator does with it: schemas joined with the review. */
import { cidr } from '../../model/ip.ts';
import { OPERATOR_GROUP } from '../cni/calico/operator/kinds.ts';
import { calicoRegistry } from '../cni/calico/registry.ts';
import { apiVersionOf, type ResourceType } from '../kube/resource.ts';
import type { Schema } from '../kube/schema.ts';
import type { Provenance } from './feature.ts';
import { KIND_REVIEWS, type KindReview } from './field-reviews.ts';

export interface KindFields {
  /** `IPPool (crd.projectcalico.org/v1)` */
  readonly title: string;
  readonly yes: readonly string[];
  readonly partly: readonly { readonly path: string; readonly note: string }[];
  /** Kept and shown, without effect. */
  readonly no: readonly string[];
  readonly provenance: Provenance;
}

/** Any network will do: no field depends on it. */
const SERVICE_CIDR = cidr('10.96.0.0/16');

/** Without the views: what Calico's API server shows has the fields of the stored kinds. */
export const servedKinds = (): readonly ResourceType[] =>
  calicoRegistry({ serviceCidr: SERVICE_CIDR }).types.filter(({ view }) => !view);

export function reviewKey({ group, kind }: Pick<ResourceType, 'group' | 'kind'>): string {
  if (group === OPERATOR_GROUP) return `operator/${kind}`;
  return group.endsWith('projectcalico.org') ? `calico/${kind}` : kind;
}

/** Kinds without a review are missing here; a test sees to it that there are none. */
export function kindFields(types: readonly ResourceType[] = servedKinds()): readonly KindFields[] {
  return types.flatMap((type) => {
    const review = KIND_REVIEWS[reviewKey(type)];
    return review ? [sorted(type, review)] : [];
  });
}

export const reviewedPaths = ({ yes, partly = {} }: KindReview): readonly string[] => [
  ...yes.split(' ').filter((path) => path !== ''),
  ...Object.keys(partly),
];

function sorted(type: ResourceType, review: KindReview): KindFields {
  const { partly = {}, provenance } = review;
  const yes = new Set(review.yes.split(' '));
  const named = reviewedPaths(review);
  const listed = listedPaths(type.schema, named);
  return {
    title: `${type.kind} (${apiVersionOf(type)})`,
    yes: listed.filter((path) => yes.has(path)),
    partly: listed.flatMap((path) => (partly[path] === undefined ? [] : [{ path, note: partly[path] }])),
    no: listed.filter((path) => !named.includes(path)),
    provenance,
  };
}

/** Paths down to the first that is reviewed or has nothing reviewed below it; spec and status are always opened. */
function listedPaths(schema: Schema | undefined, named: readonly string[], path = ''): readonly string[] {
  const opened = path === '' || named.some((each) => each.startsWith(`${path}.`)) || isPart(path);
  const fields = opened && !named.includes(path) ? fieldsOf(schema) : undefined;
  if (!fields) return path === '' ? [] : [path];
  return Object.entries(fields).flatMap(([name, field]) =>
    listedPaths(field, named, path === '' ? name : `${path}.${name}`),
  );
}

const isPart = (path: string): boolean => path === 'spec' || path === 'status';

/** Through lists and maps. */
function fieldsOf(schema: Schema | undefined): Readonly<Record<string, Schema>> | undefined {
  if (schema?.type === 'array') return fieldsOf(schema.items);
  if (schema?.type === 'map') return fieldsOf(schema.values);
  return schema?.type === 'object' && Object.keys(schema.fields).length > 0 ? schema.fields : undefined;
}

/** Whether a schema has a path; kinds without a schema have all. */
export function hasPath(schema: Schema | undefined, path: string): boolean {
  if (!schema) return true;
  return (
    path
      .split('.')
      .reduce<readonly Schema[]>(
        (at, name) =>
          at.flatMap((each) =>
            fieldsOf(each)?.[name] === undefined ? [] : [fieldsOf(each)?.[name] ?? each],
          ),
        [schema],
      ).length > 0
  );
}
