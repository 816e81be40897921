/** The machine around the labs: on what they can run here, what was found of it, and what they left behind. */
import type { EngineOffer } from '../../contract/api.ts';
import type { Finding, Leftover } from '../../lab/care.ts';
import type { EngineId } from '../../lab/ports.ts';
import type { Client } from '../client.ts';
import { strings } from '../strings.ts';
import type { Notices } from './notices.svelte.ts';

export class MachineState {
  readonly #client: Client;
  readonly #notices: Notices;
  #findings = $state.raw<readonly Finding[]>([]);
  #examining = $state(false);
  #leftovers = $state.raw<readonly Leftover[]>();
  #removing = $state.raw<readonly string[]>([]);
  #offers = $state.raw<readonly EngineOffer[]>([]);
  #offered = $state<string>();
  #chosen = $state<EngineId>('sim');

  constructor(client: Client, notices: Notices) {
    this.#client = client;
    this.#notices = notices;
    client.on('care.finding', (finding) => {
      if (!this.#examining) return;
      const others = this.#findings.filter(({ id }) => id !== finding.id);
      this.#findings = [...others, finding];
    });
  }

  /** As far as they are known, in the order in which they came; in the order of the list when all are there. */
  get findings(): readonly Finding[] {
    return this.#findings;
  }

  get examining(): boolean {
    return this.#examining;
  }

  /** Undefined until the host has told, and while it cannot. */
  get leftovers(): readonly Leftover[] | undefined {
    return this.#leftovers;
  }

  /** Names of clusters that are being removed; one removal at a time. */
  get removing(): readonly string[] {
    return this.#removing;
  }

  /** Bytes of all that is left, as far as it could be counted. */
  get leftBytes(): number {
    return (this.#leftovers ?? []).reduce((sum, { size = 0 }) => sum + size, 0);
  }

  /** On what the lab that was asked for last can run; empty until the host has told. */
  get offers(): readonly EngineOffer[] {
    return this.#offers;
  }

  /** What the learner wants to run labs on, where there is a choice. */
  get chosen(): EngineId {
    return this.#chosen;
  }

  /** The learner's choice, if that lab has one. */
  engineFor(lab: string): EngineId {
    return this.#offered === lab && this.#offers.length > 1 ? this.#chosen : 'sim';
  }

  choose(engine: EngineId): void {
    this.#chosen = engine;
  }

  /** Asks anew each time: Docker may have been started meanwhile. */
  async askFor(lab: string): Promise<void> {
    if (this.#offered !== lab) this.#offers = [];
    this.#offered = lab;
    const answer = await this.#client.call('lab.engines', { lab });
    if (!answer.ok || this.#offered !== lab) return;
    this.#offers = answer.value;
    const possible = answer.value.some(({ engine, obstacle }) => engine === this.#chosen && !obstacle);
    if (!possible) this.#chosen = 'sim';
  }

  async look(): Promise<void> {
    if (this.#examining) return;
    this.#examining = true;
    this.#findings = [];
    const [examined, left] = await Promise.all([
      this.#client.call('care.examine', {}),
      this.#client.call('care.leftovers', {}),
    ]);
    this.#examining = false;
    if (examined.ok) {
      this.#findings = examined.value;
      this.#notices.announce(strings.machine.examined(examined.value.filter(isTrouble).length));
    } else this.#notices.problem(examined.error);
    // Without an engine nothing can be seen of what was left on it; the findings say that it does not answer.
    this.#leftovers = left.ok ? left.value : undefined;
  }

  async clean(names: readonly string[]): Promise<void> {
    if (this.#removing.length > 0 || names.length === 0) return;
    this.#removing = names;
    const cleaned = await this.#client.call('care.clean', { names: [...names] });
    const left = await this.#client.call('care.leftovers', {});
    this.#removing = [];
    if (left.ok) this.#leftovers = left.value;
    if (cleaned.ok) this.#notices.say(strings.machine.cleaned(names.length));
    else this.#notices.problem(cleaned.error);
  }
}

export const isTrouble = ({ state }: Finding): boolean => state !== 'good';
