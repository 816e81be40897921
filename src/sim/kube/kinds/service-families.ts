/**
 * Which families of addresses a service has: what its policy and what it asks for make of the ranges the cluster has, when it is
 * made and when it changes (to two families and back), with what is refused on the way.
 * Source: k8s.io/kubernetes pkg/registry/core/service/storage/{alloc.go initIPFamilyFields,storage.go normalizeClusterIPs},
 * pkg/apis/core/validation/validation.go ValidateServiceClusterIPsRelatedFields, Kubernetes 1.35.
 */
import { jsonEquals, type Json, type JsonObject } from '../../../base/json.ts';
import type { IpCidr } from '../../../model/ip-family.ts';
import { isCidr6, isIpv6, parseIp } from '../../../model/ip-family.ts';
import { duplicate, invalid, notSupported, required, type FieldError } from '../field-error.ts';
import { objectAt, textAt, textsAt } from '../fields.ts';

/** The API server's --service-cluster-ip-range: one range of each family, the first is the default. */
export type ServiceRanges = readonly IpCidr[];

export type Family = 'IPv4' | 'IPv6';

export const familyOfRange = (range: IpCidr): Family => (isCidr6(range) ? 'IPv6' : 'IPv4');

/** Undefined for what is no address. */
export function familyOfText(text: string): Family | undefined {
  const address = parseIp(text);
  return address === undefined ? undefined : isIpv6(address) ? 'IPv6' : 'IPv4';
}

const FAMILIES: readonly string[] = ['IPv4', 'IPv6'];
const POLICIES: readonly string[] = ['PreferDualStack', 'RequireDualStack', 'SingleStack'];

export const ADDRESS_RULE = 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)';

const isHeadless = (spec: JsonObject): boolean => textAt(spec, 'clusterIP') === 'None';

/** Headless without a selector: whoever writes its endpoints knows their families. */
const isUnselected = (spec: JsonObject): boolean =>
  isHeadless(spec) && Object.keys(objectAt(spec, 'selector')).length === 0;

const clusterIpsOf = (spec: JsonObject | undefined): readonly string[] => textsAt(spec, 'clusterIPs');
const familiesOf = (spec: JsonObject | undefined): readonly string[] => textsAt(spec, 'ipFamilies');

const sameList = (a: readonly string[], b: readonly string[]): boolean =>
  jsonEquals([...a] as Json, [...b] as Json);

/** `clusterIP` and the first of `clusterIPs` are one thing; who sets one of them need not know of the other. */
export function withSyncedClusterIps(spec: JsonObject, old: JsonObject | undefined): JsonObject {
  const address = textAt(spec, 'clusterIP');
  const all = clusterIpsOf(spec);
  if (!old) return address !== '' && all.length === 0 ? { ...spec, clusterIPs: [address] } : spec;
  const before = textAt(old, 'clusterIP');
  if (address === before || !sameList(all, clusterIpsOf(old))) return spec;
  if (address !== '') return { ...spec, clusterIPs: [address] };
  const { clusterIPs: _, ...rest } = spec;
  return before === '' ? spec : rest;
}

interface SettledFamilies {
  /** With policy and families filled in, and addresses of a family given up gone; as it was when there are errors. */
  readonly spec: JsonObject;
  readonly errors: readonly FieldError[];
}

/** For services that have a cluster address or are headless. What is settled stays as it is when settled again. */
export function settleFamilies(
  spec: JsonObject,
  old: JsonObject | undefined,
  cluster: readonly Family[],
): SettledFamilies {
  if (old && keepsPreference(spec, old)) return { spec, errors: [] };
  const given = { ...spec, ipFamilyPolicy: policyOf(spec, old) };
  const wrong = relatedFieldErrors(given);
  if (wrong.length > 0) return { spec, errors: wrong };
  const reduced = old ? withReduction(given, old) : given;
  const shape = [...(old ? reductionErrors(reduced, old) : []), ...countErrors(reduced)];
  const inferred = withInferredFamilies(reduced, cluster);
  const early = [...shape, ...inferred.errors];
  if (early.length > 0) return { spec, errors: early };
  if (isUnselected(spec)) return { spec: unselected(inferred.spec, cluster), errors: [] };
  const late = clusterErrors(inferred.spec, cluster);
  if (late.length > 0) return { spec, errors: late };
  return { spec: withAllFamilies(inferred.spec, cluster), errors: [] };
}

