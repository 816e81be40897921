/**
 * Calico's client library on the Kubernetes API, as calicoctl uses it with the Kubernetes datastore: it reads and writes
 * crd.projectcalico.org/v1 and core objects by path, and carries IPAM on top.
 */
import { isJsonObject, type JsonObject } from '../../../base/json.ts';
import { ok } from '../../../base/result.ts';
import { timestamp } from '../../core/time.ts';
import { ipamMetadata, METADATA_ANNOTATION, type Datastore } from '../../cni/calico/datastore.ts';
import { Ipam } from '../../cni/calico/ipam/ipam.ts';
import { API_VERSION, GROUP } from '../../cni/calico/kinds.ts';
import type { ApiRequest, ApiResponse } from '../../kube/api.ts';
import type { KubeObject } from '../../kube/object.ts';
import type { ClockPort, ClusterPort } from '../command.ts';
import { asJson, members, outcomeOf, type Outcome } from './failure.ts';

export class Client {
  readonly #cluster: ClusterPort;
  readonly clock: ClockPort;

  constructor(cluster: ClusterPort, clock: ClockPort) {
    this.#cluster = cluster;
    this.clock = clock;
  }

  ask(request: ApiRequest): ApiResponse {
    return this.#cluster.request({ userAgent: 'calicoctl', ...request });
  }

  request(request: ApiRequest, about: string): Outcome<JsonObject> {
    return outcomeOf(this.ask(request), about);
  }

  /** Items of a collection and its resource version. */
  list(
    path: string,
    about: string,
  ): Outcome<{ readonly items: readonly KubeObject[]; readonly version: string }> {
    const answer = this.request({ method: 'GET', path }, about);
    if (!answer.ok) return answer;
    const { items, metadata } = answer.value;
    return ok({
      items: Array.isArray(items) ? items.filter(isKubeObject) : [],
      version: String(members(metadata)['resourceVersion'] ?? ''),
    });
  }

  get timestamp(): string {
    return timestamp(this.clock.epoch, this.clock.now());
  }

  /** Calico's objects by name, for code that also runs inside the cluster. */
  get objects(): Datastore {
    return apiDatastore(this);
  }

  get ipam(): Ipam {
    return new Ipam(this.objects);
  }
}

const isKubeObject = (value: unknown): value is KubeObject =>
  isJsonObject(value) && isJsonObject(value['metadata']);

/** `/apis/crd.projectcalico.org/v1/ippools`; `resource` as the store names it. */
export function collection(resource: string): string {
  const plural = resource.replace(`.${GROUP}`, '');
  return plural === resource ? `/api/v1/${plural}` : `/apis/${API_VERSION}/${plural}`;
}

function apiDatastore(client: Client): Datastore {
  const read = (resource: string, name: string): KubeObject | undefined => {
    const { code, body } = client.ask({ method: 'GET', path: `${collection(resource)}/${name}` });
    return code === 200 && isKubeObject(body) ? body : undefined;
  };
  return {
    get: read,
    list: (resource, prefix = '') => {
      const listed = client.list(collection(resource), resource);
      return listed.ok ? listed.value.items.filter(({ metadata }) => metadata.name.startsWith(prefix)) : [];
    },
    put: (resource, custom) => {
      const { kind, name, spec, labels } = custom;
      const before = read(resource, name);
      const metadata = before?.metadata ?? {
        name,
        annotations: { [METADATA_ANNOTATION]: ipamMetadata(custom) },
        ...(labels && { labels }),
      };
      const written = { apiVersion: API_VERSION, kind, metadata, spec };
      const path = before ? `${collection(resource)}/${name}` : collection(resource);
      const { body } = client.ask({ method: before ? 'PUT' : 'POST', path, body: asJson(written) });
      return isKubeObject(body) && body.kind === kind ? body : written;
    },
    delete: (resource, name) => {
      client.ask({ method: 'DELETE', path: `${collection(resource)}/${name}` });
    },
    get timestamp() {
      return client.timestamp;
    },
    get clock() {
      return client.clock.epoch + client.clock.now();
    },
  };
}
