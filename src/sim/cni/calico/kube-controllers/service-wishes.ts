/**
 * What a Service asks of Calico's load balancer by its class and its annotations. A Service whose annotations cannot be read
 * is left alone; the real controller writes why into its log.
 * Source: kube-controllers/pkg/controllers/loadbalancer/loadbalancer_controller.go (IsCalicoManagedLoadBalancer,
 * parseAnnotations, resolvePools), Calico v3.32.1.
 */
import { err, ok, type Result } from '../../../../base/result.ts';
import type { Ip } from '../../../../model/ip.ts';
import {
  familyOf,
  formatIp,
  parseIp,
  parseIpCidr,
  type IpCidr,
  type IpFamily,
} from '../../../../model/ip-family.ts';
import { textAt } from '../../../kube/fields.ts';
import type { KubeObject } from '../../../kube/object.ts';
import { goStrings } from '../go-json.ts';
import type { AnyPool } from '../ippool.ts';
import { annotation } from '../kinds.ts';

const POOLS = { 4: 'projectcalico.org/ipv4pools', 6: 'projectcalico.org/ipv6pools' } as const;
const ADDRESSES = 'projectcalico.org/loadBalancerIPs';
const CLASS = 'calico';

/** `assignIps`: AllServices, or RequestedServicesOnly: those that name the class or have an annotation. */
export function isManaged(service: KubeObject, assignIps: string): boolean {
  if (service.spec?.['type'] !== 'LoadBalancer') return false;
  const named = textAt(service.spec, 'loadBalancerClass');
  if (named !== '' && named !== CLASS) return false;
  if (assignIps === 'AllServices' || named === CLASS) return true;
  return [POOLS[4], POOLS[6], ADDRESSES].some((name) => Boolean(annotation(service, name)));
}

export interface ServiceWishes {
  /** These addresses and no others, at most one of each family; beats the pools. */
  readonly addresses: readonly Ip[];
  /** By family; empty: any. */
  readonly pools: Readonly<Record<IpFamily, readonly IpCidr[]>>;
}

/** `pools`: those that serve load balancers. The error is the text in the controller's log. */
export function readWishes(service: KubeObject, pools: readonly AnyPool[]): Result<ServiceWishes, string> {
  const inet = readPoolWish(service, pools, 4);
  if (!inet.ok) return inet;
  const inet6 = readPoolWish(service, pools, 6);
  if (!inet6.ok) return inet6;
  const addresses = readAddresses(annotation(service, ADDRESSES));
  return addresses.ok
    ? ok({ addresses: addresses.value, pools: { 4: inet.value, 6: inet6.value } })
    : addresses;
}

/** By CIDR or by name. */
function readPoolWish(
  service: KubeObject,
  pools: readonly AnyPool[],
  family: IpFamily,
): Result<readonly IpCidr[], string> {
  const wished = annotation(service, POOLS[family]);
  const names = wished === undefined ? ok([]) : goStrings(wished);
  if (!names.ok) return names;
  const found: IpCidr[] = [];
  for (const name of names.value) {
    const cidr = parseIpCidr(name) ?? pools.find((pool) => pool.name === name)?.cidr;
    if (!cidr) return err(`error parsing pool ${JSON.stringify(name)}: invalid CIDR address: ${name}`);
    if (familyOf(cidr.base) !== family)
      return err(`${JSON.stringify(formatIp(cidr.base))} isn't a IPv${family} address`);
    found.push(cidr);
  }
  return ok(found);
}

function readAddresses(text: string | undefined): Result<readonly Ip[], string> {
  const parsed = text === undefined ? ok([]) : goStrings(text);
  if (!parsed.ok) return parsed;
  const addresses: Ip[] = [];
  for (const each of parsed.value) {
    const address = parseIp(each);
    if (address === undefined) return err(`could not parse ${each} as a valid IP address`);
    addresses.push(address);
  }
  const sixes = addresses.filter((address) => familyOf(address) === 6).length;
  const fours = addresses.length - sixes;
  if (fours > 1 || sixes > 1) {
    return err(
      `at max only one ipv4 and one ipv6 address can be specified. Received ${fours} ipv4 and ${sixes} ipv6 addresses`,
    );
  }
  return ok(addresses);
}
