/** `kubectl expose`: a service for what is there already. Source: k8s.io/kubectl/pkg/cmd/expose/expose.go v0.35. */
import { isJsonObject, type JsonObject } from '../../../../base/json.ts';
import { listAt, numberAt, objectAt, textAt } from '../../../kube/fields.ts';
import { cidr } from '../../../../model/ip.ts';
import { services } from '../../../kube/kinds/service.ts';
import type { Call, Verb } from '../call.ts';
import { completeResources } from '../completion.ts';
import { Failure } from '../failure.ts';
import { keyValues } from '../key-values.ts';
import { Reporter } from '../reporting.ts';
import { select, type Selected } from '../selection.ts';
import { OVERRIDE_FLAGS, overridden } from './overrides.ts';
import { exposeObject } from './generators.ts';
import { DRY_RUN, fieldManager, FILENAME, PRINT_FLAGS, RECURSIVE, text } from './shared-flags.ts';

export const EXPOSE: Verb = {
  path: 'expose',
  summary: 'Make a service for a deployment, replica set, pod or service',
  about:
    'Creates a service that selects the pods of an object. Ports come from --port, or from what its containers declare.',
  usage:
    'expose (-f FILENAME | TYPE NAME) [--port=port] [--protocol=TCP|UDP|SCTP] [--target-port=number-or-name] [--name=name] [--external-ip=external-ip-of-service] [--type=type]',
  examples: [
    'kubectl expose deployment web --port=80 --target-port=8080',
    'kubectl expose pod web --port=80 --type=NodePort',
  ],
  provenance: 'source',
  flags: [
    text('cluster-ip', 'The service address to ask for; None makes it headless.'),
    DRY_RUN,
    text('external-ip', 'Another address at which the nodes take traffic for the service.'),
    fieldManager('kubectl-expose'),
    FILENAME,
    text('labels', 'Labels of the service, as a=b,c=d.', { short: 'l' }),
    text('load-balancer-ip', 'The address to ask the load balancer for.'),
    text('name', 'The name of the service; that of the object otherwise.'),
    ...PRINT_FLAGS,
    ...OVERRIDE_FLAGS,
    text('port', 'The port of the service.'),
    text('protocol', 'TCP, UDP or SCTP.'),
    RECURSIVE,
    text('selector', 'The labels to select by; those of the object otherwise.'),
    text('session-affinity', 'None, or ClientIP to send a client to the same pod again.'),
    text('target-port', 'The port, or port name, of the pods.'),
    text('type', 'ClusterIP, NodePort or LoadBalancer.'),
  ],
  run: expose,
  complete: completeResources,
};

// Only its schema is asked, which no range of addresses changes.
const SERVICES = services({ serviceCidr: cidr('10.96.0.0/16') });

const EXPOSABLE = new Set(['Service', 'ReplicationController', 'Pod', 'Deployment', 'ReplicaSet']);

async function expose(call: Call): Promise<number> {
  const reporter = new Reporter(call, { keepOrder: true });
  // Here --selector is for the service, not to choose by.
  const selected = await select(withoutSelector(call), call.args);
  for (const one of selected) {
    const service = overridden(call, SERVICES, settled(call, serviceFor(call, one)));
    const result =
      reporter.dryRun === 'client'
        ? service
        : call.api.create(call.api.type('services'), call.namespace, service, {
            fieldManager: call.flags.text('field-manager'),
            dryRun: reporter.dryRun === 'server',
          });
    await reporter.report(result, 'exposed');
  }
  return 0;
}

const withoutSelector = (call: Call): Call => ({ ...call, flags: call.flags.without('selector') });

/** What the flags add to the generated service. */
function settled(call: Call, service: JsonObject): JsonObject {
  const affinity = call.flags.text('session-affinity');
  if (!['', 'None', 'ClientIP'].includes(affinity))
    throw new Failure(`error: unknown session affinity: ${affinity}`);
  const externalIp = call.flags.text('external-ip');
  const type = textAt(service, 'spec', 'type');
  const balancerIp = type === 'LoadBalancer' ? call.flags.text('load-balancer-ip') : '';
  return {
    ...service,
    spec: {
      ...objectAt(service, 'spec'),
      ...(externalIp === '' ? {} : { externalIPs: [externalIp] }),
      ...(balancerIp === '' ? {} : { loadBalancerIP: balancerIp }),
      ...(affinity === '' ? {} : { sessionAffinity: affinity }),
    },
  };
}

