/** Changes to a text that more than one part of the tool makes. Pure. */

/** The same with a capital letter at its start: a clause becomes a sentence. */
export function capital(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
}

const ENTITIES: Readonly<Record<string, string>> = { lt: '<', gt: '>', quot: '"', apos: "'", amp: '&' };

/** What stands between two tags of XML as it was meant: XML's five entities, and numbers of two or three digits. */
export function unescapeXml(text: string): string {
  return text.replace(/&(?:(lt|gt|quot|apos|amp)|#(\d{2,3})|#x([0-9a-fA-F]{2}));/g, (_match, name, decimal, hex) =>
    name === undefined ? String.fromCharCode(decimal ?? Number.parseInt(hex, 16)) : (ENTITIES[name] ?? ''),
  );
}
