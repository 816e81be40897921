/**
 * `underlay bundle`: everything that labs on real clusters need in one file, made where there is a network and loaded where
 * there is none.
 */
import { err, ok, type Result } from '../../base/result.ts';
import type { BundleAbout } from '../../engines/kind/bundle/create.ts';
import type { Loaded } from '../../engines/kind/bundle/load.ts';
import { PLATFORMS, type Platform } from '../../engines/kind/bundle/manifest.ts';
import { serveBundle } from '../../engines/kind/bundle/serve.ts';
import { FINGERPRINT } from '../../lab/bundle-loader.ts';
import type { LabError } from '../../lab/ports.ts';
import { readLibrary } from '../../services/library.ts';
import type { CliCommand } from '../command.ts';
import { EXIT, type ExitCode } from '../exit-code.ts';
import { complain, say, sayJson } from '../output.ts';
import { PATHS } from '../paths.ts';
import { ProgressLine } from '../progress-line.ts';
import { realClustersHere } from '../real-clusters.ts';
import { interrupted, parsePort } from './start.ts';

const JSON_FLAG = { json: { help: 'Print the result as JSON.' } } as const;

export const bundleCreate: CliCommand = {
  name: 'bundle create',
  spec: {
    usage: `underlay bundle create FILE [--platform ${PLATFORMS.join('|')}|all] [--json]`,
    summary: 'Put everything that labs on real clusters need into one file, for machines without a network.',
    flags: {
      platform: {
        value: 'a platform',
        help: "Of the Docker Engines that shall load it, several with commas; this machine's own unless given.",
      },
      ...JSON_FLAG,
    },
    words: { min: 1, max: 1 },
  },
  async run({ words: [file = ''], flags }) {
    const platforms = parsePlatforms(flags.get('platform'));
    if (!platforms.ok) return wrong(platforms.error);
    const library = await readLibrary(PATHS.course);
    if (!library.ok) return wrong(library.error);
    const labs = [...library.value.labs.values()];
    const installs = [...new Set(labs.map(({ environment }) => environment.calico.install))].sort();
    const made = await atWork((options) =>
      realClustersHere().bundles.create(
        { file, installs, ...(platforms.value && { platforms: platforms.value }) },
        options,
      ),
    );
    return told(made, flags.has('json'), (about) => [`${file} is made.`, ...linesOf(about)]);
  },
};

export const bundleVerify: CliCommand = {
  name: 'bundle verify',
  spec: {
    usage: 'underlay bundle verify FILE [--json]',
    summary: 'Read a bundle to its end: is it whole, undamaged, and of this version of Underlay?',
    flags: JSON_FLAG,
    words: { min: 1, max: 1 },
  },
  async run({ words: [file = ''], flags }) {
    const verified = await atWork((options) => realClustersHere().bundles.verify(file, options));
    return told(verified, flags.has('json'), (about) => [
      `${file} is whole and undamaged.`,
      ...linesOf(about),
    ]);
  },
};

export const bundleLoad: CliCommand = {
  name: 'bundle load',
  spec: {
    usage: 'underlay bundle load FILE|URL [--fingerprint DIGITS] [--json]',
    summary: 'Take a bundle in, from a file or another machine; labs on real clusters then need no network.',
    flags: {
      fingerprint: {
        value: 'digits',
        help: 'Take only the bundle with this fingerprint, as its maker told it; 16 digits are enough.',
      },
      ...JSON_FLAG,
    },
    words: { min: 1, max: 1 },
  },
  async run({ words: [from = ''], flags }) {
    const fingerprint = flags.get('fingerprint');
    if (fingerprint !== undefined && !FINGERPRINT.test(fingerprint))
      return wrong(`--fingerprint needs 16 to 64 hex digits, not "${fingerprint}".`);
    const loaded = await atWork((options) =>
      realClustersHere().bundles.load({ from, ...(fingerprint !== undefined && { fingerprint }) }, options),
    );
    return told(loaded, flags.has('json'), loadedLines);
  },
};

