/**
 * Fixes in Terraform's language. Resource types and arguments are those of the AWS provider's documentation
 * (hashicorp/aws at registry.terraform.io); a test holds every snippet to them.
 */

/** An expression that is written without quotes: `{ expression: 'aws_security_group.endpoint.id' }` */
export type Expression = { readonly expression: string };
export type Argument = string | number | boolean | Expression | readonly (string | Expression)[];
export type Arguments = { readonly [name: string]: Argument | undefined | Arguments };

/** A resource block. Undefined arguments are left out; an argument that is an object is a nested block. */
export function resource(type: string, name: string, args: Arguments): string {
  return `resource "${type}" "${label(name)}" {\n${body(args, 1)}\n}`;
}

/** An import block for a resource that exists: what the resource block then differs in is what Terraform changes. */
export function imported(type: string, name: string, id: string): string {
  return `import {\n${body({ to: { expression: `${type}.${label(name)}` }, id }, 1)}\n}`;
}

/** A reference to an attribute of a resource of the same snippet. */
export function attribute(type: string, name: string, which: string): Expression {
  return { expression: `${type}.${label(name)}.${which}` };
}

/** Sentences as comment lines. */
export function comment(text: string): string {
  const lines: string[] = [];
  for (const word of text.split(/\s+/)) {
    const line = lines.at(-1);
    if (line !== undefined && line.length + word.length < COMMENT_WIDTH) lines[lines.length - 1] = `${line} ${word}`;
    else lines.push(`# ${word}`);
  }
  return lines.join('\n');
}
/** So that a comment fits beside a label of the report in a terminal. */
const COMMENT_WIDTH = 84;

/** Blocks and comments with a line between them. */
export function hcl(...parts: readonly string[]): string {
  return parts.filter((part) => part !== '').join('\n\n');
}

/** How a resource that a snippet adds is taken back. */
export const UNDO_BY_REMOVAL = comment('Undo: remove what this adds, and apply again.');

/** For what is no resource of the AWS provider: files of a host, settings of an application, decisions of people. */
export function notTerraforms(what: string): string {
  return comment(`Terraform’s AWS provider cannot express this: ${what}`);
}

/** A Terraform name made from resource ids: letters, digits, `_` and `-`, not starting with a digit. */
function label(name: string): string {
  const plain = name.replace(/[^A-Za-z0-9_-]+/g, '_').replace(/^_+|_+$/g, '');
  return /^[A-Za-z]/.test(plain) ? plain : `r_${plain}`;
}

function body(args: Arguments, depth: number): string {
  const margin = '  '.repeat(depth);
  const entries = Object.entries(args).filter(
    (entry): entry is [string, Argument | Arguments] => entry[1] !== undefined,
  );
  const plain = entries.filter((entry): entry is [string, Argument] => isArgument(entry[1]));
  const width = Math.max(0, ...plain.map(([name]) => name.length));
  const lines = plain.map(([name, value]) => `${margin}${name.padEnd(width)} = ${written(value)}`);
  const blocks = entries.flatMap(([name, value]) =>
    isArgument(value) ? [] : [`${margin}${name} {\n${body(value, depth + 1)}\n${margin}}`],
  );
  return [lines.join('\n'), ...blocks].filter((part) => part !== '').join('\n\n');
}

function isArgument(value: Argument | Arguments): value is Argument {
  return typeof value !== 'object' || Array.isArray(value) || 'expression' in value;
}

function written(value: Argument): string {
  if (typeof value === 'string') return quoted(value);
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  if ('expression' in value) return value.expression;
  return `[${value.map((one) => (typeof one === 'string' ? quoted(one) : one.expression)).join(', ')}]`;
}

/** Ids come from API answers and files: nothing in them may end the string or start an interpolation. */
function quoted(text: string): string {
  const plain = text
    .replace(/[\\"]/g, '\\$&')
    .replace(/[\n\r\t]/g, ' ')
    .replace(/([$%])\{/g, '$1$1{');
  return `"${plain}"`;
}
