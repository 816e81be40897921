import { describe, expect, test } from 'vitest';
import type { JsonObject } from '../../../base/json.ts';
import { errorText } from '../field-error.ts';
import type { ClusterTransaction } from '../transaction.ts';
import { NETWORK_POLICIES } from './network-policy.ts';

const policy = (spec: JsonObject) => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata: { name: 'web', namespace: 'default' },
  spec,
});

const NO_TRANSACTION = undefined as unknown as ClusterTransaction;

const complaints = (spec: JsonObject): readonly string[] =>
  (NETWORK_POLICIES.validate?.(policy(spec), undefined, NO_TRANSACTION) ?? []).map(errorText);

const typesOf = (spec: JsonObject): unknown =>
  NETWORK_POLICIES.defaults?.(policy(spec), NO_TRANSACTION, undefined).spec?.['policyTypes'];

describe('NetworkPolicy', () => {
  test('types follow from the rules: an empty list of egress rules is none', () => {
    expect(typesOf({ podSelector: {} })).toEqual(['Ingress']);
    expect(typesOf({ podSelector: {}, egress: [] })).toEqual(['Ingress']);
    expect(typesOf({ podSelector: {}, egress: [{}] })).toEqual(['Ingress', 'Egress']);
    expect(typesOf({ podSelector: {}, policyTypes: ['Egress'] })).toEqual(['Egress']);
  });

  test('what the API server complains of (provenance: its source)', () => {
    expect(
      complaints({
        podSelector: {
          matchExpressions: [
            { key: 'a', operator: 'In' },
            { key: 'b', operator: 'Like' },
          ],
        },
        ingress: [
          {
            ports: [
              { protocol: 'ICMP' },
              { port: 0 },
              { port: 90, endPort: 80 },
              { port: 'HTTP', endPort: 1 },
              { endPort: 80 },
            ],
            from: [
              {},
              { ipBlock: { cidr: '10.0.0.0/33' } },
              {
                ipBlock: {
                  cidr: '10.0.0.0/24',
                  except: ['10.0.0.0/24', '10.0.1.0/25', 'x', '10.0.0.128/25'],
                },
              },
              { ipBlock: { cidr: '10.0.0.0/8' }, podSelector: {} },
              {
                ipBlock: {
                  cidr: '2001:db8::/32',
                  except: ['2001:db8:1::/48', '2001:db8::/32', '2001:db9::/48', '10.0.0.0/24', '::1'],
                },
              },
              { ipBlock: { cidr: 'fd00::/129' } },
            ],
          },
        ],
        policyTypes: ['Ingress', 'Sideways'],
      }),
    ).toEqual([
      "spec.podSelector.matchExpressions[0].values: Required value: must be specified when `operator` is 'In' or 'NotIn'",
      'spec.podSelector.matchExpressions[1].operator: Invalid value: "Like": not a valid selector operator',
      'spec.ingress[0].ports[0].protocol: Unsupported value: "ICMP": supported values: "TCP", "UDP", "SCTP"',
      'spec.ingress[0].ports[1].port: Invalid value: 0: must be between 1 and 65535, inclusive',
      'spec.ingress[0].ports[2].endPort: Invalid value: 80: must be greater than or equal to `port`',
      'spec.ingress[0].ports[3].endPort: Invalid value: 1: may not be specified when `port` is non-numeric',
      'spec.ingress[0].ports[3].port: Invalid value: "HTTP": must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)',
      'spec.ingress[0].ports[3].port: Invalid value: "HTTP": must contain at least one letter (a-z)',
      'spec.ingress[0].ports[4].endPort: Invalid value: 80: may not be specified when `port` is not specified',
      'spec.ingress[0].from[0]: Required value: must specify a peer',
      'spec.ingress[0].from[1].ipBlock.cidr: Invalid value: "10.0.0.0/33": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)',
      'spec.ingress[0].from[2].ipBlock.except[0]: Invalid value: "10.0.0.0/24": must be a strict subset of `cidr`',
      'spec.ingress[0].from[2].ipBlock.except[1]: Invalid value: "10.0.1.0/25": must be a strict subset of `cidr`',
      'spec.ingress[0].from[2].ipBlock.except[2]: Invalid value: "x": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)',
      'spec.ingress[0].from[3]: Forbidden: may not specify both ipBlock and another peer',
      'spec.ingress[0].from[4].ipBlock.except[1]: Invalid value: "2001:db8::/32": must be a strict subset of `cidr`',
      'spec.ingress[0].from[4].ipBlock.except[2]: Invalid value: "2001:db9::/48": must be a strict subset of `cidr`',
      'spec.ingress[0].from[4].ipBlock.except[3]: Invalid value: "10.0.0.0/24": must be a strict subset of `cidr`',
      'spec.ingress[0].from[4].ipBlock.except[4]: Invalid value: "::1": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)',
      'spec.ingress[0].from[5].ipBlock.cidr: Invalid value: "fd00::/129": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)',
      'spec.policyTypes[1]: Unsupported value: "Sideways": supported values: "Ingress", "Egress"',
    ]);
  });
});
