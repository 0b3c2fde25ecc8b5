/**
 * The value of `make`, made when it is first asked for: tables that take longer to set up than a packet to leave are worth
 * nothing to a run that never looks into them.
 */
export function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}
