/** The report as JSON: two spaces, keys in the order of the published schema, a line break at the end. */
import type { Report } from '../model/report.ts';
import { ReportSchema } from './schema.ts';

/** What `JSON.stringify` leaves raw and a terminal or editor must not be handed: C1 controls, bidi and unseen characters. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu;

/**
 * Data are not cleaned: parsed again they are what went in. Only their spelling is, `\u202e` for the character itself.
 * A report that the schema refuses is a bug that the test suite hunts; here it is still printed, in the order it came.
 */
export function renderJson(report: Report): string {
  return written(report, 2);
}

/** The same on one line. */
export function renderJsonLine(report: Report): string {
  return written(report, 0);
}

function written(report: Report, indent: number): string {
  const parsed = ReportSchema.safeParse(report);
  const json = JSON.stringify(parsed.success ? parsed.data : report, null, indent);
  return `${json.replace(UNSEEN, (character) => (character === '\n' ? character : escaped(character)))}\n`;
}

function escaped(character: string): string {
  let out = '';
  for (let index = 0; index < character.length; index += 1) {
    out += `\\u${character.charCodeAt(index).toString(16).padStart(4, '0')}`;
  }
  return out;
}
