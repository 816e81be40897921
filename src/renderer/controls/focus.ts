/** Where the focus goes when what had it is gone. */
import type { Attachment } from 'svelte/attachments';

/** What stands in place of a control that was used takes its focus over: otherwise it would be at the page's beginning. */
export const inheritsFocus: Attachment<HTMLElement> = (element) => {
  if (document.activeElement === document.body) element.focus({ preventScroll: true });
};
