/**
 * Commands whose real counterparts would end in a refusal here too, in the real words: no metrics server runs in this cluster,
 * and nobody has installed plugins. Source: k8s.io/kubectl/pkg/cmd/{top,plugin} v0.35.
 */
import type { Verb } from '../call.ts';
import { Failure } from '../failure.ts';
import { ALL_NAMESPACES, bool, FIELD_SELECTOR, SELECTOR, text } from './shared-flags.ts';

const NO_METRICS = 'error: Metrics API not available';

const top = (path: string, flags: Verb['flags'], words: Pick<Verb, 'usage' | 'summary'>): Verb => ({
  path,
  ...words,
  about:
    'Shows CPU and memory use where a metrics server measures it. None runs in this cluster, as in any that did not get one.',
  examples: [`kubectl ${path}`],
  provenance: 'compared',
  flags: [
    ...flags,
    bool('no-headers', 'Leave out the line of column names.'),
    SELECTOR,
    text('sort-by', 'cpu or memory.'),
    bool('use-protocol-buffers', 'How to ask for the numbers.', { initial: 'true' }),
  ],
  run(call) {
    const by = call.flags.text('sort-by');
    if (!['', 'cpu', 'memory'].includes(by)) throw new Failure('error: --sort-by accepts only cpu or memory');
    throw new Failure(NO_METRICS);
  },
});

const TOP_NODE = top('top node', [bool('show-capacity', 'Show the capacity besides.')], {
  usage: 'top node [NAME | -l label]',
  summary: 'Show what nodes use',
});

const TOP_POD = top(
  'top pod',
  [ALL_NAMESPACES, bool('containers', 'Show each container.'), FIELD_SELECTOR, bool('sum', 'Add a sum.')],
  { usage: 'top pod [NAME | -l label]', summary: 'Show what pods use' },
);

const PLUGIN_LIST: Verb = {
  path: 'plugin list',
  summary: 'List the plugins',
  about:
    'Lists programs called kubectl-NAME in the directories of $PATH. There are none on this workstation.',
  usage: 'plugin list [flags]',
  examples: ['kubectl plugin list'],
  provenance: 'compared',
  flags: [bool('name-only', 'Print names without their directories.')],
  run() {
    throw new Failure('error: unable to find any kubectl plugins in your PATH');
  },
};

export const PLAIN_REFUSALS: readonly Verb[] = [PLUGIN_LIST, TOP_NODE, TOP_POD];
