/** A reader for the part of HCL's native syntax that fixes are written in; whatever it does not know is an error. */

export type Block = {
  readonly type: string;
  readonly labels: readonly string[];
  readonly attributes: ReadonlyMap<string, string>;
  readonly blocks: readonly Block[];
};

type Token = { readonly kind: 'name' | 'string' | 'number' | 'sign' | 'break'; readonly text: string };

const TOKENS: readonly (readonly [Token['kind'] | 'skip', RegExp])[] = [
  ['skip', /[ \t]+/y],
  ['skip', /#[^\n]*/y],
  ['break', /\n/y],
  // A string ends on its line, and `${` and `%{` would start a template that nothing here means to write.
  ['string', /"(?:[^"\\\n$%]|\\["\\nrt]|\$\$\{|%%\{|[$%](?!\{))*"/y],
  ['number', /-?\d+(?:\.\d+)?/y],
  ['name', /[A-Za-z_][A-Za-z0-9_-]*/y],
  ['sign', /[{}[\]()=:,.]/y],
];

/** The top-level blocks of a snippet. Throws with the place where it is no HCL. */
export function parseHcl(text: string): readonly Block[] {
  const tokens = tokensOf(text);
  let at = 0;
  const fail = (wanted: string): never => {
    throw new Error(`${wanted} expected, found ${JSON.stringify(tokens[at]?.text ?? 'the end')} in:\n${text}`);
  };
  const take = (kind: Token['kind'], sign?: string): string => {
    const token = tokens[at];
    if (token?.kind !== kind || (sign !== undefined && token.text !== sign)) return fail(sign ?? kind);
    at += 1;
    return token.text;
  };
  const skipBreaks = () => {
    while (tokens[at]?.kind === 'break') at += 1;
  };
  const value = (): string => {
    const token = tokens[at];
    if (token?.kind === 'string' || token?.kind === 'number') return take(token.kind);
    if (token?.text === '[') {
      take('sign', '[');
      const items: string[] = [];
      skipBreaks();
      while (tokens[at]?.text !== ']') {
        items.push(value());
        skipBreaks();
        if (tokens[at]?.text !== ']') take('sign', ',');
        skipBreaks();
      }
      take('sign', ']');
      return `[${items.join(', ')}]`;
    }
    if (token?.text === '{') {
      take('sign', '{');
      skipBreaks();
      const entries: string[] = [];
      while (tokens[at]?.text !== '}') {
        const key = take(tokens[at]?.kind === 'string' ? 'string' : 'name');
        // "The key and value are separated by either the = symbol or the : symbol" (HCL's native syntax, collection values).
        take('sign', tokens[at]?.text === ':' ? ':' : '=');
        entries.push(`${key} = ${value()}`);
        if (tokens[at]?.text === ',') take('sign', ',');
        else if (tokens[at]?.text !== '}') take('break');
        skipBreaks();
      }
      take('sign', '}');
      return `{ ${entries.join(', ')} }`;
    }
    let reference = take('name');
    if (tokens[at]?.text === '(') {
      take('sign', '(');
      skipBreaks();
      const argument = value();
      skipBreaks();
      take('sign', ')');
      return `${reference}(${argument})`;
    }
    while (tokens[at]?.text === '.') {
      take('sign', '.');
      reference += `.${take('name')}`;
    }
    return reference;
  };
  const body = (end: '}' | undefined): Pick<Block, 'attributes' | 'blocks'> => {
    const attributes = new Map<string, string>();
    const blocks: Block[] = [];
    skipBreaks();
    while (at < tokens.length && tokens[at]?.text !== end) {
      const name = take('name');
      if (tokens[at]?.text === '=') {
        take('sign', '=');
        if (attributes.has(name)) fail(`${name} once only`);
        attributes.set(name, value());
      } else {
        const labels: string[] = [];
        while (tokens[at]?.kind === 'string') labels.push(take('string').slice(1, -1));
        take('sign', '{');
        take('break');
        blocks.push({ type: name, labels, ...body('}') });
        take('sign', '}');
      }
      if (at < tokens.length) take('break');
      skipBreaks();
    }
    return { attributes, blocks };
  };
  const top = body(undefined);
  if (top.attributes.size > 0) throw new Error(`an argument outside of every block in:\n${text}`);
  return top.blocks;
}

function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  while (at < text.length) {
    const hit = TOKENS.flatMap(([kind, pattern]) => {
      pattern.lastIndex = at;
      const match = pattern.exec(text)?.[0];
      return match === undefined ? [] : [{ kind, text: match }];
    })[0];
    if (hit === undefined) throw new Error(`no HCL at ${JSON.stringify(text.slice(at, at + 40))} in:\n${text}`);
    if (hit.kind !== 'skip') tokens.push({ kind: hit.kind, text: hit.text });
    at += hit.text.length;
  }
  return tokens;
}
