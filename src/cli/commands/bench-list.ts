/** A list of many pods, from the request to the bytes that a socket is given: in pages of tables, or whole in one answer. */
import type { JsonObject } from '../../base/json.ts';
import { answerPieces } from '../../engines/sim/answer-text.ts';
import type { Simulator } from '../../sim/index.ts';
import { broughtUp } from './bench-rack.ts';
import { cpuTimeOf, figure, type Figure, type Measurements } from './figure.ts';

const NODES = 334;
const PODS = 10_000;
const RUNS = 7;
/** So many pods change between two lists. */
const CHANGED = 100;
/** What kubectl asks for at a time. */
const CHUNK = 500;
/** Bytes of a piece of an answer. */
const MOST_AT_ONCE = 1 << 20;
const LIMIT = { unit: 'ms of processor time', limit: 150 };
const PATH = '/api/v1/namespaces/default/pods';
const AS_TABLE = 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json';

export function listMeasurements(): Measurements {
  let cluster: Simulator | undefined;
  const told = (measure: (simulator: Simulator) => Figure) => (): Figure =>
    measure((cluster ??= broughtUp(NODES, PODS)));
  const what = `API list of ${PODS} pods`;
  return {
    [`${what}, as kubectl get pods asks for it: tables of ${CHUNK}`]: told((simulator) =>
      figure(
        LIMIT,
        runs(() => cpuTimeOf(() => inTables(simulator))),
      ),
    ),
    [`${what}, whole objects as JSON in one answer, for the first time`]: told((simulator) =>
      figure(LIMIT, [cpuTimeOf(() => listed(simulator))]),
    ),
    [`${what}, whole objects as JSON in one answer, again after ${CHANGED} have changed`]: told((simulator) =>
      figure(
        LIMIT,
        runs((at) => {
          relabelled(simulator, String(at));
          return cpuTimeOf(() => listed(simulator));
        }),
      ),
    ),
  };
}

const runs = (run: (at: number) => number): readonly number[] =>
  Array.from({ length: RUNS }, (_, at) => run(at));

function inTables(simulator: Simulator): void {
  let rows = 0;
  for (let next: string | undefined = ''; next !== undefined;) {
    const query = { limit: String(CHUNK), ...(next !== '' && { continue: next }) };
    const { body } = simulator.cluster.request({ method: 'GET', path: PATH, query, accept: AS_TABLE });
    sent(body);
    rows += (body['rows'] as readonly unknown[]).length;
    next = (body['metadata'] as JsonObject)['continue'] as string | undefined;
  }
  if (rows !== PODS) throw new Error(`${rows} of ${PODS} pods are listed`);
}

const listed = (simulator: Simulator): void =>
  sent(simulator.cluster.request({ method: 'GET', path: PATH }).body);

const wire = Buffer.alloc(MOST_AT_ONCE);

/** As a socket does that takes each piece before the next is made. */
function sent(body: JsonObject): void {
  for (const piece of answerPieces(body))
    if (typeof piece === 'string') wire.write(piece);
    else wire.set(piece);
}

function relabelled(simulator: Simulator, value: string): void {
  const pods = simulator.world.cluster.store.list('pods', 'default').slice(0, CHANGED);
  for (const { metadata } of pods)
    simulator.cluster.request({
      method: 'PATCH',
      path: `${PATH}/${metadata.name}`,
      contentType: 'application/merge-patch+json',
      body: { metadata: { labels: { seen: value } } },
    });
}
