/**
 * `calicoctl node status`: is Calico running on this machine, and how are BIRD's sessions? It looks at the processes of the
 * machine it runs on and asks BIRD through its socket, so it has to run on a node, as root; it never asks the API.
 * Source: calicoctl/calicoctl/commands/node/{status,permissions}.go, Calico v3.32.1. Without IPv6 in the cluster no `bird6` is
 * simulated; it would run, and have no peers.
 */
import { isJsonObject, type JsonObject } from '../../../base/json.ts';
import type { IpFamily } from '../../../model/ip-family.ts';
import { listAt, objectAt, textAt } from '../../kube/fields.ts';
import type { SpeakerView } from '../../routing/speaker-view.ts';
import { summaryOf } from '../birdcl/protocols.ts';
import type { CommandIo } from '../command.ts';
import { userOf } from '../files-image.ts';
import { borderedTable } from './bordered-table.ts';
import type { Report } from './report.ts';

const TYPES: Readonly<Record<string, string>> = {
  Global: 'global',
  Node: 'node specific',
  Mesh: 'node-to-node mesh',
};

const NAME = /^(Global|Node|Mesh)_(.+)$/;

export function nodeStatus(io: CommandIo): Report {
  // The real tool says so on standard output, and fails.
  if (userOf(io.place) !== 'root')
    return { stdout: 'Need super user privileges: Operation not permitted\n', error: '' };
  const node = io.place.kind === 'node' ? io.place.name : '';
  const views = { 4: io.routing.speaker(node), 6: io.routing.speaker(node, 'bird6') };
  if (!views[4] && !views[6]) {
    return runsCalico(io, node)
      ? { stdout: 'Calico process is running.\n\nThe BGP backend process (BIRD) is not running.\n\n' }
      : { stdout: '', error: 'Calico process is not running.' };
  }
  const statuses = FAMILIES.map((family) => `\n${status(io, family, views[family])}`);
  return { stdout: `Calico process is running.\n${statuses.join('')}\n` };
}

const FAMILIES = [4, 6] as const;

function status(io: CommandIo, family: IpFamily, view: SpeakerView | undefined): string {
  // A bird6 without peers is left out of the simulation, not out of the machine.
  if (!view && family === 4) return "INFO: BIRDv4 process: 'bird' is not running.\n";
  const peers = view ? peerRows(io, family, view) : [];
  const table =
    peers.length === 0
      ? `No IPv${family} peers found.\n`
      : borderedTable(['Peer address', 'Peer type', 'State', 'Since', 'Info'], peers);
  return `IPv${family} BGP status\n${table}`;
}

const SEPARATORS: Readonly<Record<IpFamily, string>> = { 4: '.', 6: ':' };

/** A row for each session that Calico configured. */
function peerRows(io: CommandIo, family: IpFamily, view: SpeakerView): readonly (readonly string[])[] {
  return view.protocols.flatMap((protocol) => {
    const [, type = '', address = ''] = NAME.exec(protocol.name) ?? [];
    if (protocol.kind !== 'BGP' || type === '') return [];
    const { state, since, info } = summaryOf(protocol, { view, epoch: io.clock.epoch });
    // The real tool passes over a line without this word.
    if (info.trim() === '') return [];
    return [
      [
        address.replaceAll('_', SEPARATORS[family]),
        TYPES[type] ?? '',
        state,
        since,
        info.trim().replace(/\s+/g, ' '),
      ],
    ];
  });
}

/** The machine's processes: those of the calico-node pod that is here. */
function runsCalico(io: CommandIo, node: string): boolean {
  const { body } = io.cluster.request({
    method: 'GET',
    path: '/api/v1/pods',
    query: { labelSelector: 'k8s-app=calico-node', fieldSelector: `spec.nodeName=${node}` },
  });
  const items: readonly JsonObject[] = Array.isArray(body['items']) ? body['items'].filter(isJsonObject) : [];
  return items.some((pod) =>
    listAt(pod, 'status', 'containerStatuses').some(
      (status) =>
        textAt(status, 'name') === 'calico-node' && objectAt(status, 'state')['running'] !== undefined,
    ),
  );
}
