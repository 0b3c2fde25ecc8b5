/**
 * The AWS Query protocol from the server's side, driven by the SDK's own schemas: a form body becomes the input that the
 * SDK was given, and an output becomes the XML that the SDK reads. No request or response is spelled out by hand.
 * https://docs.aws.amazon.com/AWSEC2/latest/APIReference/Query-Requests.html
 */

/** One of the SDK's operation schemas: `[9, namespace, name, traits, input, output]`. */
export type OperationSchema = readonly [9, string, string, unknown, unknown, unknown];

type Traits = { readonly xmlName?: string; readonly ec2QueryName?: string };

/** A schema with its indirections removed. */
type Shape =
  | { readonly kind: 'structure'; readonly members: readonly { readonly name: string; readonly schema: unknown }[] }
  | { readonly kind: 'list'; readonly item: unknown }
  | { readonly kind: 'text' | 'number' | 'boolean' };

/** A parameter that the operation does not have, which the real API refuses as well. */
export type UnknownParameter = { readonly unknownParameter: string };

/** The operation's input, from the form; the result names the parameter when one is not the operation's. */
export function readForm(
  operation: OperationSchema,
  form: URLSearchParams,
): Record<string, unknown> | UnknownParameter {
  const used = new Set(['Action', 'Version']);
  const input = readValue(operation[4], '', form, used) as Record<string, unknown>;
  const unknownParameter = [...form.keys()].find((key) => !used.has(key));
  return unknownParameter === undefined ? input : { unknownParameter };
}

/** The output's members as XML elements, in the schema's order. A member that the SDK does not know is a bug: it throws. */
export function writeMembers(operation: OperationSchema, output: object): string {
  return membersXml(operation[5], output);
}

/** Text for an XML element. */
export function escapeXml(text: string): string {
  return text.replace(/[&<>"'\r]/g, (character) => `&#${character.charCodeAt(0)};`);
}

function readValue(schema: unknown, key: string, form: URLSearchParams, used: Set<string>): unknown {
  const shape = shapeOf(schema);
  switch (shape.kind) {
    case 'structure': {
      const input: Record<string, unknown> = {};
      for (const { name, schema: member } of shape.members) {
        const value = readValue(
          member,
          key === '' ? queryName(name, member) : `${key}.${queryName(name, member)}`,
          form,
          used,
        );
        if (value !== undefined) input[name] = value;
      }
      return Object.keys(input).length === 0 && key !== '' ? undefined : input;
    }
    case 'list': {
      const list: unknown[] = [];
      for (let n = 1; n <= form.size; n += 1) {
        const value = readValue(shape.item, `${key}.${n}`, form, used);
        if (value === undefined) break;
        list.push(value);
      }
      return list.length === 0 ? undefined : list;
    }
    default: {
      const text = form.get(key);
      if (text === null) return undefined;
      used.add(key);
      return shape.kind === 'number' ? Number(text) : shape.kind === 'boolean' ? text === 'true' : text;
    }
  }
}

function membersXml(schema: unknown, value: object): string {
  const shape = shapeOf(schema);
  if (shape.kind !== 'structure') throw new Error('an output is a structure');
  const values = new Map(Object.entries(value).filter(([, member]) => member !== undefined));
  const xml = shape.members.flatMap(({ name, schema: member }) => {
    if (!values.has(name)) return [];
    const inner = values.get(name);
    values.delete(name);
    return [elementXml(traitsOf(member).xmlName ?? name, member, inner)];
  });
  const [left] = values.keys();
  if (left !== undefined) throw new Error(`the SDK's schema has no member ${left}`);
  return xml.join('');
}

function elementXml(name: string, schema: unknown, value: unknown): string {
  const shape = shapeOf(schema);
  switch (shape.kind) {
    case 'structure':
      return `<${name}>${membersXml(schema, value as object)}</${name}>`;
    case 'list': {
      const item = traitsOf(shape.item).xmlName ?? 'member';
      return `<${name}>${(value as unknown[]).map((element) => elementXml(item, shape.item, element)).join('')}</${name}>`;
    }
    default:
      return `<${name}>${escapeXml(String(value))}</${name}>`;
  }
}

/** The name in a form: the EC2 protocol's own, else the XML name with a capital first letter, else the member's. */
function queryName(member: string, schema: unknown): string {
  const { ec2QueryName, xmlName = member } = traitsOf(schema);
  return ec2QueryName ?? `${xmlName.charAt(0).toUpperCase()}${xmlName.slice(1)}`;
}

/**
 * The SDK writes schemas as nested arrays and numbers: a pair is a schema with traits, a function a forward reference,
 * an array starts with its kind (1 list, 3 structure), a number is a simple type, and 64 more a list of it.
 */
function shapeOf(schema: unknown): Shape {
  if (typeof schema === 'function') return shapeOf(schema());
  if (schema === 'unit') return { kind: 'structure', members: [] };
  if (typeof schema === 'number') {
    if (schema >= 64 && schema < 128) return { kind: 'list', item: schema - 64 };
    return { kind: schema === 1 ? 'number' : schema === 2 ? 'boolean' : 'text' };
  }
  if (!Array.isArray(schema)) throw new Error(`not a schema: ${String(schema)}`);
  if (schema.length === 2) return shapeOf(schema[0]);
  if (schema[0] === 1) return { kind: 'list', item: schema[4] };
  if (schema[0] === 0) return shapeOf(schema[4]);
  if (schema[0] !== 3) throw new Error(`the lab does not know schemas of kind ${String(schema[0])}`);
  const [names, schemas] = [schema[4] as string[], schema[5] as unknown[]];
  return { kind: 'structure', members: names.map((name, index) => ({ name, schema: schemas[index] })) };
}

function traitsOf(schema: unknown): Traits {
  const traits = Array.isArray(schema) && schema.length === 2 ? schema[1] : {};
  return typeof traits === 'object' ? traits : {};
}
