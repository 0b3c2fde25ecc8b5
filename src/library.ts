/** `import … from 'vpce-doctor'`: what the tool knows, for programs. Nothing here reads a file, asks anybody or looks at a clock. */
import { diagnose as diagnoseCase } from './diagnose/diagnose.ts';
import type { Case as DecodedCase } from './model/case.ts';
import { decodeCase as decode } from './model/case-file.ts';
import type { Report } from './model/report.ts';
import { FORMATS, type Format } from './report/formats.ts';
import { render as renderReport } from './report/index.ts';
import { TOOL } from './version.ts';

export type { Observation } from './model/observation.ts';
export type { Report, ReportCause, ReportFix, ReportTarget, Verdict } from './model/report.ts';
export type { Format } from './report/formats.ts';

/** The tool's version. */
export const version: string = TOOL.version;

/** A case that was read: what was seen and what is set up. Its inside is no promise; `decodeCase` makes one. */
export type Case = { readonly vpceDoctorCase: 'decoded' };

export type Decoded =
  | { readonly ok: true; readonly case: Case }
  /** one line that says what is wrong with the text */
  | { readonly ok: false; readonly problem: string };

export type RenderOptions = {
  /** columns of the text; 100 when not given */
  readonly width?: number;
  readonly color?: boolean;
  /** each observation, path and call, too */
  readonly verbose?: boolean;
  /** whether lines may be drawn with other characters than ASCII; they are when not given */
  readonly unicode?: boolean;
};

/**
 * Reads a case file: what `--save`, `probe -o` and `collect -o` write. Never throws, whatever it is given: bytes are a problem too.
 * @param text the file's content
 * @param name what the problem is to call it
 */
export function decodeCase(text: string, name = 'The text'): Decoded {
  // Programs without types give what they have: a buffer, or nothing.
  if (typeof text !== 'string') return { ok: false, problem: `${String(name)} is no case file: it is no string.` };
  const decoded = decode(text, name);
  return decoded.ok ? { ok: true, case: decoded.case as unknown as Case } : decoded;
}

/** The report that `vpce-doctor diagnose` prints for this case with `--format json`, as docs/report.schema.json describes it. */
export function diagnose(subject: Case): Report {
  return diagnoseCase(subject as unknown as DecodedCase);
}

/**
 * A report in one of the command's forms, ending in a line break. The options matter to `text` alone.
 * @throws when there is no such form, with the names of those that there are
 */
export function render(report: Report, format: Format, options: RenderOptions = {}): string {
  if (!FORMATS.includes(format))
    throw new Error(`There is no format ${JSON.stringify(format)}: give one of ${FORMATS.join(', ')}.`);
  const { width = 100, color = false, verbose = false, unicode = true } = options;
  return renderReport(report, format, { width, color, verbose, unicode });
}
