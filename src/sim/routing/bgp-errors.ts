/** What an error's code and subcode mean, in BIRD's words (RFC 4271 section 6, RFC 4486, RFC 6608). */
const MESSAGES: Readonly<Record<string, string>> = {
  '1.0': 'Invalid message header',
  '1.1': 'Connection not synchronized',
  '1.2': 'Bad message length',
  '1.3': 'Bad message type',
  '2.0': 'Invalid OPEN message',
  '2.1': 'Unsupported version number',
  '2.2': 'Bad peer AS',
  '2.3': 'Bad BGP identifier',
  '2.4': 'Unsupported optional parameter',
  '2.6': 'Unacceptable hold time',
  '3.0': 'Invalid UPDATE message',
  '3.1': 'Malformed attribute list',
  '3.3': 'Missing mandatory attribute',
  '3.5': 'Invalid attribute length',
  '3.6': 'Invalid ORIGIN attribute',
  '3.10': 'Invalid network field',
  '3.11': 'Malformed AS_PATH',
  '4.0': 'Hold timer expired',
  '5.1': 'Unexpected message in OpenSent state',
  '5.2': 'Unexpected message in OpenConfirm state',
  '5.3': 'Unexpected message in Established state',
  '6.0': 'Cease',
  '6.2': 'Administrative shutdown',
  '6.3': 'Peer de-configured',
  '6.6': 'Other configuration change',
};

export function bgpErrorText(code: number, subcode: number): string {
  return MESSAGES[`${code}.${subcode}`] ?? `Unknown error ${code}.${subcode}`;
}
