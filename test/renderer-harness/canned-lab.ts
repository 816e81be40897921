/** The contract's methods, answered from canned content; the lab's state lives as long as the page's connection. */
import { err, ok, type Result } from '../../src/base/result.ts';
import type { ErrorBody, Handlers, LabStepView, LabView, ProgressView } from '../../src/contract/api.ts';
import type { StepVerdict } from '../../src/lab/verdict.ts';
import { GLOSSARY, LESSONS, OUTLINE } from './canned-course.ts';
import { ANSWERS, HINTS, LAB, VERDICTS } from './canned-steps.ts';

interface Events {
  changed(view: LabView): void;
  crashed(): void;
  openTerminal(place: string): number;
}

export class CannedLab {
  readonly #events: Events;
  #view: LabView = LAB;
  #checks = 0;
  #progress: ProgressView = {
    lessons: { 'pod-network-model': { done: true }, 'cali-veth': { done: true } },
    labs: {},
    settings: { theme: 'system', terminalFontSize: 13, clusters: 'keep' },
  };

  constructor(events: Events) {
    this.#events = events;
  }

  crash(): void {
    this.#events.crashed();
    this.#change({
      ...this.#view,
      status: 'failed',
      problem: {
        code: 'engine-crashed',
        message: 'The simulator stopped unexpectedly.',
        remedy: 'Restart the lab: your files and command history are kept.',
      },
    });
  }

  readonly handlers: Handlers = {
    'app.info': () => answer({ version: '0.1.0', host: 'browser', kubernetes: '1.35', calico: 'v3.32.1' }),
    'course.outline': () => answer(OUTLINE),
    'course.glossary': () => answer(GLOSSARY),
    'lesson.get': ({ lesson }) => {
      const found = LESSONS.find((candidate) => candidate.id === lesson);
      return found === undefined
        ? refuse('unknown-lesson', `There is no lesson ${lesson}.`, 'Choose a lesson from the course list.')
        : answer(found);
    },
    'lab.open': () => answer(this.#view),
    'lab.running': () => answer([]),
    'lab.cancel': () => answer(null),
    'lab.engines': () => answer([{ engine: 'sim' }]),
    'care.examine': () => answer([]),
    'care.leftovers': () => answer([]),
    'care.clean': () => answer(null),
    'bundle.offer': () => answer(null),
    'bundle.load': () => refuse('nothing-to-load-for', 'This host runs no real clusters.', 'None is needed.'),
    'bundle.cancel': () => answer(null),
    'bundle.choose': () => answer(null),
    'lab.check': ({ step }) => this.#check(step),
    'lab.predict': ({ step, choice }) =>
      this.#step(step, (view) => ({
        ...view,
        ...(view.prediction && { prediction: { ...view.prediction, chosen: choice } }),
      })),
    'lab.hint': ({ step }) =>
      this.#step(step, (view) => ({
        ...view,
        hints: { ...view.hints, shown: (HINTS[step] ?? []).slice(0, view.hints.shown.length + 1) },
      })),
    'lab.reset': () => {
      this.#checks = 0;
      return answer(this.#change(LAB));
    },
    'lab.restore': ({ step }) => {
      const at = this.#view.steps.findIndex(({ id }) => id === step);
      const steps = this.#view.steps.map((view, index) => (index < at ? view : (LAB.steps[index] ?? view)));
      return answer(this.#change({ ...this.#view, steps }));
    },
    'lab.desk': () => answer(null),
    'lab.kubectl': () =>
      answer({ command: 'export KUBECONFIG=/home/learner/.local/share/underlay/kubeconfigs/1.yaml' }),
    'lab.restart': () => {
      const { problem: _problem, ...view } = this.#view;
      return answer(this.#change({ ...view, status: 'ready' }));
    },
    'lab.close': () => {
      this.#view = LAB;
      return answer(null);
    },
    'terminal.open': ({ place }) =>
      place === 'pod/gone'
        ? refuse('unknown-place', 'The lab has no place pod/gone.', 'Choose a place from the list.')
        : answer({ terminal: this.#events.openTerminal(place) }),
    'terminal.resize': () => answer(null),
    'terminal.close': () => answer(null),
    'file.list': ({ place }) => answer(place === 'node/node1' ? ['/root/capture.pcap'] : []),
    'file.read': ({ path }) =>
      path.endsWith('.pcap')
        ? answer({ base64: btoa('capture'), name: path.split('/').at(-1) ?? 'capture.pcap' })
        : refuse('no-file', `There is no file ${path}.`, 'Check the path with ls.'),
    'progress.get': () => answer(this.#progress),
    'progress.lesson': ({ lesson, done }) =>
      this.#save({ ...this.#progress, lessons: { ...this.#progress.lessons, [lesson]: { done } } }),
    'settings.set': ({ theme, terminalFontSize, clusters }) => {
      const { settings } = this.#progress;
      return this.#save({
        ...this.#progress,
        settings: {
          theme: theme ?? settings.theme,
          terminalFontSize: terminalFontSize ?? settings.terminalFontSize,
          clusters: clusters ?? settings.clusters,
        },
      });
    },
  };

  #save(progress: ProgressView): Promise<Result<ProgressView, never>> {
    this.#progress = progress;
    return answer(progress);
  }

  /** The first check of a step fails, the second could not ask, the third passes. */
  async #check(step: string): Promise<Result<StepVerdict, ErrorBody>> {
    this.#checks += 1;
    const outcomes = VERDICTS[step] ?? [];
    const verdict = outcomes[Math.min(this.#checks, outcomes.length) - 1];
    if (verdict === undefined)
      return refuse('unknown-step', `The lab has no step ${step}.`, 'Reload the page.');
    if (verdict.passed) this.#checks = 0;
    await this.#step(step, ({ prediction, ...view }) => ({
      ...view,
      verdict,
      ...(prediction && {
        prediction: verdict.passed ? { ...prediction, answer: ANSWERS[step] ?? '' } : prediction,
      }),
    }));
    return ok(verdict);
  }

  #step(id: string, change: (step: LabStepView) => LabStepView): Promise<Result<LabView, never>> {
    const steps = this.#view.steps.map((step) => (step.id === id ? change(step) : step));
    return answer(this.#change({ ...this.#view, steps }));
  }

  #change(view: LabView): LabView {
    this.#view = view;
    this.#events.changed(view);
    return view;
  }
}

function answer<T>(value: T): Promise<Result<T, never>> {
  return Promise.resolve(ok(value));
}

function refuse(code: string, message: string, remedy: string): Promise<Result<never, ErrorBody>> {
  return Promise.resolve(err({ code, message, remedy }));
}
