/** A client for contracts that knows a cluster by nothing but a kubeconfig: over http or https, with whatever it is told to show. */
import { request as plain } from 'node:http';
import { request as secure } from 'node:https';
import { parse } from 'yaml';

interface Kubeconfig {
  readonly clusters: readonly {
    readonly cluster: { readonly server: string; readonly 'certificate-authority-data'?: string };
  }[];
  readonly users: readonly {
    readonly user: { readonly 'client-certificate-data'?: string; readonly 'client-key-data'?: string };
  }[];
}

/** Names of the pods in `default`. Rejects when nobody answers. */
export function podsBy(kubeconfig: string): Promise<readonly string[]> {
  const { clusters, users } = parse(kubeconfig) as Kubeconfig;
  const { server = '', 'certificate-authority-data': ca } = clusters[0]?.cluster ?? {};
  const { 'client-certificate-data': cert, 'client-key-data': key } = users[0]?.user ?? {};
  const decoded = (data: string | undefined): Buffer | undefined =>
    data === undefined ? undefined : Buffer.from(data, 'base64');
  const url = `${server}/api/v1/namespaces/default/pods`;
  const ask = url.startsWith('https:') ? secure : plain;
  return new Promise((resolve, reject) => {
    const options = { ca: decoded(ca), cert: decoded(cert), key: decoded(key), agent: false };
    const asked = ask(url, options, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk)).on('error', reject);
      answer.on('end', () => {
        const { items } = JSON.parse(Buffer.concat(chunks).toString()) as {
          readonly items: readonly { readonly metadata: { readonly name: string } }[];
        };
        resolve(items.map(({ metadata }) => metadata.name));
      });
    });
    asked.on('error', reject).end();
  });
}
