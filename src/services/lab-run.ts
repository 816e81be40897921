/**
 * One learner's run of a lab: which hints are shown, what was predicted, which steps passed. It holds no engine; answers
 * to predictions enter it only when the step has passed.
 */
import type { DeskView, ErrorBody, LabStepView, LabView } from '../contract/api.ts';
import type { LabSession } from '../lab/ports.ts';
import type { LabSpec, LabStep } from '../lab/spec.ts';
import type { StepVerdict } from '../lab/verdict.ts';
import { formatCidr, formatIpv4, type InterfaceAddress } from '../model/ip.ts';
import { formatPlace } from '../model/place.ts';
import type { Topology } from '../model/topology.ts';

export interface StepState {
  readonly hintsShown: number;
  readonly chosen?: string;
  readonly answer?: string;
  readonly verdict?: StepVerdict;
}

/** How far a run is, by step, as it is kept on a disk. */
export type RunState = readonly (readonly [step: string, state: StepState])[];

/** Whether the start of a step can be returned to; `ahead` when nobody has been there yet. */
export type StartOf = (step: string) => 'kept' | 'missing' | 'ahead';

const FRESH: StepState = { hintsShown: 0 };

export interface RunSurroundings {
  readonly session: LabSession;
  readonly problem: ErrorBody | undefined;
  readonly unsaved: ErrorBody | undefined;
  readonly desk: DeskView;
  readonly startOf: StartOf;
}

export class LabRun {
  readonly spec: LabSpec;
  readonly #steps = new Map<string, StepState>();

  /** `state`: where an earlier run was; steps that the lab does not have any more are left out. */
  constructor(spec: LabSpec, state: RunState = []) {
    this.spec = spec;
    for (const [id, step] of state) if (this.step(id)) this.#steps.set(id, step);
  }

  get state(): RunState {
    return [...this.#steps];
  }

  step(id: string): LabStep | undefined {
    return this.spec.steps.find((step) => step.id === id);
  }

  showHint(step: LabStep): void {
    const state = this.#state(step.id);
    this.#steps.set(step.id, { ...state, hintsShown: Math.min(state.hintsShown + 1, step.hints.length) });
  }

  /** A prediction is open until it is made or its answer is known. */
  canPredict(step: LabStep): boolean {
    const { chosen, answer } = this.#state(step.id);
    return chosen === undefined && answer === undefined;
  }

  predict(step: LabStep, choice: string): void {
    this.#steps.set(step.id, { ...this.#state(step.id), chosen: choice });
  }

  answered(step: LabStep): boolean {
    return this.#state(step.id).answer !== undefined;
  }

  judged(step: LabStep, verdict: StepVerdict, answer: string | undefined): void {
    const state = this.#state(step.id);
    this.#steps.set(step.id, { ...state, verdict, ...(answer === undefined ? {} : { answer }) });
  }

  get passedSteps(): readonly string[] {
    return this.spec.steps.map(({ id }) => id).filter((id) => this.#state(id).verdict?.passed === true);
  }

  /** For a new cluster in the start state: what was seen and predicted stays, what the old cluster showed does not. */
  forgetVerdicts(): void {
    for (const [id, { verdict: _, ...state }] of this.#steps) this.#steps.set(id, state);
  }

  /** True once the learner has done anything about a step. */
  begun(step: string): boolean {
    return this.#steps.has(step);
  }

  view(id: string, { session, problem, unsaved, desk, startOf }: RunSurroundings): LabView {
    return {
      session: id,
      lab: this.spec.id,
      title: this.spec.title,
      engine: session.engine,
      status: problem ? 'failed' : 'ready',
      ...(problem ? { problem } : {}),
      ...(unsaved ? { unsaved } : {}),
      desk,
      steps: this.spec.steps.map((step) => this.#view(step, startOf(step.id))),
      places: session.places().map(formatPlace),
      topology: topologyView(session.topology()),
    };
  }

  #view(step: LabStep, start: ReturnType<StartOf>): LabStepView {
    const { hintsShown, chosen, answer, verdict } = this.#state(step.id);
    return {
      id: step.id,
      title: step.title,
      task: step.task,
      hints: { shown: step.hints.slice(0, hintsShown), total: step.hints.length },
      ...(start === 'ahead' ? {} : { start }),
      ...(verdict ? { verdict } : {}),
      ...(step.predict
        ? {
            prediction: {
              ask: step.predict.ask,
              choices: step.predict.choices,
              ...(chosen === undefined ? {} : { chosen }),
              ...(answer === undefined ? {} : { answer }),
            },
          }
        : {}),
    };
  }

  #state(step: string): StepState {
    return this.#steps.get(step) ?? FRESH;
  }
}

function topologyView(topology: Topology): LabView['topology'] {
  const address = (at: { readonly address: InterfaceAddress }): string =>
    `${formatIpv4(at.address.address)}/${at.address.length}`;
  return {
    segments: topology.segments.map(({ name, subnet }) => ({ name, subnet: formatCidr(subnet) })),
    routers: topology.routers.map(({ name, ports }) => ({
      name,
      ports: ports.map((port) => ({ segment: port.segment, address: address(port) })),
    })),
    nodes: topology.nodes.map((node) => ({
      name: node.name,
      role: node.role,
      segment: node.segment,
      address: address(node),
    })),
    hosts: topology.hosts.map((host) => ({ name: host.name, segment: host.segment, address: address(host) })),
  };
}
