/** A certificate that vouches for itself (RFC 5280, ECDSA with SHA-256), made anew for each test: nothing secret is kept. */
import { generateKeyPairSync, sign } from 'node:crypto';

export interface SelfSigned {
  /** PEM, both. */
  readonly key: string;
  readonly cert: string;
}

/** For 127.0.0.1 and localhost. */
export function selfSigned(): SelfSigned {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const body = sequence(
    tagged(0xa0, integer(2)),
    integer(1),
    ECDSA_WITH_SHA256,
    NAME,
    sequence(tagged(0x17, text('000101000000Z')), tagged(0x18, text('21000101000000Z'))),
    NAME,
    publicKey.export({ type: 'spki', format: 'der' }),
    tagged(0xa3, sequence(ITS_NAMES, IS_AUTHORITY)),
  );
  const signature = sign('sha256', body, privateKey);
  const whole = sequence(body, ECDSA_WITH_SHA256, tagged(0x03, Buffer.from([0]), signature));
  return { key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(), cert: pem(whole) };
}

function tagged(tag: number, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  const size =
    length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...size]), content]);
}

const sequence = (...parts: readonly Buffer[]): Buffer => tagged(0x30, ...parts);
const octets = (content: Buffer): Buffer => tagged(0x04, content);
const integer = (value: number): Buffer => tagged(0x02, Buffer.from([value]));
const text = (content: string): Buffer => Buffer.from(content, 'latin1');
const identifier = (...bytes: readonly number[]): Buffer => tagged(0x06, Buffer.from(bytes));

/** 1.2.840.10045.4.3.2 */
const ECDSA_WITH_SHA256 = sequence(identifier(0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02));
/** commonName, 2.5.4.3 */
const NAME = sequence(
  tagged(0x31, sequence(identifier(0x55, 0x04, 0x03), tagged(0x0c, text('underlay test')))),
);
/** subjectAltName, 2.5.29.17: a DNS name and an address */
const ITS_NAMES = sequence(
  identifier(0x55, 0x1d, 0x11),
  octets(sequence(tagged(0x82, text('localhost')), tagged(0x87, Buffer.from([127, 0, 0, 1])))),
);
const TRUE = tagged(0x01, Buffer.from([0xff]));
/** basicConstraints, 2.5.29.19, critical */
const IS_AUTHORITY = sequence(identifier(0x55, 0x1d, 0x13), TRUE, octets(sequence(TRUE)));

const pem = (der: Buffer): string =>
  `-----BEGIN CERTIFICATE-----\n${der.toString('base64').replace(/.{64}/g, '$&\n')}\n-----END CERTIFICATE-----\n`;
