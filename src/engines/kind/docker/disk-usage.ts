/** What an engine's containers and volumes take on its disk (`GET /system/df`, as API 1.41 to 1.51 answer it). */
import { ok, type Result } from '../../../base/result.ts';
import type { LabError } from '../../../lab/ports.ts';
import type { Client } from './client.ts';
import type { DiskUsage } from './docker.ts';

/** Milliseconds: the engine counts the bytes of every file. */
const COUNTING = 120_000;

interface Said {
  readonly Containers?: readonly { readonly Id: string; readonly SizeRw?: number }[] | null;
  readonly Volumes?:
    readonly { readonly Name: string; readonly UsageData?: { readonly Size: number } | null }[] | null;
}

export async function diskUsage(client: Client, signal: AbortSignal): Promise<Result<DiskUsage, LabError>> {
  const answer = await client.ask({ signal, patience: COUNTING }, () => client.dockerode.df());
  if (!answer.ok) return answer;
  const { Containers: containers, Volumes: volumes } = answer.value as Said;
  return ok({
    containers: sizes((containers ?? []).map(({ Id: id, SizeRw: size = 0 }) => [id, size])),
    volumes: sizes((volumes ?? []).map(({ Name: name, UsageData: usage }) => [name, usage?.Size ?? UNKNOWN])),
  });
}

/** The engine's word for not knowing. */
const UNKNOWN = -1;

const sizes = (pairs: readonly (readonly [string, number])[]): Readonly<Record<string, number>> =>
  Object.fromEntries(pairs.filter(([, size]) => size >= 0));