function serviceFor(call: Call, { ref, object }: Selected): JsonObject {
  if (!EXPOSABLE.has(ref.type.kind)) {
    const { kind, group } = ref.type;
    throw new Failure(`error: cannot expose a ${group === '' ? kind : `${kind}.${group}`}`);
  }
  const given = call.flags.text('selector');
  const ownSelector = given === '' ? selectorOf(object, ref.type.kind) : keyValues(given.split(','), 'label');
  const labels = call.flags.text('labels');
  const name = call.flags.text('name');
  const clusterIP = call.flags.text('cluster-ip');
  const targetPort = call.flags.text('target-port');
  const type = call.flags.text('type');
  return exposeObject({
    name: name === '' ? ref.name : name,
    ...(call.namespaceGiven && call.flags.text('dry-run') === 'client' ? { namespace: call.namespace } : {}),
    selector: ownSelector,
    labels:
      labels === '' ? texts(objectAt(object, 'metadata', 'labels')) : keyValues(labels.split(','), 'label'),
    ports: portsOf(call, object, clusterIP === 'None'),
    ...(targetPort === '' ? {} : { targetPort }),
    ...(type === '' ? {} : { type }),
    ...(clusterIP === '' ? {} : { clusterIP }),
  });
}

function selectorOf(object: JsonObject, kind: string): Readonly<Record<string, string>> {
  const failing = "error: couldn't retrieve selectors via --selector flag or introspection: ";
  if (kind === 'Pod') {
    const labels = texts(objectAt(object, 'metadata', 'labels'));
    if (Object.keys(labels).length === 0)
      throw new Failure(`${failing}the pod has no labels and cannot be exposed`);
    return labels;
  }
  const selector = objectAt(object, 'spec', 'selector');
  if (kind === 'Service' || kind === 'ReplicationController') {
    if (Object.keys(selector).length === 0)
      throw new Failure(`${failing}the service has no pod selector set`);
    return texts(selector);
  }
  if (listAt(selector, 'matchExpressions').length > 0) {
    throw new Failure(
      `${failing}couldn't convert expressions - "${JSON.stringify(selector['matchExpressions'])}" to map-based selector format`,
    );
  }
  return texts(objectAt(selector, 'matchLabels'));
}

function portsOf(
  call: Call,
  object: JsonObject,
  headless: boolean,
): readonly { readonly port: number; readonly protocol: string }[] {
  const declared = declaredPorts(object);
  const protocolOf = (port: number): string =>
    call.flags.text('protocol') || (declared.find((one) => one.port === port)?.protocol ?? 'TCP');
  const given = call.flags.text('port');
  if (given !== '') {
    return given.split(',').map((port) => {
      if (!/^\d+$/.test(port))
        throw new Failure(`error: strconv.Atoi: parsing ${JSON.stringify(port)}: invalid syntax`);
      return { port: Number(port), protocol: protocolOf(Number(port)) };
    });
  }
  if (declared.length === 0 && !headless)
    throw new Failure("error: couldn't find port via --port flag or introspection");
  return declared.map(({ port }) => ({ port, protocol: protocolOf(port) }));
}

function declaredPorts(object: JsonObject): readonly { readonly port: number; readonly protocol: string }[] {
  const service = listAt(object, 'spec', 'ports');
  if (service.length > 0)
    return service.map((port) => ({
      port: numberAt(port, 'port'),
      protocol: textAt(port, 'protocol') || 'TCP',
    }));
  const spec = isJsonObject(objectAt(object, 'spec')['template'])
    ? objectAt(object, 'spec', 'template', 'spec')
    : objectAt(object, 'spec');
  return listAt(spec, 'containers').flatMap((container) =>
    listAt(container, 'ports').map((port) => ({
      port: numberAt(port, 'containerPort'),
      protocol: textAt(port, 'protocol') || 'TCP',
    })),
  );
}

function texts(members: JsonObject): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(members).map(([key, value]) => [key, String(value)]));
}
