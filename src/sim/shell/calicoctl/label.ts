/** `calicoctl label`. Source: calicoctl/calicoctl/commands/label.go, Calico v3.32.1. */
import type { JsonObject } from '../../../base/json.ts';
import { replace } from './actions.ts';
import type { Client } from './client.ts';
import { members } from './failure.ts';
import { managerNamed } from './kinds/kinds.ts';
import type { Line } from './options.ts';
import type { Report } from './report.ts';

const refused = (error: string): Report => ({ stdout: '', error });

export function label(client: Client, line: Line): Report {
  const [kind = '', name = '', word = ''] = line.args;
  const manager = managerNamed(kind);
  if (!manager) {
    return refused(`failed to get ${kind} ${name}, error resource type '${kind}' is not supported`);
  }
  const change = parseChange(line, word);
  if (!change) return refused(`invalid label ${word}`);
  const namespace = manager.namespaced ? (line.value('--namespace') ?? 'default') : '';
  const stored = manager.get(client, { name, namespace });
  if (!stored.ok) return refused(`${kind} ${name} not found`);
  const labels = members(members(stored.value['metadata'])['labels']);
  const changed = changedLabels(labels, change, {
    about: `${kind} ${name}`,
    overwrite: line.has('--overwrite'),
  });
  if (typeof changed === 'string') return refused(changed);
  const metadata = { ...members(stored.value['metadata']), labels: changed.labels };
  const updated = replace(client, { manager, resource: { ...stored.value, metadata } });
  if (!updated.ok) return refused(`failed to update ${kind} ${name}, label not changed`);
  return {
    stdout: `Successfully ${changed.done} label ${change.key} ${changed.preposition} ${kind} ${name}\n`,
  };
}

interface Change {
  readonly key: string;
  /** Absent: remove. */
  readonly value?: string;
}

function parseChange(line: Line, word: string): Change | undefined {
  if (line.has('--remove')) return { key: word };
  const [key = '', value, ...more] = word.split('=');
  return value === undefined || more.length > 0 ? undefined : { key, value };
}

interface Changed {
  readonly labels: JsonObject;
  readonly done: 'set' | 'updated' | 'removed';
  readonly preposition: 'on' | 'from';
}

function changedLabels(
  labels: JsonObject,
  { key, value }: Change,
  { about, overwrite }: { readonly about: string; readonly overwrite: boolean },
): Changed | string {
  const { [key]: before, ...others } = labels;
  if (value === undefined) {
    if (before === undefined) return `cannot remove label of ${about}, key ${key} does not exist`;
    return { labels: others, done: 'removed', preposition: 'from' };
  }
  if (before !== undefined && before !== value && !overwrite) {
    return `failed to update label of ${about}, key ${key} is already present. please use '--overwrite' to set a new value`;
  }
  return {
    labels: { ...labels, [key]: value },
    done: before === undefined ? 'set' : 'updated',
    preposition: 'on',
  };
}
