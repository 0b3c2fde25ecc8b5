/** Runs one unseen case through `diagnose`, as a user who has the documents and the evidence in files would. */
import { expect } from 'vitest';
import type { Report } from '../../../src/model/report.ts';
import { ReportSchema } from '../../../src/report/schema.ts';
import { emptyFolder, run } from '../../cli/support/run.ts';
import { commandLine, type Unseen } from './command-line.ts';

export async function expectUnseen(unseen: Unseen): Promise<Report> {
  const line = commandLine(unseen, emptyFolder());
  const { status, stdout, stderr } = await run([...line, '--format', 'json']);
  // What the words of a pasted error point to is told beside the report.
  if (!line.includes('--error')) expect(stderr).toBe('');
  const report = ReportSchema.parse(JSON.parse(stdout));
  const codes: string[] = report.causes.map(({ code }) => code);
  const [first] = report.causes;
  expect({ verdict: report.verdict, exit: status, codes }).toEqual({
    verdict: unseen.verdict,
    exit: { healthy: 0, degraded: 1, blocked: 1, inconclusive: 2 }[unseen.verdict],
    codes:
      unseen.first === undefined
        ? []
        : unseen.only === true
          ? expect.arrayContaining([unseen.first])
          : [unseen.first, ...codes.slice(1)],
  });
  if (unseen.only === true) expect(codes).toEqual([unseen.first, ...(unseen.also ?? [])]);
  if (unseen.standing !== undefined) expect(first?.standing).toBe(unseen.standing);
  if (unseen.severity !== undefined) expect(first?.severity).toBe(unseen.severity);
  expect(codes).toEqual(expect.arrayContaining([...(unseen.also ?? [])]));
  expect((unseen.never ?? []).filter((code) => codes.includes(code))).toEqual([]);
  // What the undo names has been named, or kept, by the commands.
  for (const { fix } of report.causes)
    expect(variables(fix.undo).filter((name) => !fix.commands.join('\n').includes(name))).toEqual([]);
  if (unseen.says !== undefined) {
    const { stdout: text } = await run([...line, '--no-color']);
    for (const words of unseen.says) expect(text.replace(/\s+/g, ' ')).toMatch(words);
  }
  // What failed is explained by a cause, or said to be unexplained in so many words.
  if (report.unexplained.length > 0 && codes.length > 0)
    expect(report.headline).toMatch(/explains? a part|could not be confirmed|nothing that could be seen/);
  return report;
}

function variables(commands: readonly string[]): string[] {
  return [...commands.join('\n').matchAll(/"\$([A-Z_]+)"/g)].flatMap(([, name]) => name ?? []);
}