export const bundleServe: CliCommand = {
  name: 'bundle serve',
  spec: {
    usage: 'underlay bundle serve FILE [--address ADDRESS] [--port N]',
    summary: 'Give a bundle to the machines of a classroom until Ctrl-C: that one file, and nothing else.',
    flags: {
      address: {
        value: 'an address',
        help: 'Address of this machine on the network of the classroom. Default: 127.0.0.1, which others do not reach.',
      },
      port: { value: 'a number', help: 'Default: any free one.' },
    },
    words: { min: 1, max: 1 },
  },
  async run({ words: [file = ''], flags }) {
    const port = parsePort(flags.get('port'));
    if (!port.ok) return wrong(port.error);
    const stop = new AbortController();
    const ended = interrupted().then(() => stop.abort());
    const serving = await serveBundle(file, {
      address: flags.get('address') ?? '127.0.0.1',
      port: port.value ?? 0,
      signal: stop.signal,
      onFetch: (from) => complain(`${from} fetches the bundle`),
    });
    if (!serving.ok) return failed(serving.error);
    const { url, fingerprint, closed } = serving.value;
    say(
      `On the other machines:\n\n  underlay bundle load ${url} --fingerprint ${fingerprint.slice(0, SHORT)}\n`,
    );
    say('Press Ctrl-C to stop.');
    await Promise.all([ended, closed]);
    return EXIT.pass;
  },
};

/** Digits of a fingerprint that nobody can make another bundle for, and that fit on a whiteboard. */
const SHORT = 16;

function parsePlatforms(text: string | undefined): Result<readonly Platform[] | undefined, string> {
  if (text === undefined) return ok(undefined);
  const names = text === 'all' ? PLATFORMS : [...new Set(text.split(','))];
  const known = PLATFORMS.filter((platform) => names.includes(platform));
  const strange = names.find((name) => !PLATFORMS.some((platform) => platform === name));
  return strange === undefined
    ? ok(known)
    : err(`--platform is ${PLATFORMS.join(', ')} or all, not "${strange}".`);
}

type Options = { readonly signal: AbortSignal; readonly onProgress: ProgressLine['tell'] };

/** Shows how far it is; Ctrl-C gives it up in order. */
async function atWork<T>(
  work: (options: Options) => Promise<Result<T, LabError>>,
): Promise<Result<T, LabError>> {
  const stop = new AbortController();
  void interrupted().then(() => stop.abort());
  const line = new ProgressLine();
  try {
    return await work({ signal: stop.signal, onProgress: line.tell });
  } finally {
    line.end();
  }
}

function told<T extends BundleAbout>(
  result: Result<T, LabError>,
  json: boolean,
  lines: (value: T) => readonly string[],
): ExitCode {
  if (!result.ok) return failed(result.error);
  if (json) sayJson(result.value);
  else say(lines(result.value).join('\n'));
  return EXIT.pass;
}

const MEGABYTE = 1e6;

export function linesOf({ size, fingerprint, manifest }: BundleAbout): readonly string[] {
  const hosts = manifest.members.flatMap(({ part }) => (part.is === 'kind' ? [part.host] : []));
  const images = manifest.members.filter(({ part }) => part.is === 'image').length;
  return [
    `  Size:         ${Math.ceil(size / MEGABYTE)} MB`,
    `  Holds:        ${manifest.pins.node.split('@')[0] ?? ''}, Calico ${manifest.pins.calico}, kind ${manifest.pins.kind}; ${images} images`,
    `  For engines:  ${manifest.platforms.join(', ')}`,
    `  For machines: ${hosts.join(', ')}`,
    `  Fingerprint:  ${fingerprint}`,
  ];
}

export const loadedLines = ({ parts, ...about }: Loaded): readonly string[] => [
  ...parts.map(({ name, wasThere }) => `${wasThere ? 'there already ' : 'loaded        '} ${name}`),
  'Labs on real clusters need no network now.',
  `  Fingerprint:  ${about.fingerprint}`,
];

function failed({ message, remedy }: LabError): ExitCode {
  complain(`${message} ${remedy}`);
  return EXIT.engine;
}

function wrong(message: string): ExitCode {
  complain(message);
  return EXIT.usage;
}
