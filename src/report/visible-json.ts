/** JSON that can be looked at: nothing in it moves a terminal or hides from an editor. */

/** What `JSON.stringify` leaves raw and a terminal or editor must not be handed: C1 controls, bidi and unseen characters. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu;

/** A value as JSON, two spaces deep or on one line, with a line break at its end; parsed again it is what went in. */
export function visibleJson(value: unknown, indent: 0 | 2 = 2): string {
  const json = JSON.stringify(value, null, indent);
  return `${json.replace(UNSEEN, (character) => (character === '\n' ? character : escaped(character)))}\n`;
}

function escaped(character: string): string {
  let out = '';
  for (let index = 0; index < character.length; index += 1) {
    out += `\\u${character.charCodeAt(index).toString(16).padStart(4, '0')}`;
  }
  return out;
}
