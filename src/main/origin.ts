/** The one place the window's page comes from. */

export const APP_SCHEME = 'app';
export const APP_HOST = 'underlay';
export const APP_ORIGIN = `${APP_SCHEME}://${APP_HOST}`;
export const START_PAGE = `${APP_ORIGIN}/`;

/**
 * Is this an address of our own page? Compared by its parsed parts: Node's URL gives schemes of an app's own the origin
 * `null`, and a prefix of the text would let `app://underlay.example` in.
 */
export function isOurs(address: string): boolean {
  if (!URL.canParse(address)) return false;
  const { protocol, hostname, port, username, password } = new URL(address);
  return (
    protocol === `${APP_SCHEME}:` &&
    hostname === APP_HOST &&
    port === '' &&
    username === '' &&
    password === ''
  );
}
