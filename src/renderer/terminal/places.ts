/** Places as tabs and menus name them. */
import { parsePlace, type Place } from '../../model/place.ts';
import { strings } from '../strings.ts';

export type PlaceKind = Place['kind'];

export const PLACE_KINDS = [
  'workstation',
  'node',
  'pod',
  'router',
  'host',
] as const satisfies readonly PlaceKind[];

/** `node1` for `node/node1`, `shop/cart` for a pod outside the default namespace. */
export function placeLabel(place: string): string {
  const parsed = parsePlace(place);
  if (parsed === undefined) return place;
  if (parsed.kind === 'workstation') return strings.terminals.workstation;
  if (parsed.kind === 'pod' && parsed.namespace !== 'default') return `${parsed.namespace}/${parsed.name}`;
  return parsed.name;
}

export function placeKind(place: string): PlaceKind {
  return parsePlace(place)?.kind ?? 'workstation';
}

export function groupPlaces(
  places: readonly string[],
): readonly { readonly kind: PlaceKind; readonly places: readonly string[] }[] {
  return PLACE_KINDS.map((kind) => ({
    kind,
    places: places.filter((place) => placeKind(place) === kind),
  })).filter((group) => group.places.length > 0);
}
