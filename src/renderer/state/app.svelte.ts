/**
 * The app as a whole: the connection, the address, the colours, the course and the one lab that runs. Verbs here are
 * what the learner can do from anywhere; everything else belongs to the state it changes.
 */
import type { Unsubscribe } from '../../base/event.ts';
import type { AppInfo } from '../../contract/api.ts';
import type { GlossaryTerm, Lesson } from '../../course/blocks.ts';
import type { EngineId } from '../../lab/ports.ts';
import type { Client, Connection } from '../client.ts';
import { formatRoute, parseRoute, type Route } from '../route.ts';
import { strings } from '../strings.ts';
import { BundleState } from './bundle.svelte.ts';
import { CourseState } from './course.svelte.ts';
import { LabState } from './lab.svelte.ts';
import { LayoutState, type Memory } from './layout.svelte.ts';
import { MachineState } from './machine.svelte.ts';
import { Notices } from './notices.svelte.ts';

/** What of the browser the state needs; tests bring their own. */
export interface Surroundings {
  readonly memory: Memory;
  /** The address's fragment, `#/lesson/...`. */
  readonly address: {
    read(): string;
    go(fragment: string): void;
    onChange(listener: () => void): Unsubscribe;
  };
  /** Offers bytes as a download. */
  save(name: string, bytes: Uint8Array<ArrayBuffer>): void;
  /** False when the clipboard is out of reach. */
  copy(text: string): Promise<boolean>;
  readonly prefersDark: { read(): boolean; onChange(listener: () => void): Unsubscribe };
}

export type Theme = 'system' | 'light' | 'dark';

/** Also read before the first paint, see main.ts. */
export const THEME_KEY = 'underlay.theme';

export class AppState {
  readonly client: Client;
  readonly notices = new Notices();
  readonly layout: LayoutState;
  readonly course: CourseState;
  readonly machine: MachineState;
  readonly bundle: BundleState;
  readonly #surroundings: Surroundings;
  #connection = $state<Connection>('connecting');
  #route = $state.raw<Route>({ page: 'home' });
  #info = $state.raw<AppInfo>();
  #lab = $state.raw<LabState>();
  #prefersDark = $state(false);
  #rememberedTheme = $state<Theme>('system');
  #outside = $state<string>();
  #term = $state.raw<GlossaryTerm>();

