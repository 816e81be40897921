/**
 * The objects that kubectl itself makes for `create <kind>`, `run` and `expose`. Members stand in the order of the Go
 * structs, which `-o json` shows. Source: k8s.io/kubectl/pkg/cmd/{create,run,expose} v0.35.
 */
import type { Json, JsonObject } from '../../../../base/json.ts';
import { err, ok, type Result } from '../../../../base/result.ts';

export interface Named {
  readonly name: string;
  /** Only when -n was given: otherwise the server's path says it. */
  readonly namespace?: string;
}

const meta = (named: Named, labels?: JsonObject): JsonObject => ({
  name: named.name,
  ...(named.namespace === undefined ? {} : { namespace: named.namespace }),
  ...(labels === undefined ? {} : { labels }),
});

export function namespaceObject(name: string): JsonObject {
  return { kind: 'Namespace', apiVersion: 'v1', metadata: { name }, spec: {}, status: {} };
}

export function serviceAccountObject(named: Named): JsonObject {
  return { kind: 'ServiceAccount', apiVersion: 'v1', metadata: meta(named) };
}

export function configMapObject(named: Named, data: Readonly<Record<string, string>>): JsonObject {
  const filled = Object.keys(data).length > 0;
  return { kind: 'ConfigMap', apiVersion: 'v1', metadata: meta(named), ...(filled ? { data } : {}) };
}

export interface DeploymentWish extends Named {
  readonly images: readonly string[];
  readonly replicas: number;
  readonly port?: number;
  readonly command: readonly string[];
}

export function deploymentObject(wish: DeploymentWish): JsonObject {
  const labels = { app: wish.name };
  const containers = wish.images.map((image, at) => ({
    name: containerName(image),
    image,
    ...(wish.command.length > 0 ? { command: wish.command } : {}),
    ...(at === 0 && wish.port !== undefined ? { ports: [{ containerPort: wish.port }] } : {}),
    resources: {},
  }));
  return {
    kind: 'Deployment',
    apiVersion: 'apps/v1',
    metadata: meta(wish, labels),
    spec: {
      replicas: wish.replicas,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers } },
      strategy: {},
    },
    status: {},
  };
}

/** `registry/path/nginx:1.27` -> `nginx`. */
function containerName(image: string): string {
  const last = image.split('/').at(-1) ?? image;
  const bare = last.split(':')[0]?.split('@')[0] ?? last;
  return bare.replace(/[^a-z0-9-]/gi, '-').toLowerCase();
}

export interface ServiceWish extends Named {
  readonly type: 'ClusterIP' | 'NodePort' | 'LoadBalancer';
  /** `80`, `80:8080`, `5678:http`. */
  readonly tcp: readonly string[];
  readonly clusterIP?: string;
  readonly nodePort?: number;
}

export function serviceObject(wish: ServiceWish): Result<JsonObject, string> {
  const ports: JsonObject[] = [];
  for (const spec of wish.tcp) {
    const port = servicePort(spec, wish.nodePort);
    if (!port.ok) return port;
    ports.push(port.value);
  }
  const labels = { app: wish.name };
  return ok({
    kind: 'Service',
    apiVersion: 'v1',
    metadata: meta(wish, labels),
    spec: {
      ...(ports.length > 0 ? { ports } : {}),
      selector: labels,
      ...(wish.clusterIP === undefined ? {} : { clusterIP: wish.clusterIP }),
      type: wish.type,
    },
    status: { loadBalancer: {} },
  });
}

function servicePort(spec: string, nodePort: number | undefined): Result<JsonObject, string> {
  const [portText = '', targetText] = spec.split(':');
  const port = portNumber(portText);
  if (!port.ok) return port;
  let targetPort: Json = port.value;
  if (targetText !== undefined && /^\d+$/.test(targetText)) {
    const target = portNumber(targetText);
    if (!target.ok) return target;
    targetPort = target.value;
  } else if (targetText !== undefined) targetPort = targetText;
  return ok({
    name: spec.replaceAll(':', '-'),
    protocol: 'TCP',
    port: port.value,
    targetPort,
    ...(nodePort === undefined ? {} : { nodePort }),
  });
}

function portNumber(text: string): Result<number, string> {
  if (!/^[-+]?\d+$/.test(text))
    return err(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`);
  const port = Number(text);
  return port > 0 && port <= 65535
    ? ok(port)
    : err(`invalid port: ${text}: must be between 1 and 65535, inclusive`);
}

export interface PodWish extends Named {
  readonly image: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly env: readonly (readonly [string, string])[];
  readonly port?: number;
  /** After `--`: arguments, or the command with --command. */
  readonly args: readonly string[];
  readonly asCommand: boolean;
  readonly restart: 'Always' | 'OnFailure' | 'Never';
  readonly stdin: boolean;
  readonly tty: boolean;
}

export function podObject(wish: PodWish): JsonObject {
  const container: JsonObject = {
    name: wish.name,
    image: wish.image,
    ...(wish.args.length > 0 ? { [wish.asCommand ? 'command' : 'args']: wish.args } : {}),
    ...(wish.port === undefined ? {} : { ports: [{ containerPort: wish.port }] }),
    ...(wish.env.length > 0 ? { env: wish.env.map(([name, value]) => ({ name, value })) } : {}),
    resources: {},
    ...(wish.stdin ? { stdin: true, stdinOnce: true } : {}),
    ...(wish.tty ? { tty: true } : {}),
  };
  const annotations = Object.keys(wish.annotations).length > 0 ? { annotations: wish.annotations } : {};
  return {
    kind: 'Pod',
    apiVersion: 'v1',
    metadata: { ...meta(wish, wish.labels), ...annotations },
    spec: { containers: [container], restartPolicy: wish.restart, dnsPolicy: 'ClusterFirst' },
    status: {},
  };
}

export interface ExposeWish extends Named {
  readonly selector: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
  readonly ports: readonly { readonly port: number; readonly protocol: string }[];
  readonly targetPort?: string;
  readonly type?: string;
  readonly clusterIP?: string;
}

export function exposeObject(wish: ExposeWish): JsonObject {
  const several = wish.ports.length > 1;
  const ports = wish.ports.map(({ port, protocol }, at) => ({
    ...(several ? { name: `port-${at + 1}` } : {}),
    protocol,
    port,
    targetPort:
      wish.targetPort === undefined
        ? port
        : /^\d+$/.test(wish.targetPort)
          ? Number(wish.targetPort)
          : wish.targetPort,
  }));
  const labels = Object.keys(wish.labels).length > 0 ? wish.labels : undefined;
  return {
    kind: 'Service',
    apiVersion: 'v1',
    metadata: meta(wish, labels),
    spec: {
      ...(ports.length > 0 ? { ports } : {}),
      selector: wish.selector,
      ...(wish.clusterIP === undefined ? {} : { clusterIP: wish.clusterIP }),
      ...(wish.type === undefined ? {} : { type: wish.type }),
    },
    status: { loadBalancer: {} },
  };
}
