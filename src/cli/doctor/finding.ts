/** What `underlay doctor` says of one thing it looked at. */
export interface Finding {
  /** Stable, for scripts: `node`, `docker`, ... */
  readonly id: string;
  readonly title: string;
  /**
   * `good`; `limited`: Underlay runs, but something of it does not; `broken`: Underlay does not run until it is mended.
   */
  readonly state: 'good' | 'limited' | 'broken';
  /** One sentence: what was found. */
  readonly says: string;
  /** What to do about it; not there when nothing is to be done. */
  readonly remedy?: string;
}

export type Examination = () => Promise<Finding>;
