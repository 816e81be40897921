/**
 * What controllers ask of the BIRDs, which live beside the cluster's objects: a question stands in a table of the store that no
 * API serves, and is answered in the same instant.
 */
import type { Json } from '../base/json.ts';
import { birdSessions, CALICO_NODE_PROBES } from './cni/calico/node-health.ts';
import { reportOf, type Daemons } from './cni/calico/node-status/report.ts';
import { STATUS_ANSWERS, STATUS_QUESTIONS } from './cni/calico/node-status/reporter.ts';
import { textAt, textsAt } from './kube/fields.ts';
import type { Controller, Seen } from './kube/controller.ts';
import { PROBE_ANSWERS, PROBE_QUESTIONS, withProbeDue } from './kube/controllers/prober.ts';
import type { KubeObject, ResourceName } from './kube/object.ts';
import { ClusterTransaction } from './kube/transaction.ts';
import type { NetnsId } from '../model/trace.ts';
import { speakerKey, type DaemonName } from './routing/routing-state.ts';
import type { SpeakerView } from './routing/speaker-view.ts';
import { speakerView } from './routing/view.ts';
import type { Stacks, World } from './stacks.ts';

interface Kind {
  readonly questions: ResourceName;
  readonly answers: ResourceName;
  readonly answer: (asked: Asked, question: KubeObject['spec']) => Json;
}

interface Asked {
  readonly world: World;
  readonly stacks: Stacks;
}

const KINDS: readonly Kind[] = [
  {
    questions: PROBE_QUESTIONS,
    answers: PROBE_ANSWERS,
    answer: ({ world }, question) => birdSessions(world.routing, textAt(question, 'node')) as unknown as Json,
  },
  {
    questions: STATUS_QUESTIONS,
    answers: STATUS_ANSWERS,
    answer: (asked, question) =>
      reportOf(daemonsOn(asked, textAt(question, 'node')), textsAt(question, 'classes')),
  },
];

export const isAsked = ({ store }: Seen): boolean =>
  KINDS.some(({ questions }) => (store.table(questions)?.size ?? 0) > 0);

/** The world with every question answered. */
export function answered(asked: Asked, controllers: readonly Controller[]): World {
  const tx = new ClusterTransaction(asked.world.cluster, controllers);
  for (const { questions, answers, answer } of KINDS)
    for (const { metadata, spec } of tx.list(questions)) {
      tx.delete(questions, undefined, metadata.name);
      tx.put(answers, {
        apiVersion: 'simulator/v1',
        kind: 'Answer',
        metadata: { name: metadata.name },
        spec: { answer: answer(asked, spec) },
      });
    }
  return { ...asked.world, cluster: tx.state };
}

function daemonsOn({ world, stacks }: Asked, node: string): Daemons {
  const { cluster, routing } = world;
  const netns = `node/${node}`;
  const view = (daemon?: DaemonName): SpeakerView | undefined => {
    const speaker = routing.speakers.get(speakerKey({ netns, ...(daemon && { daemon }) }));
    const stack = speaker?.running ? stacks.netns(world, netns) : undefined;
    return speaker && stack && speakerView({ speaker, routing, stack, now: cluster.now });
  };
  return { bird: view(), bird6: view('bird6'), epoch: cluster.epoch };
}

/** Sessions of these speakers have come or gone: the probes of their nodes may see it. */
export function withSessionsSeen(world: World, moved: ReadonlySet<NetnsId>): World {
  let { cluster } = world;
  for (const netns of moved) {
    const node = /^node\/([^/]+)$/.exec(netns)?.[1];
    if (node !== undefined) cluster = withProbeDue(cluster, CALICO_NODE_PROBES.name, node);
  }
  return cluster === world.cluster ? world : { ...world, cluster };
}
