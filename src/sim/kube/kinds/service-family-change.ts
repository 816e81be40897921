/**
 * What a change of a service's families and cluster addresses must leave as it is: the first of each for ever, the second until the
 * policy gives it up. Headless services may change their families.
 * Source: k8s.io/kubernetes pkg/apis/core/validation/validation.go validateUpgradeDowngradeClusterIPs and
 * validateUpgradeDowngradeIPFamilies, Kubernetes 1.35.
 */
import type { JsonObject } from '../../../base/json.ts';
import { invalid, type FieldError } from '../field-error.ts';
import { textAt, textsAt } from '../fields.ts';

type Spec = JsonObject | undefined;

const FIXED = 'may not change once set';

/** For services that are no ExternalName, before and after. */
export function familyChangeErrors(spec: Spec, old: Spec): readonly FieldError[] {
  const [isHeadless, wasHeadless] = [spec, old].map((each) => textAt(each, 'clusterIP') === 'None');
  if (isHeadless && wasHeadless) return [];
  const addresses = changeErrors(spec, old, ADDRESSES);
  return isHeadless === wasHeadless ? [...addresses, ...changeErrors(spec, old, FAMILIES)] : addresses;
}

interface Listed {
  readonly field: 'clusterIPs' | 'ipFamilies';
  /** As the sentences call one of them. */
  readonly primary: string;
  readonly secondary: string;
  /** What a complaint shows. */
  readonly shown: (lists: { readonly now: string[]; readonly addresses: string[] }) => string[];
}

const ADDRESSES: Listed = {
  field: 'clusterIPs',
  primary: 'primary clusterIP',
  secondary: 'secondary clusterIP',
  shown: ({ now }) => now,
};
/** Those about the first family show the addresses when the number of families changes, as the server does. */
const FAMILIES: Listed = {
  field: 'ipFamilies',
  primary: 'primary ipFamily',
  secondary: 'secondary ipFamily',
  shown: ({ addresses }) => addresses,
};

function changeErrors(spec: Spec, old: Spec, listed: Listed): readonly FieldError[] {
  const path = `spec.${listed.field}`;
  const now = [...textsAt(spec, listed.field)];
  const before = textsAt(old, listed.field);
  if (now.length === before.length)
    return before.flatMap((text, index) =>
      text === now[index] ? [] : [invalid(`${path}[${listed === FAMILIES ? 0 : index}]`, now, FIXED)],
    );
  const shown = listed.shown({ now, addresses: [...textsAt(spec, 'clusterIPs')] });
  const moved = now.length > 0 && before.length > 0 && now[0] !== before[0];
  const released = now.length === 1 && now.length < before.length;
  return [
    ...(now.length === 0 ? [invalid(`${path}[0]`, now, `${listed.primary} can not be unset`)] : []),
    ...(moved ? [invalid(`${path}[0]`, shown, FIXED)] : []),
    ...(released && textAt(spec, 'ipFamilyPolicy') !== 'SingleStack'
      ? [
          invalid(
            'spec.ipFamilyPolicy',
            spec?.['ipFamilyPolicy'],
            `must be set to 'SingleStack' when releasing the ${listed.secondary}`,
          ),
        ]
      : []),
  ];
}
