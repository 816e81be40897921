/**
 * `kubectl cp`: files and directories between this machine and a pod. The real tool runs tar in the container; here the
 * files go one by one, and where tar would complain its words are printed. Source: k8s.io/kubectl/pkg/cmd/cp/cp.go v0.35.
 */
import type { Call, Verb } from '../call.ts';
import { completePods } from '../completion.ts';
import { Failure } from '../failure.ts';
import { resolvePath } from '../manifest.ts';
import { PodFiles } from '../pod-files.ts';
import { completed, defaultContainer, notRunning, podLikeObject } from '../pods.ts';
import { bool, int, text } from './shared-flags.ts';

export const CP: Verb = {
  path: 'cp',
  summary: 'Copy files into a pod and out of it',
  about:
    'Copies a file or a directory between this machine and a container. The place in the pod is written POD:PATH or\nNAMESPACE/POD:PATH; the other one has no colon.',
  usage: 'cp <file-spec-src> <file-spec-dest>',
  examples: ['kubectl cp index.html web:/usr/share/nginx/html/', 'kubectl cp shop/web:/etc/hosts hosts'],
  provenance: 'source',
  flags: [
    text('container', 'The container; otherwise the first one.', { short: 'c' }),
    bool('no-preserve', 'Files have no owners and permissions here that could be kept.'),
    int('retries', 0, 'Copying from a pod never breaks off here.'),
  ],
  run: cp,
  complete: completePods,
};

interface FileSpec {
  /** Undefined: a path of this machine. */
  readonly pod?: { readonly namespace: string; readonly name: string };
  readonly file: string;
}

type PodSpec = FileSpec & { readonly pod: NonNullable<FileSpec['pod']> };

const isRemote = (spec: FileSpec): spec is PodSpec => spec.pod !== undefined;

async function cp(call: Call): Promise<number> {
  const [from, to, ...more] = call.args;
  if (from === undefined || to === undefined || more.length > 0)
    throw new Failure('error: source and destination are required');
  const source = fileSpec(call, from);
  const target = fileSpec(call, to);
  if (isRemote(source) && isRemote(target))
    throw new Failure('error: one of src or dest must be a local file specification');
  if (source.file === '' || target.file === '') throw new Failure('error: filepath can not be empty');
  if (isRemote(source)) return fromPod(call, source, target.file);
  if (isRemote(target)) return toPod(call, source.file, target);
  throw new Failure('error: one of src or dest must be a remote file specification');
}

function fileSpec(call: Call, word: string): FileSpec {
  const colon = word.indexOf(':');
  if (colon < 0) return { file: word };
  const file = word.slice(colon + 1);
  const [first = '', second, ...more] = word.slice(0, colon).split('/');
  if (colon === 0 || more.length > 0)
    throw new Failure('error: filespec must match the canonical format: [[namespace/]pod:]file/path');
  return second === undefined
    ? { pod: { namespace: call.namespace, name: first }, file }
    : { pod: { namespace: first, name: second }, file };
}

async function podFiles(call: Call, { pod: { namespace, name } }: PodSpec): Promise<PodFiles> {
  const pod = podLikeObject({ ...call, namespace }, `pods/${name}`);
  const refusal = completed(pod);
  if (refusal !== undefined) throw new Failure(refusal);
  const container = await defaultContainer(call, pod, call.flags.text('container'));
  const obstacle = notRunning(pod, container);
  if (obstacle !== undefined) throw new Failure(obstacle);
  return new PodFiles(call, { kind: 'pod', namespace, name });
}

const CANNOT_GO_ON = 'command terminated with exit code 2';

async function toPod(call: Call, source: string, target: PodSpec): Promise<number> {
  const local = resolvePath(call.io, source);
  const stat = call.io.files.stat(local);
  if (!stat) throw new Failure(`error: ${source} doesn't exist in local filesystem`);
  const remote = await podFiles(call, target);
  const wanted = trimmed(target.file);
  const place = (await remote.isDirectory(wanted)) ? joined(wanted, baseName(local)) : wanted;
  const parent = place.includes('/') ? place.slice(0, place.lastIndexOf('/')) || '/' : '';
  if (parent !== '' && !(await remote.isDirectory(parent))) {
    const said = `tar: ${parent}: Cannot open: No such file or directory\ntar: Error is not recoverable: exiting now`;
    throw new Failure(`${said}\n${CANNOT_GO_ON}`, 2);
  }
  await send(call, remote, { local, place });
  return 0;
}

async function send(
  call: Call,
  remote: PodFiles,
  { local, place }: { readonly local: string; readonly place: string },
): Promise<void> {
  const { files } = call.io;
  if (files.stat(local)?.type === 'file') return remote.write(place, files.read(local) ?? new Uint8Array());
  await remote.makeDirectory(place);
  for (const name of files.list(local) ?? [])
    await send(call, remote, { local: joined(local, name), place: joined(place, name) });
}

async function fromPod(call: Call, source: PodSpec, target: string): Promise<number> {
  const remote = await podFiles(call, source);
  const path = trimmed(source.file);
  const isDirectory = await remote.isDirectory(path);
  if (!isDirectory && !(await remote.exists(path))) {
    const said = `tar: ${path}: Cannot stat: No such file or directory\ntar: Exiting with failure status due to previous errors`;
    throw new Failure(`${said}\n${CANNOT_GO_ON}`, 2);
  }
  if (path.startsWith('/')) await call.err("tar: Removing leading `/' from member names\n");
  await receive(call, remote, { path, target, isDirectory });
  return 0;
}

interface Receiving {
  readonly path: string;
  /** As it was typed, for messages. */
  readonly target: string;
  readonly isDirectory: boolean;
}

async function receive(
  call: Call,
  remote: PodFiles,
  { path, target, isDirectory }: Receiving,
): Promise<void> {
  const { files } = call.io;
  const local = resolvePath(call.io, target);
  if (isDirectory) {
    orFail(files.mkdir(local, { parents: true }), `mkdir ${target}`);
    for (const name of await remote.names(path)) {
      const inside = joined(path, name);
      const below = { path: inside, target: joined(target, name) };
      await receive(call, remote, { ...below, isDirectory: await remote.isDirectory(inside) });
    }
    return;
  }
  const parent = local.slice(0, local.lastIndexOf('/'));
  if (parent !== '') orFail(files.mkdir(parent, { parents: true }), `mkdir ${parent}`);
  orFail(files.write(local, await remote.read(path)), `open ${target}`);
}

/** Go's errors begin with a small letter. */
function orFail(complaint: string | undefined, doing: string): void {
  if (complaint !== undefined)
    throw new Failure(`error: ${doing}: ${complaint.charAt(0).toLowerCase()}${complaint.slice(1)}`);
}

const trimmed = (path: string): string => (path === '/' ? path : path.replace(/\/+$/, '') || '/');
const joined = (folder: string, name: string): string => `${folder === '/' ? '' : folder}/${name}`;
const baseName = (path: string): string => path.slice(path.lastIndexOf('/') + 1);