/** A service that prefers two families and is otherwise untouched stays with what it has, whatever the cluster has now. */
const keepsPreference = (spec: JsonObject, old: JsonObject): boolean =>
  textAt(old, 'type') === textAt(spec, 'type') &&
  textAt(spec, 'ipFamilyPolicy') === 'PreferDualStack' &&
  textAt(old, 'ipFamilyPolicy') === 'PreferDualStack' &&
  sameList(clusterIpsOf(old), clusterIpsOf(spec)) &&
  sameList(familiesOf(old), familiesOf(spec));

function policyOf(spec: JsonObject, old: JsonObject | undefined): string {
  const stated = textAt(spec, 'ipFamilyPolicy') || textAt(old, 'ipFamilyPolicy');
  if (stated !== '') return stated;
  return isUnselected(spec) ? 'RequireDualStack' : 'SingleStack';
}

const isSingle = (spec: JsonObject): boolean => textAt(spec, 'ipFamilyPolicy') === 'SingleStack';

/** Policy SingleStack alone is clear enough: the second family and its address go. */
function withReduction(spec: JsonObject, old: JsonObject): JsonObject {
  if (!isSingle(spec)) return spec;
  const firstOf = (field: string): JsonObject => {
    const texts = textsAt(spec, field);
    return texts.length > 1 && sameList(texts, textsAt(old, field)) ? { [field]: texts.slice(0, 1) } : {};
  };
  return { ...spec, ...firstOf('clusterIPs'), ...firstOf('ipFamilies') };
}

function reductionErrors(spec: JsonObject, old: JsonObject): readonly FieldError[] {
  if (isSingle(spec)) return [];
  const gave = (field: string): boolean => {
    const [now, before] = [textsAt(spec, field), textsAt(old, field)];
    return before.length === 2 && now.length === 1 && now[0] === before[0];
  };
  const must = (what: string): FieldError =>
    policyError(spec, `must be 'SingleStack' to release the secondary ${what}`);
  return [
    ...(gave('clusterIPs') ? [must('cluster IP')] : []),
    ...(gave('ipFamilies') ? [must('IP family')] : []),
  ];
}

const policyError = (spec: JsonObject, rule: string): FieldError =>
  invalid('spec.ipFamilyPolicy', spec['ipFamilyPolicy'], rule);

function countErrors(spec: JsonObject): readonly FieldError[] {
  if (!isSingle(spec)) return [];
  const two = "must be 'RequireDualStack' or 'PreferDualStack' when multiple";
  return [
    ...(clusterIpsOf(spec).length === 2 ? [policyError(spec, `${two} cluster IPs are specified`)] : []),
    ...(familiesOf(spec).length === 2 ? [policyError(spec, `${two} IP families are specified`)] : []),
  ];
}

/** Who asks for an address asks for its family. */
function withInferredFamilies(spec: JsonObject, cluster: readonly Family[]): SettledFamilies {
  if (isHeadless(spec)) return { spec, errors: [] };
  const known = familiesOf(spec);
  const asked = clusterIpsOf(spec);
  const more = asked.slice(known.length).flatMap((text) => familyOfText(text) ?? []);
  const errors = more.flatMap((family, index) =>
    cluster.includes(family)
      ? []
      : [
          invalid(
            `spec.clusterIPs[${known.length + index}]`,
            asked,
            `${family} is not configured on this cluster`,
          ),
        ],
  );
  return { spec: more.length === 0 ? spec : { ...spec, ipFamilies: [...known, ...more] }, errors };
}

const withOther = (families: readonly string[]): string[] =>
  families.length === 1 ? [...families, families[0] === 'IPv4' ? 'IPv6' : 'IPv4'] : [...families];

/** Such a service may have families that the cluster does not. */
function unselected(spec: JsonObject, cluster: readonly Family[]): JsonObject {
  const families = withDefault(spec, cluster);
  return { ...spec, ipFamilies: isSingle(spec) ? [...families] : withOther(families) };
}

