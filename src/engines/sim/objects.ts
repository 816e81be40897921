/** Answers `objects` by the API: a resource as kubectl names it is found by discovery's rules, then read or listed. */
import { isJsonObject, type Json, type JsonObject } from '../../base/json.ts';
import { err, ok, type Result } from '../../base/result.ts';
import type { LabError, ObjectQuery } from '../../lab/ports.ts';
import type { ResourceType, Simulator } from '../../sim/index.ts';

export function objectsOf(simulator: Simulator, query: ObjectQuery): Result<readonly JsonObject[], LabError> {
  const type = simulator.resourceType(query.resource);
  if (!type) {
    return err({
      code: 'unknown-resource',
      message: `The cluster has no resource "${query.resource}".`,
      remedy: 'Name it as kubectl api-resources does, with its group: ippools.crd.projectcalico.org.',
    });
  }
  const path = pathOf(type, query);
  const selector = query.labelSelector === undefined ? {} : { query: { labelSelector: query.labelSelector } };
  const { code, body } = simulator.ask({ kind: 'request', request: { method: 'GET', path, ...selector } });
  if (code === 404) return ok([]);
  if (code >= 400) {
    return err({
      code: 'api-refused',
      message: `The API server refused the question about ${query.resource}: ${String(body['message'])}`,
      remedy: 'Reset the lab and try again.',
    });
  }
  if (query.name !== undefined) return ok([body]);
  const items: Json | undefined = body['items'];
  return ok(Array.isArray(items) ? items.filter(isJsonObject) : []);
}

/** `/api/v1/namespaces/default/pods/web`; a namespaced object without a namespace is in `default`. */
function pathOf(type: ResourceType, { name, namespace }: ObjectQuery): string {
  const base = type.group === '' ? `/api/${type.version}` : `/apis/${type.group}/${type.version}`;
  const within = namespace ?? (name === undefined ? undefined : 'default');
  const scope = type.namespaced && within !== undefined ? `/namespaces/${within}` : '';
  return `${base}${scope}/${type.plural}${name === undefined ? '' : `/${name}`}`;
}
