/** `kubectl get --raw`: one request as it is, and the answer as it came. Source: k8s.io/kubectl/pkg/cmd/get, pkg/rawhttp v0.35. */
import { textAt } from '../../../kube/fields.ts';
import type { Call } from '../call.ts';
import { Failure } from '../failure.ts';

export async function getRaw(call: Call, uri: string): Promise<number> {
  checkFlags(call, uri);
  const [path = '', query = ''] = uri.split('?');
  const body = call.api.raw({
    method: 'GET',
    path: decodeURIComponent(path),
    query: parameters(query),
  });
  const isText = Object.keys(body).length === 1 && typeof body['text'] === 'string';
  await call.out(isText ? textAt(body, 'text') : `${JSON.stringify(body)}\n`);
  return 0;
}

function parameters(query: string): Readonly<Record<string, string>> {
  const pairs = query.split('&').filter((pair) => pair !== '');
  return Object.fromEntries(
    pairs.map((pair) => {
      const [name = '', ...value] = pair.split('=').map((part) => decodeURIComponent(part));
      return [name, value.join('=')];
    }),
  );
}

function checkFlags(call: Call, uri: string): void {
  const { flags } = call;
  if (call.args.length > 0) throw new Failure('error: arguments may not be passed when --raw is specified');
  if (flags.is('watch') || flags.is('watch-only') || flags.text('selector') !== '') {
    throw new Failure(
      'error: --raw may not be specified with other flags that filter the server request or alter the output',
    );
  }
  if (flags.text('output') !== '') throw new Failure('error: --raw and --output are mutually exclusive');
  if (!/^(\/|https?:)/.test(uri)) {
    throw new Failure(
      `error: --raw must be a valid URL path: parse ${JSON.stringify(uri)}: invalid URI for request`,
    );
  }
}
