/** HTML that escapes what is put into it: the only way to get a string onto the page unescaped is to be markup already. */

export type Markup = { readonly markup: string };
type Part = string | number | Markup | readonly Markup[];

/** A tagged template. Strings and numbers are escaped for text and for quoted attribute values alike. */
export function html(strings: TemplateStringsArray, ...parts: readonly Part[]): Markup {
  const markup = strings.reduce((text, next, index) => {
    const part = parts[index - 1];
    return `${text}${part === undefined ? '' : written(part)}${next}`;
  });
  return { markup };
}

export const NOTHING: Markup = { markup: '' };

/** Markup behind a condition; `undefined` is the condition that does not hold. */
export function when<T>(value: T | undefined, draw: (value: T) => Markup): Markup {
  return value === undefined ? NOTHING : draw(value);
}

function written(part: Part): string {
  if (typeof part === 'number') return String(part);
  if (typeof part === 'string') return escapeHtml(part);
  return 'markup' in part ? part.markup : part.map((item) => item.markup).join('');
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? character);
}
