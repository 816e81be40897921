/**
 * A lesson as typed blocks: what the content compiler makes of Markdown and what the interface renders. The union is
 * closed, raw HTML does not exist in it, and code comes already cut into highlighted tokens.
 */
import type { Encapsulation } from '../model/encapsulation.ts';

export type Block =
  | {
      readonly type: 'heading';
      readonly depth: 2 | 3 | 4;
      readonly id: string;
      readonly text: readonly Inline[];
    }
  | { readonly type: 'paragraph'; readonly text: readonly Inline[] }
  | {
      readonly type: 'list';
      readonly ordered: boolean;
      readonly start: number;
      readonly items: readonly (readonly Block[])[];
    }
  | {
      readonly type: 'quote';
      readonly tone: 'note' | 'tip' | 'warning' | 'plain';
      readonly blocks: readonly Block[];
    }
  | {
      readonly type: 'code';
      readonly language: string;
      readonly lines: readonly (readonly CodeToken[])[];
      readonly copyable: boolean;
      readonly place?: string;
    }
  | {
      readonly type: 'table';
      readonly align: readonly ('left' | 'right' | 'center' | null)[];
      readonly head: readonly (readonly Inline[])[];
      readonly rows: readonly (readonly (readonly Inline[])[])[];
    }
  | { readonly type: 'rule' }
  | { readonly type: 'lab'; readonly lab: string }
  | {
      readonly type: 'quiz';
      readonly id: string;
      readonly question: readonly Inline[];
      readonly choices: readonly QuizChoice[];
    }
  | { readonly type: 'diagram'; readonly diagram: Diagram }
  | { readonly type: 'packet'; readonly caption: string; readonly layers: readonly PacketLayer[] };

export type Inline =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'code'; readonly text: string }
  | { readonly type: 'strong' | 'emphasis'; readonly text: readonly Inline[] }
  /** `href` is `#section`, `lesson:<id>#section`, `term:<glossary id>` or an https address. */
  | { readonly type: 'link'; readonly href: string; readonly text: readonly Inline[] }
  | { readonly type: 'break' };

export interface CodeToken {
  readonly text: string;
  /** highlight.js scope without prefix (`string`, `keyword`, `comment`, ...); absent for plain text. */
  readonly scope?: string;
}

export interface QuizChoice {
  readonly text: readonly Inline[];
  readonly correct: boolean;
  readonly why: readonly Inline[];
}

/** Boxes and cables on a grid, drawn as SVG. Coordinates are grid cells; the renderer scales them. */
export interface Diagram {
  readonly title: string;
  /** What a screen reader says instead of the picture. */
  readonly description: string;
  readonly width: number;
  readonly height: number;
  readonly boxes: readonly {
    readonly id: string;
    readonly kind: 'rack' | 'node' | 'pod' | 'router' | 'host' | 'note';
    readonly label: string;
    readonly detail?: string;
    readonly x: number;
    readonly y: number;
    readonly w: number;
    readonly h: number;
  }[];
  readonly cables: readonly {
    readonly from: string;
    readonly to: string;
    readonly label?: string;
    readonly encapsulation?: Encapsulation;
  }[];
}

/** Headers of a packet from the outermost in, with their sizes in bytes. `frame`: what the link itself adds to any packet. */
export interface PacketLayer {
  readonly name: string;
  readonly bytes: number;
  readonly role: 'frame' | 'outer' | 'tunnel' | 'inner' | 'payload';
  readonly fields: readonly { readonly name: string; readonly value: string }[];
}

export interface LessonSummary {
  readonly id: string;
  readonly title: string;
  readonly summary: string;
  readonly minutes: number;
  readonly level: 'introductory' | 'intermediate' | 'advanced';
  readonly objectives: readonly string[];
  readonly lab?: string;
}

export interface Lesson extends LessonSummary {
  readonly module: string;
  readonly blocks: readonly Block[];
  readonly previous?: string;
  readonly next?: string;
}

export interface CourseModule {
  readonly id: string;
  readonly title: string;
  readonly lessons: readonly LessonSummary[];
}

export interface CourseOutline {
  readonly title: string;
  readonly modules: readonly CourseModule[];
}

/** One entry of the glossary: what a `term:<id>` link opens. */
export interface GlossaryTerm {
  readonly id: string;
  readonly term: string;
  readonly text: readonly Inline[];
}
