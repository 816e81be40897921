/**
 * What a Service asks of Calico's load balancer by its class and its annotations. A Service whose annotations cannot be read
 * is left alone; the real controller writes why into its log.
 * Source: kube-controllers/pkg/controllers/loadbalancer/loadbalancer_controller.go (IsCalicoManagedLoadBalancer,
 * parseAnnotations, resolvePools), Calico v3.32.1.
 */
import { err, ok, type Result } from '../../../../base/result.ts';
import { parseCidr, parseIpv4, type Cidr, type Ipv4 } from '../../../../model/ip.ts';
import { textAt } from '../../../kube/fields.ts';
import type { KubeObject } from '../../../kube/object.ts';
import { goStrings } from '../go-json.ts';
import { parseAddress } from '../ip-network.ts';
import type { IpPool } from '../ippool.ts';
import { annotation } from '../kinds.ts';

const POOLS = 'projectcalico.org/ipv4pools';
const POOLS_V6 = 'projectcalico.org/ipv6pools';
const ADDRESSES = 'projectcalico.org/loadBalancerIPs';
const CLASS = 'calico';

/** `assignIps`: AllServices, or RequestedServicesOnly: those that name the class or have an annotation. */
export function isManaged(service: KubeObject, assignIps: string): boolean {
  if (service.spec?.['type'] !== 'LoadBalancer') return false;
  const named = textAt(service.spec, 'loadBalancerClass');
  if (named !== '' && named !== CLASS) return false;
  if (assignIps === 'AllServices' || named === CLASS) return true;
  return [POOLS, POOLS_V6, ADDRESSES].some((name) => Boolean(annotation(service, name)));
}

export interface ServiceWishes {
  /** These addresses and no others; beats the pools. */
  readonly addresses: readonly Ipv4[];
  /** Empty: any. */
  readonly pools: readonly Cidr[];
}

/** `pools`: those that serve load balancers. The error is the text in the controller's log. */
export function readWishes(service: KubeObject, pools: readonly IpPool[]): Result<ServiceWishes, string> {
  const wished = annotation(service, POOLS);
  const names = wished === undefined ? ok([]) : goStrings(wished);
  if (!names.ok) return names;
  const found: Cidr[] = [];
  for (const name of names.value) {
    const cidr = parseCidr(name) ?? pools.find((pool) => pool.name === name)?.cidr;
    if (!cidr) return err(`error parsing pool ${JSON.stringify(name)}: invalid CIDR address: ${name}`);
    found.push(cidr);
  }
  const addresses = readAddresses(annotation(service, ADDRESSES));
  return addresses.ok ? ok({ addresses: addresses.value, pools: found }) : addresses;
}

function readAddresses(text: string | undefined): Result<readonly Ipv4[], string> {
  const parsed = text === undefined ? ok([]) : goStrings(text);
  if (!parsed.ok) return parsed;
  const odd = parsed.value.find((each) => !parseAddress(each));
  if (odd !== undefined) return err(`could not parse ${odd} as a valid IP address`);
  const addresses = parsed.value.flatMap((each) => parseIpv4(each) ?? []);
  const sixes = parsed.value.length - addresses.length;
  if (addresses.length > 1 || sixes > 1) {
    return err(
      `at max only one ipv4 and one ipv6 address can be specified. Received ${addresses.length} ipv4 and ${sixes} ipv6 addresses`,
    );
  }
  return ok(addresses);
}
