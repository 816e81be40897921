/**
 * What a renderer may ask of a host: every method with the schema of its input and its answer. `Handlers` is total, so a
 * method that no host serves does not compile, and the dispatcher parses every payload before a handler sees it.
 */
import { z } from 'zod';
import type { Result } from '../base/result.ts';
import type { CourseOutline, GlossaryTerm, Lesson } from '../course/blocks.ts';
import { FINGERPRINT, type LoadedBundle, type LoadWish } from '../lab/bundle-loader.ts';
import type { Finding, Leftover } from '../lab/care.ts';
import type { EngineId, Progress } from '../lab/ports.ts';
import type { StepVerdict } from '../lab/verdict.ts';

const id = z.string().regex(/^[a-z0-9][a-z0-9-]{0,63}$/);
const session = z.string().regex(/^[a-z0-9]{1,40}$/);
const place = z.string().max(200);
const engine = z.enum(['sim', 'kind']);
/** A cluster's, as kind takes it. */
const cluster = z.string().regex(/^[a-z0-9.-]{1,63}$/);
const size = { columns: z.number().int().min(2).max(1000), rows: z.number().int().min(1).max(1000) };

/** Input schemas; answers are typed below (a host's own words need no parsing by itself, the renderer trusts its host). */
export const API = {
  'app.info': z.strictObject({}),
  'course.outline': z.strictObject({}),
  /** What `term:<id>` links in lessons explain. */
  'course.glossary': z.strictObject({}),
  'lesson.get': z.strictObject({ lesson: id }),
  /** A lab that is open already answers with its running session, so a reloaded or reconnected page finds its lab again. */
  'lab.open': z.strictObject({ lab: id, engine }),
  /** Gives up a lab that is on its way; nothing of it is left behind. */
  'lab.cancel': z.strictObject({ lab: id, engine }),
  /** On what a lab can run here, and what is in the way. */
  'lab.engines': z.strictObject({ lab: id }),
  /** The labs that run on this host, for a page that was reloaded. */
  'lab.running': z.strictObject({}),
  'lab.check': z.strictObject({ session, step: id }),
  'lab.predict': z.strictObject({ session, step: id, choice: z.string().max(200) }),
  'lab.hint': z.strictObject({ session, step: id }),
  /** Back to the start of the lab: the cluster and the run; the learner's files stay. */
  'lab.reset': z.strictObject({ session }),
  /** Back to where a step was first reached, with everything of the run that came before it. */
  'lab.restore': z.strictObject({ session, step: id }),
  /** Opens the cluster's API to the learner's own kubectl, if it is not open yet. */
  'lab.kubectl': z.strictObject({ session }),
  /** Which terminals are open, so that they are open again when the learner comes back. */
  'lab.desk': z.strictObject({
    session,
    places: z.array(place).max(50),
    active: z.number().int().min(0).max(50),
  }),
  'lab.restart': z.strictObject({ session }),
  'lab.close': z.strictObject({ session }),
  'terminal.open': z.strictObject({ session, place, ...size }),
  'terminal.resize': z.strictObject({ terminal: z.number().int(), ...size }),
  'terminal.close': z.strictObject({ terminal: z.number().int() }),
  'file.read': z.strictObject({ session, place, path: z.string().max(4096) }),
  /** Paths of the learner's own files at a place, in alphabetical order; a pod's files end with it and are not listed. */
  'file.list': z.strictObject({ session, place }),
  /** Looks at this machine anew; each finding is told as it is found. */
  'care.examine': z.strictObject({}),
  /** What earlier labs left on this machine. */
  'care.leftovers': z.strictObject({}),
  'care.clean': z.strictObject({ names: z.array(cluster).min(1).max(100) }),
  /** Whether offline bundles can be taken in here, and which one is on its way. */
  'bundle.offer': z.strictObject({}),
  /** One at a time, for the whole host; who asks for the one that is on its way waits for the same. */
  'bundle.load': z.strictObject({
    from: z.string().min(1).max(4096),
    fingerprint: z.string().regex(FINGERPRINT).exactOptional(),
  }),
  /** Gives up the one that is on its way; what of it is in place stays. */
  'bundle.cancel': z.strictObject({}),
  /** Asks the person at the machine for a file, see `BundleOffer.chooses`; null when they choose none. */
  'bundle.choose': z.strictObject({}),
  'progress.get': z.strictObject({}),
  'progress.lesson': z.strictObject({ lesson: id, done: z.boolean() }),
  'settings.set': z.strictObject({
    theme: z.enum(['system', 'light', 'dark']).optional(),
    terminalFontSize: z.number().int().min(8).max(32).optional(),
    /** What becomes of a real cluster when its lab is left. */
    clusters: z.enum(['keep', 'remove']).optional(),
  }),
} as const;

export type Method = keyof typeof API;
export type Input<M extends Method> = z.infer<(typeof API)[M]>;

export interface Output {
  'app.info': AppInfo;
  'course.outline': CourseOutline;
  'course.glossary': readonly GlossaryTerm[];
  'lesson.get': Lesson;
  'lab.open': LabView;
  'lab.cancel': null;
  'lab.engines': readonly EngineOffer[];
  'lab.running': readonly RunningLab[];
  'lab.check': StepVerdict;
  'lab.predict': LabView;
  'lab.hint': LabView;
  'lab.reset': LabView;
  'lab.restore': LabView;
  'lab.kubectl': OwnKubectlView;
  'lab.desk': null;
  'lab.restart': LabView;
  'lab.close': null;
  'terminal.open': { readonly terminal: number };
  'terminal.resize': null;
  'terminal.close': null;
  'file.read': { readonly base64: string; readonly name: string };
  'file.list': readonly string[];
  'care.examine': readonly Finding[];
  'care.leftovers': readonly Leftover[];
  'care.clean': null;
  'bundle.offer': BundleOffer | null;
  'bundle.load': LoadedBundle;
  'bundle.cancel': null;
  'bundle.choose': { readonly file: string } | null;
  'progress.get': ProgressView;
  'progress.lesson': ProgressView;
  'settings.set': ProgressView;
}