const withDefault = (spec: JsonObject, cluster: readonly Family[]): readonly string[] => {
  const given = familiesOf(spec);
  return given.length > 0 ? given : cluster.slice(0, 1);
};

function clusterErrors(spec: JsonObject, cluster: readonly Family[]): readonly FieldError[] {
  return [
    ...(textAt(spec, 'ipFamilyPolicy') === 'RequireDualStack' && cluster.length < 2
      ? [policyError(spec, 'this cluster is not configured for dual-stack services')]
      : []),
    ...familiesOf(spec).flatMap((family, index) =>
      cluster.some((known) => known === family)
        ? []
        : [invalid(`spec.ipFamilies[${index}]`, family, 'not configured on this cluster')],
    ),
  ];
}

function withAllFamilies(spec: JsonObject, cluster: readonly Family[]): JsonObject {
  const families = withDefault(spec, cluster);
  return { ...spec, ipFamilies: isSingle(spec) || cluster.length < 2 ? [...families] : withOther(families) };
}

function relatedFieldErrors(spec: JsonObject): readonly FieldError[] {
  const stated = [...syncErrors(spec), ...familyErrors(spec), ...policyErrors(spec)];
  const misfits = clusterIpErrors(spec);
  return [...stated, ...misfits, ...tooManyErrors(spec), ...(misfits.length > 0 ? [] : pairErrors(spec))];
}

const CLUSTER_IPS = 'spec.clusterIPs';

function syncErrors(spec: JsonObject): readonly FieldError[] {
  const address = textAt(spec, 'clusterIP');
  const all = clusterIpsOf(spec);
  if (address === '')
    return all.length === 0
      ? []
      : [invalid(CLUSTER_IPS, all, 'must be empty when `clusterIP` is not specified')];
  if (all.length === 0) return [required(CLUSTER_IPS)];
  return all[0] === address ? [] : [invalid(CLUSTER_IPS, all, 'first value must match `clusterIP`')];
}

const familyErrors = (spec: JsonObject): readonly FieldError[] =>
  familiesOf(spec).flatMap((family, index, all) => [
    ...(FAMILIES.includes(family) ? [] : [notSupported(`spec.ipFamilies[${index}]`, family, FAMILIES)]),
    ...(all.indexOf(family) < index ? [duplicate(`spec.ipFamilies[${index}]`, family)] : []),
  ]);

const policyErrors = (spec: JsonObject): readonly FieldError[] => {
  const policy = textAt(spec, 'ipFamilyPolicy');
  return POLICIES.includes(policy) ? [] : [notSupported('spec.ipFamilyPolicy', policy, POLICIES)];
};

/** What is no address, or `None` among others. */
function clusterIpErrors(spec: JsonObject): readonly FieldError[] {
  const all = clusterIpsOf(spec);
  return all.flatMap((text, index) => {
    if (index === 0 && text === 'None')
      return all.length > 1 ? [invalid(CLUSTER_IPS, all, "'None' must be the first and only value")] : [];
    return familyOfText(text) === undefined ? [invalid(`${CLUSTER_IPS}[${index}]`, text, ADDRESS_RULE)] : [];
  });
}

const tooManyErrors = (spec: JsonObject): readonly FieldError[] =>
  clusterIpsOf(spec).length > 2
    ? [invalid(CLUSTER_IPS, clusterIpsOf(spec), 'may only hold up to 2 values')]
    : [];

/** At most one address of each family, in the order of the families. */
function pairErrors(spec: JsonObject): readonly FieldError[] {
  const all = clusterIpsOf(spec);
  if (isHeadless(spec)) return [];
  const families = all.map(familyOfText);
  return [
    ...(all.length > 1 && new Set(families).size < families.length
      ? [invalid(CLUSTER_IPS, all, 'may specify no more than one IP for each IP family')]
      : []),
    ...all.flatMap((text, index) => {
      const wanted = familiesOf(spec)[index];
      return wanted === undefined || wanted === families[index]
        ? []
        : [
            invalid(
              `${CLUSTER_IPS}[${index}]`,
              text,
              `expected an ${wanted} value as indicated by \`ipFamilies[${index}]\``,
            ),
          ];
    }),
  ];
}
