/** Look-ups in a slice by an id, indexed once per slice value. */
import type { Slice } from '../model/state.ts';

const indexes = new WeakMap<readonly unknown[], Map<string, Map<unknown, unknown>>>();

/** The element whose field `key` is `id`; undefined when the slice is unknown or holds none. */
export function byId<T extends object, K extends keyof T & string>(slice: Slice<T>, key: K, id: T[K]): T | undefined {
  if (!slice.known) return undefined;
  let fields = indexes.get(slice.value);
  if (fields === undefined) {
    fields = new Map();
    indexes.set(slice.value, fields);
  }
  let index = fields.get(key);
  if (index === undefined) {
    index = new Map(slice.value.map((element) => [element[key], element]));
    fields.set(key, index);
  }
  return index.get(id) as T | undefined;
}
