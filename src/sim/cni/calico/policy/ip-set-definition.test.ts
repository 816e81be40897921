import { expect, test } from 'vitest';
import { parseSelector, selectorId, type SelectorNode } from '../selector.ts';
import { namedPortSet, serviceSet } from './ip-set-definition.ts';
import { rulesFrom } from './three-pods.contract.ts';

const selector = (text: string): SelectorNode => {
  const parsed = parseSelector(text);
  if (!parsed.ok) throw new Error(parsed.error);
  return parsed.value;
};

test('ids of IP sets (provenance: upstream tests)', () => {
  const idOf = (text: string): string => selectorId(selector(text));
  expect(idOf(' (all() )')).toBe('s:5y5I3VdRZfDU01O--xXAPx2yxCQQqMf0M6IWug');
  expect(idOf('! (has( b)||! has(a ))')).toBe('s:Iss0uCleLYv1GSv_pNm7hAO58kE9jAx1NKyG3Q');
  expect(idOf('! (a == "b"&&! c != "d")')).toBe('s:lh3haoY1ikTRkd4UZu0nWSaIBknYLPJLX16d-w');
  expect(serviceSet('default/svc', true).id).toBe('svc:Jhwii46PCMT5NlhWsUqZmv7al8TeHFbNQMhoVg');
  expect(serviceSet('default/svc', false).id).toBe('svcnoport:T03S_6hogdrGKrNFBcbKTFsH_uKwDHEo8JddOg');
});

test('rules name the sets that upstream names', () => {
  const [web, db] = [selector("app == 'web'"), selector("app == 'db'")];
  const ids = (rule: object): unknown => {
    const [{ src, dst } = { src: undefined, dst: undefined }] = rulesFrom(rule);
    return [src?.ipSetIds, src?.notIpSetIds, dst?.ipSetIds, dst?.namedPortIpSetIds, dst?.ports];
  };
  expect(ids({ source: { selector: "app == 'web'", notSelector: "app == 'db'" } })).toEqual([
    [selectorId(selector("(app == 'web') && (!(app == 'db'))"))],
    [],
    [],
    [],
    [],
  ]);
  expect(ids({ source: { notSelector: "app == 'db'" } })).toEqual([[], [selectorId(db)], [], [], []]);
  const named = (protocol: 'tcp' | 'any'): string => namedPortSet('http', protocol, web).id;
  expect(ids({ protocol: 'TCP', destination: { selector: "app == 'web'", ports: ['http'] } })).toEqual([
    [],
    [],
    [],
    [named('tcp')],
    [],
  ]);
  expect(ids({ destination: { selector: "app == 'web'", ports: ['http', 80] } })).toEqual([
    [],
    [],
    [selectorId(web)],
    [named('any')],
    [{ first: 80, last: 80 }],
  ]);
});
