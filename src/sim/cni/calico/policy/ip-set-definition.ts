/**
 * The IP sets that rules name, as definitions: what a set is called, and who belongs to it. The name is a hash of the
 * definition, so every rule with the same criterion shares one set.
 * Source: felix/calc/rule_scanner.go (IPSetData), Calico v3.32.1.
 */
import { uniqueId } from '../names.ts';
import { selectorId, type SelectorNode } from '../selector.ts';

export type PortProtocol = 'tcp' | 'udp' | 'sctp';

export type IpSetDefinition =
  | { readonly kind: 'selector'; readonly id: string; readonly selector: SelectorNode }
  | {
      readonly kind: 'named-port';
      readonly id: string;
      readonly selector: SelectorNode;
      readonly port: string;
      readonly protocol: PortProtocol | 'any';
    }
  | {
      readonly kind: 'service';
      readonly id: string;
      /** `<namespace>/<name>` */
      readonly service: string;
      readonly withPorts: boolean;
    };

export const selectorSet = (selector: SelectorNode): IpSetDefinition => ({
  kind: 'selector',
  id: selectorId(selector),
  selector,
});

export const namedPortSet = (
  port: string,
  protocol: PortProtocol | 'any',
  selector: SelectorNode,
): IpSetDefinition => ({
  kind: 'named-port',
  id: uniqueId('n', `${selectorId(selector)},${protocol},${port}`),
  selector,
  port,
  protocol,
});

/** Packets to a service are matched by address and port, packets from one by address alone. */
export const serviceSet = (service: string, withPorts: boolean): IpSetDefinition => ({
  kind: 'service',
  id: uniqueId(withPorts ? 'svc' : 'svcnoport', service),
  service,
  withPorts,
});
