/** `calicoctl get`. Source: calicoctl/calicoctl/commands/get.go, Calico v3.32.1. */
import type { CommandIo } from '../command.ts';
import { execute, type Results } from './actions.ts';
import type { Client } from './client.ts';
import { contentOf } from './files.ts';
import type { Line } from './options.ts';
import { parseFormat, printResources, type Format, type PrintOptions } from './output.ts';
import type { Report } from './report.ts';

const DEFAULT_AS_NUMBER = '64512';

export async function get(io: CommandIo, client: Client, line: Line): Promise<Report> {
  const format = parseFormat(line.value('--output') ?? 'ps');
  if (!format.ok) return { stdout: '', error: format.error };
  const resolved = withTemplate(io, format.value);
  if (resolved === undefined) {
    return { stdout: '', error: `open ${templateFile(format.value)}: no such file or directory` };
  }
  const results = await execute(io, client, line, 'get');
  const problem = unread(results);
  if (problem !== undefined) return { stdout: '', error: problem };
  const printed = printResources(results.results, {
    format: resolved,
    withNamespace: line.has('--all-namespaces') || line.has('--namespace'),
    config: { asNumber: asNumber(client) },
  });
  if (!printed.ok) return { stdout: '', error: printed.error };
  const errors = results.failures.map(({ text }) => text).join('\n');
  return { stdout: printed.value, ...(errors !== '' && { error: errors }) };
}

function unread({ fileInvalid, error }: Results): string | undefined {
  if (error === undefined) return undefined;
  return fileInvalid ? `failed to execute command: ${error}` : `failed to get resources: ${error}`;
}

const templateFile = (format: Format): string => (format.kind === 'template-file' ? format.text : '');

function withTemplate(io: CommandIo, format: Format): PrintOptions['format'] | undefined {
  if (format.kind !== 'template-file') return format;
  const text = contentOf(io, format.text);
  return text === undefined ? undefined : { kind: 'template', text };
}

function asNumber(client: Client): string {
  const spec = client.objects.get('bgpconfigurations.crd.projectcalico.org', 'default')?.spec;
  return String(spec?.['asNumber'] ?? DEFAULT_AS_NUMBER);
}
