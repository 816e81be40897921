/**
 * One window's conversation with the host, whatever carries it: text frames with calls in, answers and feeds out, and
 * binary frames of terminal bytes both ways.
 */
import { basename } from 'node:path';
import { z } from 'zod';
import { DisposableStore } from '../base/disposable.ts';
import { err, ok, type Result } from '../base/result.ts';
import type { ErrorBody, Handlers, Input, LabView, OpeningView } from '../contract/api.ts';
import { failure } from '../contract/errors.ts';
import { parseTerminalFrame, terminalFrame, type HostFrame } from '../contract/wire.ts';
import type { Finding } from '../lab/care.ts';
import type { LabSession } from '../lab/ports.ts';
import { formatPlace, parsePlace, type Place } from '../model/place.ts';
import { Dispatcher } from './dispatcher.ts';
import type { Services } from './services.ts';
import { Terminals } from './terminals.ts';

export interface Carrier {
  text(frame: string): void;
  binary(frame: Uint8Array): void;
}

const clientFrame = z.discriminatedUnion('type', [
  z.object({ type: z.literal('call'), id: z.number().int(), method: z.string(), input: z.unknown() }),
  z.object({ type: z.literal('drawn'), terminal: z.number().int(), bytes: z.number().int().min(0) }),
]);

export class WindowConnection {
  readonly #services: Services;
  readonly #carrier: Carrier;
  readonly #terminals: Terminals;
  readonly #dispatcher: Dispatcher;
  readonly #ends = new DisposableStore();
  /** Sessions this window shows. They outlive it: a reloaded window comes back to them. */
  readonly #sessions = new Set<string>();
  /** Labs on their way that this window waits for. */
  readonly #awaited = new Set<string>();

