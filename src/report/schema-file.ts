/** A JSON Schema as the text of its published file. */

/** Two spaces; lists of words on one line where they fit, as this repository’s formatter has it. */
export function schemaFile(schema: Record<string, unknown>): string {
  const json = JSON.stringify(schema, null, 2);
  const lists = /^( *"[^"]+": )\[\n((?: *"[^"\\]*",?\n)+) *\](,?)$/gm;
  const short = json.replace(lists, (whole: string, key: string, words: string, comma: string) => {
    const line = `${key}[${words
      .trim()
      .split(/\s*\n\s*/)
      .join(' ')}]${comma}`;
    return line.length <= 120 ? line : whole;
  });
  return `${short}\n`;
}
