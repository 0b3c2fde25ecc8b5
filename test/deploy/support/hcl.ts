/**
 * A reader for Terraform configuration as deploy/ has it: blocks, labels, attributes whose expressions are kept as text. Quotes,
 * templates and brackets must close, and names and braces must stand where the language wants them; anything else is an error.
 */

export type Block = {
  readonly type: string;
  readonly labels: readonly string[];
  /** the expression as it is written, with one space for each run of white space */
  readonly attributes: ReadonlyMap<string, string>;
  readonly blocks: readonly Block[];
};

const TOKEN =
  /[ \t]+|#[^\n]*|\n|"(?:[^"\\\n$]|\\.|\$(?!\{)|\$\{[^{}"\n]*\})*"|-?\d+(?:\.\d+)?|[A-Za-z_][\w-]*|[{}()[\]=,.:?!<>&|*]/y;
const CLOSES: Readonly<Record<string, string>> = { '{': '}', '(': ')', '[': ']' };

/** The top-level blocks. Throws with the place where it is no such configuration. */
export function parseConfiguration(text: string): readonly Block[] {
  const tokens = tokensOf(text);
  let at = 0;
  const fail = (wanted: string): never => {
    throw new Error(`${wanted} expected, found ${JSON.stringify(tokens[at] ?? 'the end')} as token ${at}`);
  };
  const skipBreaks = () => {
    while (tokens[at] === '\n') at += 1;
  };
  const body = (isTop: boolean): { attributes: Map<string, string>; blocks: Block[] } => {
    const attributes = new Map<string, string>();
    const blocks: Block[] = [];
    for (;;) {
      skipBreaks();
      const token = tokens[at];
      if (token === undefined && isTop) return { attributes, blocks };
      if (token === '}' && !isTop) {
        at += 1;
        return { attributes, blocks };
      }
      if (token === undefined || !/^[A-Za-z_]/.test(token)) return fail('a name');
      at += 1;
      if (tokens[at] === '=') {
        if (attributes.has(token)) fail(`one ${token} only`);
        at += 1;
        attributes.set(token, expression());
        continue;
      }
      const labels: string[] = [];
      for (let label = tokens[at]; label?.startsWith('"'); label = tokens[at]) {
        labels.push(label.slice(1, -1));
        at += 1;
      }
      if (tokens[at] !== '{') fail('a block');
      at += 1;
      blocks.push({ type: token, labels, ...body(false) });
    }
  };
  const expression = (): string => {
    const start = at;
    const open: string[] = [];
    for (;;) {
      const token = tokens[at];
      if (open.length === 0 && (token === '\n' || token === undefined)) break;
      if (token === undefined) return fail(open.at(-1) ?? '');
      const close = CLOSES[token];
      if (close !== undefined) open.push(close);
      else if (['}', ')', ']'].includes(token) && open.pop() !== token) return fail('a matching bracket');
      at += 1;
    }
    if (at === start) fail('an expression');
    return tokens
      .slice(start, at)
      .filter((token) => token !== '\n')
      .join(' ');
  };
  return body(true).blocks;
}

function tokensOf(text: string): string[] {
  const tokens: string[] = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.length) {
    const from = TOKEN.lastIndex;
    const [token] = TOKEN.exec(text) ?? [];
    if (token === undefined) throw new Error(`no Terraform at ${JSON.stringify(text.slice(from, from + 40))}`);
    if (!/^[ \t#]/.test(token)) tokens.push(token);
  }
  return tokens;
}
