/**
 * The custom resources of tigera-operator as the API server knows them: operator.tigera.io/v1, cluster-wide, served where the
 * operator's manifests were applied. Source: manifests/operator-crds.yaml, Calico v3.32.1. ImageSet, GatewayAPI, Istio and
 * ManagementClusterConnection can be written and do nothing here.
 */
import { conditionOf } from '../../../kube/controllers/pod-state.ts';
import { invalid, type FieldError } from '../../../kube/field-error.ts';
import { textAt } from '../../../kube/fields.ts';
import { ageOf } from '../../../kube/human-duration.ts';
import { CUSTOM_RESOURCE_DEFINITIONS } from '../../../kube/kinds/custom-resource-definition.ts';
import type { KubeObject } from '../../../kube/object.ts';
import {
  ALL_VERBS,
  column,
  CUSTOM_COLUMNS,
  NAME_COLUMN,
  type PrinterColumn,
  type ResourceType,
} from '../../../kube/resource.ts';
import { object, type Schema } from '../../../kube/schema.ts';
import { OPERATOR_GROUP } from './kinds.ts';
import * as schemas from './schemas.ts';

interface OperatorKind {
  readonly kind: string;
  readonly plural: string;
  readonly spec: Schema;
  readonly status: Schema;
  readonly columns?: readonly PrinterColumn[];
  /** What its one object may be called, and the rule's words. */
  readonly names?: { readonly allowed: readonly string[]; readonly message: string };
}

const said = (status: KubeObject, type: string, member: string): string =>
  textAt(conditionOf(status, type), member);

/** Null prints as nothing. */
const orNothing = (text: string): string | null => (text === '' ? null : text);

const STATUS_COLUMNS: readonly PrinterColumn[] = [
  NAME_COLUMN,
  ...['Available', 'Progressing', 'Degraded'].map((type) =>
    column(type, (status) => orNothing(said(status, type, 'status'))),
  ),
  column(
    'Since',
    (status, { now }) => {
      const since = said(status, 'Available', 'lastTransitionTime');
      return since === '' ? null : ageOf(since, now);
    },
    { type: 'date' },
  ),
  column('Message', (status) => orNothing(said(status, 'Degraded', 'message'))),
];

const ONLY_DEFAULT = { allowed: ['default'], message: "resource name must be 'default'" };

const KINDS: readonly OperatorKind[] = [
  {
    kind: 'APIServer',
    plural: 'apiservers',
    spec: schemas.API_SERVER_SPEC,
    status: schemas.STATUS_WITH_STATE,
    names: {
      allowed: ['default', 'tigera-secure'],
      message: "resource name must be 'default' or 'tigera-secure'",
    },
  },
  { kind: 'GatewayAPI', plural: 'gatewayapis', spec: schemas.UNTYPED, status: schemas.UNTYPED },
  {
    kind: 'Goldmane',
    plural: 'goldmanes',
    spec: schemas.GOLDMANE_SPEC,
    status: schemas.STATUS_OF_CONDITIONS,
    names: ONLY_DEFAULT,
  },
  { kind: 'ImageSet', plural: 'imagesets', spec: schemas.IMAGE_SET_SPEC, status: schemas.UNTYPED },
  {
    kind: 'Installation',
    plural: 'installations',
    spec: schemas.INSTALLATION_SPEC,
    status: schemas.INSTALLATION_STATUS,
    names: {
      allowed: ['default', 'tigera-secure', 'overlay'],
      message: "resource name must be 'default', 'tigera-secure', or 'overlay'",
    },
  },
  { kind: 'Istio', plural: 'istios', spec: schemas.UNTYPED, status: schemas.UNTYPED },
  {
    kind: 'ManagementClusterConnection',
    plural: 'managementclusterconnections',
    spec: schemas.UNTYPED,
    status: schemas.UNTYPED,
  },
  {
    kind: 'TigeraStatus',
    plural: 'tigerastatuses',
    spec: schemas.NO_SPEC,
    status: schemas.STATUS_OF_CONDITIONS,
    columns: STATUS_COLUMNS,
  },
  {
    kind: 'Whisker',
    plural: 'whiskers',
    spec: schemas.WHISKER_SPEC,
    status: schemas.STATUS_OF_CONDITIONS,
    names: ONLY_DEFAULT,
  },
];

function resourceType({ kind, plural, spec, status, columns, names }: OperatorKind): ResourceType {
  const name = `${plural}.${OPERATOR_GROUP}`;
  return {
    name,
    group: OPERATOR_GROUP,
    version: 'v1',
    plural,
    singular: kind.toLowerCase(),
    kind,
    listKind: `${kind}List`,
    shortNames: [],
    categories: [],
    namespaced: false,
    verbs: ALL_VERBS,
    columns: columns ?? CUSTOM_COLUMNS,
    status: true,
    generation: true,
    custom: true,
    schema: object({ spec, status }),
    servedIn: (store) => (store.get(CUSTOM_RESOURCE_DEFINITIONS.name, undefined, name) ? 'served' : 'absent'),
    ...(names && { validate: ({ metadata }) => nameErrors(metadata.name, names) }),
  };
}

/** A rule of the whole object names no field. */
const nameErrors = (
  name: string,
  { allowed, message }: NonNullable<OperatorKind['names']>,
): readonly FieldError[] => (allowed.includes(name) ? [] : [invalid('<nil>', 'object', message)]);

/** What the operator's manifests add to the API server's registry. */
export const operatorResources: readonly ResourceType[] = KINDS.map(resourceType);
