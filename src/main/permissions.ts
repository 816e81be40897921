/** What the page may ask of the system: to put text on the clipboard, from its main frame, and nothing else. */
import type { Session } from './electron.ts';
import { isOurs } from './origin.ts';

const GRANTED = 'clipboard-sanitized-write';

export function restrictPermissions(session: Session): void {
  session.setPermissionRequestHandler((_contents, permission, answer, { isMainFrame, requestingUrl }) =>
    answer(permission === GRANTED && isMainFrame && isOurs(requestingUrl)),
  );
  session.setPermissionCheckHandler(
    (_contents, permission, origin, { isMainFrame }) =>
      permission === GRANTED && isMainFrame && isOurs(origin),
  );
  session.setDevicePermissionHandler(() => false);
}
