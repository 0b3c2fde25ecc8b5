/** Text that came from the network, made safe to print: a peer must not move the reader's cursor or hide letters. */

/** Control, formatting and unassigned characters become U+FFFD; line breaks (as \n) and tabs stay. */
export function printable(text: string): string {
  return text.replaceAll('\r\n', '\n').replace(/[^\P{C}\n\t]/gu, '\uFFFD');
}