export interface AppInfo {
  readonly version: string;
  readonly host: 'browser' | 'electron';
  readonly kubernetes: string;
  readonly calico: string;
}

/** How the learner's own kubectl reaches a lab. */
export interface OwnKubectlView {
  /** The line that points a shell of the learner's at it, e.g. `export KUBECONFIG=/…`. */
  readonly command: string;
}

export interface RunningLab {
  readonly lab: string;
  readonly engine: EngineId;
  /** It is still on its way: opening it waits for the same session. */
  readonly opening?: true;
}

/** An engine that a lab was written for and this host has. */
export interface EngineOffer {
  readonly engine: EngineId;
  /** Why the lab cannot run on it here and now; absent when it can. */
  readonly obstacle?: ErrorBody;
}

/** How a host takes in offline bundles; one that runs no real clusters takes in none. */
export interface BundleOffer {
  /** It can ask for a file by a dialog of the system. */
  readonly chooses: boolean;
  /** The one that is on its way: asking for it again waits for the same. */
  readonly loading?: LoadWish;
}

/** How far a lab on its way is. */
export interface OpeningView {
  readonly lab: string;
  readonly engine: EngineId;
  readonly progress: Progress;
}

/** A lab as the interface shows it. Answers to predictions are absent until scored. */
export interface LabView {
  readonly session: string;
  readonly lab: string;
  readonly title: string;
  readonly engine: EngineId;
  readonly status: 'ready' | 'failed';
  /** Present when failed. */
  readonly problem?: ErrorBody;
  readonly steps: readonly LabStepView[];
  /** Places a terminal can be opened in, spelt as in labs, workstation first. */
  readonly places: readonly string[];
  readonly topology: TopologyView;
  /** Terminals that are open on it, or were when it was left. */
  readonly desk: DeskView;
  /** How it came to be as it is, in the answer that opened it; absent for a lab that is simply new. */
  readonly arrival?: LabArrival;
  /** Present while what happens in the lab cannot be kept for later. */
  readonly unsaved?: ErrorBody;
}

export interface DeskView {
  /** In the order of their tabs. */
  readonly places: readonly string[];
  /** Index of the one that is shown. */
  readonly active: number;
}

export type LabArrival =
  /** As it was left; `elapsed` milliseconds of lab time after its start. Lab time stood still meanwhile. */
  | { readonly kind: 'returned'; readonly elapsed: number }
  /** At its start, though it had been left half done: the lab or Underlay is another one now, or the file is damaged. */
  | { readonly kind: 'fresh'; readonly why: 'lab-changed' | 'app-changed' | 'unreadable' };

export interface LabStepView {
  readonly id: string;
  readonly title: string;
  /** Markdown-free sentences; `code` spans in backquotes. */
  readonly task: string;
  readonly prediction?: PredictionView;
  readonly hints: { readonly shown: readonly string[]; readonly total: number };
  readonly verdict?: StepVerdict;
  /** Whether its start can be returned to, once it has been reached; `missing` when it was reached by skipping. */
  readonly start?: 'kept' | 'missing';
}

export interface PredictionView {
  readonly ask: string;
  readonly choices: readonly string[];
  readonly chosen?: string;
  /** Set when the step's checks first pass. */
  readonly answer?: string;
}

export interface TopologyView {
  readonly segments: readonly { readonly name: string; readonly subnet: string }[];
  readonly routers: readonly {
    readonly name: string;
    readonly ports: readonly { readonly segment: string; readonly address: string }[];
  }[];
  readonly nodes: readonly {
    readonly name: string;
    readonly role: string;
    readonly segment: string;
    readonly address: string;
  }[];
  readonly hosts: readonly { readonly name: string; readonly segment: string; readonly address: string }[];
}

export interface ProgressView {
  readonly lessons: Readonly<Record<string, { readonly done: boolean }>>;
  readonly labs: Readonly<Record<string, { readonly steps: readonly string[]; readonly done: boolean }>>;
  readonly settings: Settings;
}

export interface Settings {
  readonly theme: 'system' | 'light' | 'dark';
  readonly terminalFontSize: number;
  /** What becomes of a real cluster when its lab is left. */
  readonly clusters: 'keep' | 'remove';
}

/** A failure that crosses the wire: see `errors.ts` for the catalogue of codes. */
export interface ErrorBody {
  readonly code: string;
  readonly message: string;
  readonly remedy: string;
}

export type Handlers = {
  readonly [M in Method]: (input: Input<M>) => Promise<Result<Output[M], ErrorBody>>;
};

/** Streams a host pushes without being asked. */
export interface Feeds {
  /** A session changed: pods came or went, the engine failed or came back. */
  lab: LabView;
  /** A lab that this window waits for got further; the latest is told at once to a window that joins in. */
  'lab.opening': OpeningView;
  /** While the machine is examined. */
  'care.finding': Finding;
  /** How far the bundle is that this window waits for. */
  'bundle.progress': Progress;
  progress: ProgressView;
  /** A terminal's process ended. */
  'terminal.exit': { readonly terminal: number; readonly code: number };
}
export type Feed = keyof Feeds;
