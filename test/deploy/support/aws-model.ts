/**
 * Holds a value to one of AWS's own shapes, as the SDK's clients carry them: members that the API does not have, values of the
 * wrong kind, and required members that are missing. The SDK itself checks none of that before it sends.
 */

/** `[3, namespace, name, traits, member names, member schemas, how many of the first are required]` and its relatives. */
type Schema = unknown;

/** Where the value does not fit, one line each: `containerDefinitions[0].readOnly: RegisterTaskDefinition has no such member`. */
export function misfits(schema: Schema, value: unknown, path = ''): string[] {
  const shape = bare(schema);
  if (typeof shape === 'number') return simple(shape, value, path);
  if (!Array.isArray(shape)) throw new Error(`${path}: a schema of no known kind`);
  const [kind, , name, , ...rest] = shape as [number, string, string, unknown, ...unknown[]];
  if (kind === 3) {
    const [names, schemas, required = 0] = rest as [string[], Schema[], number | undefined];
    if (!isRecord(value)) return [`${path}: ${name} is a structure`];
    return [
      ...Object.keys(value)
        .filter((key) => !names.includes(key))
        .map((key) => `${path}.${key}: ${name} has no such member`),
      ...names
        .slice(0, required)
        .filter((key) => !(key in value))
        .map((key) => `${path}.${key}: ${name} requires it`),
      ...names.flatMap((key, i) => (key in value ? misfits(schemas[i], value[key], `${path}.${key}`) : [])),
    ];
  }
  if (kind === 1) return list(rest[0], value, path);
  if (kind === 2) return map(rest[1], value, path);
  if (kind === 0) return simple(rest[0] as number, value, path);
  throw new Error(`${path}: ${name} is a schema of kind ${kind}`);
}

/** Lazy references, and members that carry traits of their own. */
function bare(schema: Schema): Schema {
  if (typeof schema === 'function') return bare((schema as () => Schema)());
  if (Array.isArray(schema) && schema.length === 2) return bare(schema[0]);
  return schema;
}

function list(item: Schema, value: unknown, path: string): string[] {
  if (!Array.isArray(value)) return [`${path}: a list is wanted`];
  return value.flatMap((one, i) => misfits(item, one, `${path}[${i}]`));
}

function map(item: Schema, value: unknown, path: string): string[] {
  if (!isRecord(value)) return [`${path}: a map is wanted`];
  return Object.entries(value).flatMap(([key, one]) => misfits(item, one, `${path}.${key}`));
}

const [LIST, MAP] = [64, 128];

function simple(schema: number, value: unknown, path: string): string[] {
  if (schema & MAP) return map(schema & ~MAP, value, path);
  if (schema & LIST) return list(schema & ~LIST, value, path);
  const wanted = ({ 0: 'string', 1: 'number', 2: 'boolean' } as const)[schema] ?? 'string';
  return typeof value === wanted ? [] : [`${path}: a ${wanted} is wanted, and ${JSON.stringify(value)} is given`];
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