  readonly theme: Theme = $derived.by(() => this.course.progress?.settings.theme ?? this.#rememberedTheme);
  readonly scheme: 'light' | 'dark' = $derived.by(() => {
    if (this.theme !== 'system') return this.theme;
    return this.#prefersDark ? 'dark' : 'light';
  });
  readonly terminalFontSize = $derived.by(() => this.course.progress?.settings.terminalFontSize ?? 13);
  /** The lab that the open lesson is about, running or not. */
  readonly lessonLab: string | undefined = $derived.by(() => this.course.lesson?.lab);
  /** The running lab, when it is the open lesson's. */
  readonly shownLab: LabState | undefined = $derived.by(() =>
    this.#lab?.lab === this.lessonLab ? this.#lab : undefined,
  );

  constructor(client: Client, surroundings: Surroundings) {
    this.client = client;
    this.#surroundings = surroundings;
    this.layout = new LayoutState(surroundings.memory);
    this.course = new CourseState(client, this.notices);
    this.machine = new MachineState(client, this.notices);
    this.bundle = new BundleState(client, this.notices, () => this.#hasBundle());
    this.#rememberedTheme = parseTheme(surroundings.memory.read(THEME_KEY));
    this.#prefersDark = surroundings.prefersDark.read();
    surroundings.prefersDark.onChange(() => (this.#prefersDark = surroundings.prefersDark.read()));
    surroundings.address.onChange(() => this.#arrive());
    client.onConnection((connection) => this.#connectionChanged(connection));
  }

  get connection(): Connection {
    return this.#connection;
  }

  get route(): Route {
    return this.#route;
  }

  get info(): AppInfo | undefined {
    return this.#info;
  }

  /** The lab that runs, whichever lesson is open. */
  get lab(): LabState | undefined {
    return this.#lab;
  }

  /** An outside address that the learner may be taken to, once confirmed. */
  get outside(): string | undefined {
    return this.#outside;
  }

  /** The glossary entry that is being read. */
  get term(): GlossaryTerm | undefined {
    return this.#term;
  }

  start(): void {
    this.#arrive();
    this.client.start();
    void this.course.load();
    void this.client.call('app.info', {}).then((answer) => {
      if (answer.ok) this.#info = answer.value;
    });
  }

  go(route: Route): void {
    this.#surroundings.address.go(formatRoute(route));
  }

  async setTheme(theme: Theme): Promise<void> {
    this.#surroundings.memory.write(THEME_KEY, theme);
    this.#rememberedTheme = theme;
    await this.course.set({ theme });
  }

  async setTerminalFontSize(size: number): Promise<void> {
    await this.course.set({ terminalFontSize: Math.min(24, Math.max(10, size)) });
  }

  /** Starts a lab; one lab runs at a time, so another one ends. */
  async startLab(lab: string, engine: EngineId = this.machine.engineFor(lab)): Promise<void> {
    this.layout.showPane('lab');
    if (this.#lab?.lab === lab && this.#lab.engine === engine) {
      if (this.#lab.phase === 'failed') await this.#lab.start();
      return;
    }
    this.#lab?.end();
    this.#lab = new LabState(this.client, this.notices, { lab, engine });
    await this.#lab.start();
  }

  /** Marks the lesson as done and goes on to the next one, if there is one. */
  async finish(lesson: Lesson): Promise<void> {
    await this.course.mark(lesson.id, true);
    if (lesson.next !== undefined) this.go({ page: 'lesson', lesson: lesson.next });
  }

  /** Whether a lab that is left can be gone on with: a simulated one always, a real one as the learner has chosen. */
  keepsCluster({ engine }: Pick<LabState, 'engine'>): boolean {
    return engine === 'sim' || this.course.progress?.settings.clusters !== 'remove';
  }

  endLab(): void {
    this.#lab?.end();
    this.#lab = undefined;
  }

  /** Puts a command where the learner types, at the given place or the active terminal; Enter stays theirs. */
  insert(command: string, place?: string): void {
    const lab = this.shownLab;
    if (lab?.phase !== 'open') return;
    const target = place ?? lab.terminals.active?.place ?? 'workstation';
    this.layout.showPane('lab');
    const terminal = lab.terminals.open(target);
    terminal.paste(command);
    terminal.focus();
    this.notices.announce(strings.blocks.inserted(target));
  }

  leaveFor(address: string): void {
    this.#outside = address;
  }

  stay(): void {
    this.#outside = undefined;
  }

  async explain(id: string): Promise<void> {
    this.#term = await this.course.term(id);
    if (this.#term === undefined) this.notices.say(strings.links.termMissing);
  }

  understood(): void {
    this.#term = undefined;
  }

  async copy(text: string): Promise<void> {
    const copied = await this.#surroundings.copy(text);
    this.notices.say(copied ? strings.blocks.copied : strings.blocks.copyFailed);
  }

  save(name: string, bytes: Uint8Array<ArrayBuffer>): void {
    this.#surroundings.save(name, bytes);
    this.notices.say(strings.terminals.saved(name));
  }

  #arrive(): void {
    this.#route = parseRoute(this.#surroundings.address.read());
    if (this.#route.page === 'lesson') void this.#resume(this.course.open(this.#route.lesson));
    else this.course.leave();
  }

  /** A lab that runs on the host belongs to its lesson: a reloaded page goes on with it. */
  async #resume(opened: Promise<void>): Promise<void> {
    const [running] = await Promise.all([this.client.call('lab.running', {}), opened]);
    const lab = this.lessonLab;
    if (!running.ok || lab === undefined || this.#lab !== undefined) return;
    const found = running.value.find((other) => other.lab === lab);
    if (found === undefined) return;
    this.#lab = new LabState(this.client, this.notices, { lab, engine: found.engine, resumed: true });
    await this.#lab.start();
  }

  /** What was found of this machine is not true any more. */
  #hasBundle(): void {
    if (this.#route.page === 'machine') void this.machine.look();
  }

  #connectionChanged(connection: Connection): void {
    const wasLost = this.#connection === 'lost';
    this.#connection = connection;
    if (connection !== 'open' || !wasLost) return;
    this.notices.announce(strings.connection.back);
    void this.#resume(this.course.load());
  }
}

export function parseTheme(text: string | undefined): Theme {
  return text === 'light' || text === 'dark' ? text : 'system';
}
