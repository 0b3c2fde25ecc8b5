/** The report as JSON: two spaces, keys in the order of the published schema, a line break at the end. */
import type { Report } from '../model/report.ts';
import { ReportSchema } from './schema.ts';
import { visibleJson } from './visible-json.ts';

/**
 * Data are not cleaned: parsed again they are what went in. Only their spelling is, `\u202e` for the character itself.
 * A report that the schema refuses is a bug that the test suite hunts; here it is still printed, in the order it came.
 */
export function renderJson(report: Report): string {
  return visibleJson(inOrder(report));
}

/** The same on one line. */
export function renderJsonLine(report: Report): string {
  return visibleJson(inOrder(report), 0);
}

function inOrder(report: Report): unknown {
  const parsed = ReportSchema.safeParse(report);
  return parsed.success ? parsed.data : report;
}
