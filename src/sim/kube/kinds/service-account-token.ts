/**
 * Tokens of service accounts, as `kubectl create token` asks for them: a JSON Web Token in form, whose signature nobody could
 * check, since the simulated API asks for no credentials.
 * Source: k8s.io/kubernetes pkg/registry/core/serviceaccount/storage/token.go, pkg/serviceaccount/claims.go, 1.35.
 */
import type { JsonObject } from '../../../base/json.ts';
import { ok, type Result } from '../../../base/result.ts';
import { timestamp } from '../../core/time.ts';
import { toBase64 } from '../../../base/base64.ts';
import { utf8 } from '../../../base/bytes.ts';
import type { Failure } from '../failure.ts';
import { numberAt, objectAt, textsAt } from '../fields.ts';
import type { KubeObject } from '../object.ts';
import { wallClock, type Subresource } from '../resource.ts';
import type { ClusterTransaction } from '../transaction.ts';

const ISSUER = 'https://kubernetes.default.svc.cluster.local';
const HOUR = 3600;
/** Hex digits of a 2048-bit signature. */
const SIGNATURE = 512;

const base64url = (text: string): string =>
  toBase64(utf8(text)).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');

function request(account: KubeObject, body: JsonObject, tx: ClusterTransaction): Result<JsonObject, Failure> {
  const { name, namespace = '', uid = '' } = account.metadata;
  const seconds = numberAt(body, 'spec', 'expirationSeconds') || HOUR;
  const asked = textsAt(body, 'spec', 'audiences');
  const audiences = asked.length === 0 ? [ISSUER] : asked;
  const now = Math.floor(wallClock(tx.state.epoch, tx.now) / 1000);
  const claims = {
    aud: audiences,
    exp: now + seconds,
    iat: now,
    iss: ISSUER,
    jti: tx.uid(),
    'kubernetes.io': { namespace, serviceaccount: { name, uid } },
    nbf: now,
    sub: `system:serviceaccount:${namespace}:${name}`,
  };
  const header = { alg: 'RS256', kid: 'underlay' };
  const parts = [JSON.stringify(header), JSON.stringify(claims), tx.hex(SIGNATURE / 2)];
  return ok({
    kind: 'TokenRequest',
    apiVersion: 'authentication.k8s.io/v1',
    metadata: { name, namespace, creationTimestamp: tx.timestamp },
    spec: { ...objectAt(body, 'spec'), audiences, expirationSeconds: seconds },
    status: {
      token: parts.map(base64url).join('.'),
      expirationTimestamp: timestamp(tx.state.epoch, tx.now + seconds * 1000),
    },
  });
}

export const TOKEN: Subresource = {
  name: 'token',
  kind: 'TokenRequest',
  group: 'authentication.k8s.io',
  version: 'v1',
  verbs: ['create'],
  create: request,
};