  constructor(services: Services, carrier: Carrier) {
    this.#services = services;
    this.#carrier = carrier;
    this.#terminals = new Terminals({
      data: (terminal, bytes) => carrier.binary(terminalFrame(terminal, bytes)),
      exit: (terminal, code) =>
        this.#send({ type: 'feed', feed: 'terminal.exit', event: { terminal, code } }),
    });
    this.#dispatcher = new Dispatcher(this.#handlers(), services.log);
    this.#ends.add(services.labs.onChange((view) => this.#tellLab(view)));
    this.#ends.add(services.labs.onOpening((opening) => this.#tellOpening(opening)));
    this.#ends.add(services.labs.onReplaced(({ session }) => this.#terminals.closeAll(session)));
    this.#ends.add(
      services.progress.onChange((event) => this.#send({ type: 'feed', feed: 'progress', event })),
    );
  }

  async receiveText(text: string): Promise<void> {
    const frame = clientFrame.safeParse(parseJson(text));
    if (!frame.success) {
      this.#services.log.error('a window sent a frame that is none', frame.error);
      return;
    }
    if (frame.data.type === 'drawn') {
      this.#terminals.drawn(frame.data.terminal, frame.data.bytes);
      return;
    }
    const { id, method, input } = frame.data;
    const answer = await this.#dispatcher.call(method, input);
    this.#send(
      answer.ok ? { type: 'answer', id, value: answer.value } : { type: 'failure', id, error: answer.error },
    );
  }

  receiveBinary(frame: Uint8Array): void {
    const parsed = parseTerminalFrame(frame);
    if (parsed) this.#terminals.write(parsed.terminal, parsed.bytes);
  }

  /** The window is gone; its terminals go with it. */
  close(): void {
    this.#ends.dispose();
    this.#terminals.closeAll();
  }

  #handlers(): Handlers {
    const { labs, care, bundles, ownKubectl, library, info, progress } = this.#services;
    return {
      'app.info': () => settled(info),
      'course.outline': () => settled(library.outline),
      'course.glossary': () => settled(library.glossary),
      'lesson.get': ({ lesson }) => {
        const found = library.lessons.get(lesson);
        return found ? settled(found) : refused(failure('unknown-lesson', { name: lesson }));
      },
      'lab.open': (input) => this.#openLab(input),
      'lab.cancel': async ({ lab, engine }) => {
        await labs.cancel(lab, engine);
        return ok(null);
      },
      'lab.engines': ({ lab }) => labs.offers(lab),
      'lab.running': () => settled(labs.running()),
      'lab.check': (input) => this.#check(input),
      'lab.predict': ({ session, step, choice }) => labs.predict(session, step, choice),
      'lab.hint': ({ session, step }) => labs.hint(session, step),
      'lab.reset': ({ session }) => labs.reset(session),
      'lab.restore': ({ session, step }) => labs.restore(session, step),
      'lab.desk': ({ session, ...desk }) => Promise.resolve(labs.setDesk(session, desk)),
      'lab.kubectl': ({ session }) => ownKubectl.offer(session),
      'lab.restart': ({ session }) => labs.restart(session),
      'lab.close': ({ session }) => {
        this.#sessions.delete(session);
        return labs.close(session);
      },
      'terminal.open': (input) => this.#openTerminal(input),
      'terminal.resize': ({ terminal, columns, rows }) =>
        Promise.resolve(this.#terminals.resize(terminal, { columns, rows })),
      'terminal.close': ({ terminal }) => Promise.resolve(this.#terminals.close(terminal)),
      'file.read': (input) => this.#readFile(input),
      'file.list': (input) => Promise.resolve(this.#listFiles(input)),
      'care.examine': () => this.#examine(),
      'care.leftovers': () => care.leftovers(),
      'care.clean': ({ names }) => care.clean(names),
      'bundle.offer': () => settled(bundles.offer),
      'bundle.load': (wish) =>
        bundles.load(wish, (event) => this.#send({ type: 'feed', feed: 'bundle.progress', event })),
      'bundle.cancel': async () => {
        await bundles.cancel();
        return ok(null);
      },
      'bundle.choose': async () => ok(await bundles.choose()),
      'progress.get': () => settled(progress.view),
      'progress.lesson': ({ lesson, done }) =>
        library.lessons.has(lesson)
          ? progress.update((view) => ({ ...view, lessons: { ...view.lessons, [lesson]: { done } } }))
          : refused(failure('unknown-lesson', { name: lesson })),
      'settings.set': (change) =>
        progress.update((view) => ({ ...view, settings: { ...view.settings, ...definedOnly(change) } })),
    };
  }

  async #openLab({ lab, engine }: Input<'lab.open'>): Promise<Result<LabView, ErrorBody>> {
    const key = `${engine} ${lab}`;
    this.#awaited.add(key);
    try {
      const opened = await this.#services.labs.open(lab, engine);
      if (opened.ok) this.#sessions.add(opened.value.session);
      return opened;
    } finally {
      this.#awaited.delete(key);
    }
  }

  async #examine(): ReturnType<Handlers['care.examine']> {
    const gone = new AbortController();
    this.#ends.add(() => gone.abort());
    const onFinding = (event: Finding): void => this.#send({ type: 'feed', feed: 'care.finding', event });
    return ok(await this.#services.care.examine({ signal: gone.signal, onFinding }));
  }

  async #check({ session, step }: Input<'lab.check'>): ReturnType<Handlers['lab.check']> {
    const checked = await this.#services.labs.check(session, step);
    if (!checked.ok) return checked;
    const { verdict, lab, passedSteps, totalSteps } = checked.value;
    if (!verdict.passed) return ok(verdict);
    const saved = await this.#services.progress.update((view) => {
      const steps = [...new Set([...(view.labs[lab]?.steps ?? []), ...passedSteps])];
      return { ...view, labs: { ...view.labs, [lab]: { steps, done: steps.length >= totalSteps } } };
    });
    return saved.ok ? ok(verdict) : saved;
  }

  async #openTerminal(input: Input<'terminal.open'>): ReturnType<Handlers['terminal.open']> {
    const { session, columns, rows } = input;
    const found = this.#placeOf(input);
    if (!found.ok) return found;
    const { lab, place } = found.value;
    const stream = await lab.shell(place, { columns, rows });
    if (!stream.ok) return stream;
    // The window, or the lab, may have gone while the shell was starting.
    if (this.#ends.disposed || this.#services.labs.session(session) !== lab) {
      stream.value.close();
      return err(failure('unknown-session'));
    }
    return ok({ terminal: this.#terminals.add(session, stream.value) });
  }

  async #readFile(input: Input<'file.read'>): ReturnType<Handlers['file.read']> {
    const found = this.#placeOf(input);
    if (!found.ok) return found;
    const { lab, place } = found.value;
    const read = await lab.readFile(place, input.path);
    if (!read.ok) return read;
    return ok({ base64: Buffer.from(read.value).toString('base64'), name: basename(input.path) });
  }

  #listFiles(input: Input<'file.list'>): Result<readonly string[], ErrorBody> {
    const found = this.#placeOf(input);
    if (!found.ok) return found;
    const { lab, place } = found.value;
    const { files = {} } = lab.belongings().places[formatPlace(place)] ?? {};
    // Directories end in a slash.
    return ok(
      Object.keys(files)
        .filter((path) => !path.endsWith('/'))
        .sort(),
    );
  }

  #placeOf({
    session,
    place: text,
  }: {
    readonly session: string;
    readonly place: string;
  }): Result<{ readonly lab: LabSession; readonly place: Place }, ErrorBody> {
    const lab = this.#services.labs.session(session);
    const place = parsePlace(text);
    if (!lab) return err(failure('unknown-session'));
    return place ? ok({ lab, place }) : err(failure('unknown-place', { name: text }));
  }

  #tellLab(view: LabView): void {
    if (this.#sessions.has(view.session)) this.#send({ type: 'feed', feed: 'lab', event: view });
  }

  #tellOpening(event: OpeningView): void {
    if (!this.#awaited.has(`${event.engine} ${event.lab}`)) return;
    this.#send({ type: 'feed', feed: 'lab.opening', event });
  }

  #send(frame: HostFrame): void {
    if (!this.#ends.disposed) this.#carrier.text(JSON.stringify(frame));
  }
}

const settled = <T>(value: T): Promise<Result<T, ErrorBody>> => Promise.resolve(ok(value));
const refused = (error: ErrorBody): Promise<Result<never, ErrorBody>> => Promise.resolve(err(error));

/** Leaves out members that were not given. */
function definedOnly<T extends object>(value: T): { readonly [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined)) as {
    readonly [K in keyof T]: Exclude<T[K], undefined>;
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
