/** Where in the app the learner is, kept in the address's fragment so that links, reload and Back work in both hosts. */

export type Route =
  | { readonly page: 'home' }
  | { readonly page: 'machine' }
  | { readonly page: 'lesson'; readonly lesson: string; readonly section?: string };

export const HOME: Route = { page: 'home' };
export const MACHINE: Route = { page: 'machine' };

const ID = /^[a-z0-9][a-z0-9-]*$/;

/** What is no address of ours is the start page. */
export function parseRoute(fragment: string): Route {
  const [page, lesson, section, ...rest] = fragment.replace(/^#?\/?/, '').split('/');
  if (page === 'machine' && lesson === undefined) return MACHINE;
  if (page !== 'lesson' || lesson === undefined || !ID.test(lesson) || rest.length > 0) return HOME;
  if (section === undefined || section === '') return { page, lesson };
  return { page, lesson, section: decodeURIComponent(section) };
}

export function formatRoute(route: Route): string {
  if (route.page === 'home') return '#/';
  if (route.page === 'machine') return '#/machine';
  const section = route.section === undefined ? '' : `/${encodeURIComponent(route.section)}`;
  return `#/lesson/${route.lesson}${section}`;
}

/** `first-overlay#what-crosses-the-wire`, as verdicts and lesson links name a section. */
export function lessonAddress(reference: string): string {
  const [lesson = '', section] = reference.split('#');
  return formatRoute({ page: 'lesson', lesson, ...(section && { section }) });
}

export type LinkTarget =
  | { readonly kind: 'inside'; readonly address: string }
  | { readonly kind: 'term'; readonly term: string }
  | { readonly kind: 'outside'; readonly address: string };

/** What a lesson's link leads to, seen from the lesson it stands in. */
export function linkTarget(href: string, lesson: string): LinkTarget {
  if (href.startsWith('#')) return { kind: 'inside', address: lessonAddress(`${lesson}${href}`) };
  if (href.startsWith('lesson:'))
    return { kind: 'inside', address: lessonAddress(href.slice('lesson:'.length)) };
  if (href.startsWith('term:')) return { kind: 'term', term: href.slice('term:'.length) };
  return { kind: 'outside', address: href };
}
