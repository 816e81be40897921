import { expect, test } from 'vitest';
import { ok } from '../../../base/result.ts';
import { formatPlace } from '../../../model/place.ts';
import { PodWatch, type WatchKubectl } from './pod-watch.ts';

/** A cluster whose lists and watches a test writes. */
class Pods {
  listed = '';
  readonly ending = new AbortController();
  readonly watches: { readonly tell: (text: string) => void; readonly end: () => void }[] = [];
  readonly told: string[][] = [];
  readonly watch: PodWatch;
  #opened: () => void = () => undefined;

  constructor() {
    const watch: WatchKubectl = (_, { onOutput }) =>
      new Promise((end) => {
        const tell = (text: string): void => onOutput(new TextEncoder().encode(text));
        this.watches.push({ tell, end: () => end(undefined) });
        this.#opened();
      });
    this.watch = new PodWatch({
      kubectl: () => Promise.resolve(ok({ exitCode: 0, stdout: this.listed, stderr: '' })),
      watch,
      signal: this.ending.signal,
    });
    this.watch.onChange((pods) => void this.told.push(pods.map(formatPlace)));
  }

  opened(count: number): Promise<void> {
    return new Promise((resolve) => {
      this.#opened = () => {
        if (this.watches.length >= count) resolve();
      };
      this.#opened();
    });
  }
}

test('pods that run are known, in order, without the cluster’s own', async () => {
  const pods = new Pods();
  pods.listed = 'kube-system coredns Running\ndefault web Running\ndefault db Pending\ndefault api Running\n';
  await pods.watch.start();
  expect(pods.watch.pods().map(formatPlace)).toEqual(['pod/api', 'pod/web']);
  pods.ending.abort();
});

test('what changes is told as it comes, in pieces too', async () => {
  const pods = new Pods();
  await pods.watch.start();
  await pods.opened(1);
  const [first] = pods.watches;
  pods.listed = 'default web Running\n';
  first?.tell('ADDED default web Pending\nMODIFIED default web Run');
  first?.tell('ning\n');
  first?.tell('DELETED default web Running\n');
  expect(pods.told).toEqual([['pod/web'], []]);
  pods.ending.abort();
});

test('a watch that ends is begun again, and what was missed is found', async () => {
  const pods = new Pods();
  pods.listed = 'default web Running\n';
  await pods.watch.start();
  await pods.opened(1);
  pods.watches[0]?.end();
  await pods.opened(2);
  pods.listed = 'lab other Running\n';
  const changed = new Promise((resolve) => pods.watch.onChange(resolve));
  pods.watches[1]?.tell('MODIFIED kube-system coredns Running\n');
  await changed;
  expect(pods.watch.pods().map(formatPlace)).toEqual(['pod/lab/other']);
  pods.ending.abort();
});
