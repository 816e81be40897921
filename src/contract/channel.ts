/**
 * What the page and its preload say to each other by `window.postMessage`, before the MessagePort of the contract is
 * handed over: the page asks, the preload answers with the port attached. Both accept it from their own window only.
 */
export const PORT_WANTED = 'underlay:port-wanted';
export const PORT_GIVEN = 'underlay:port';
