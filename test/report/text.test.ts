import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cleanCommand, toAscii } from '../../src/report/clean.ts';
import { displayWidth } from '../../src/report/layout.ts';
import { renderText, type TextOptions } from '../../src/report/text.ts';
import { FIXTURES } from './fixtures.ts';
import { scrambled } from './scramble.ts';

const PLAIN: TextOptions = { width: 80, color: false, verbose: false };
const fixtures = Object.entries(FIXTURES);
const reports = scrambled(Object.values(FIXTURES));
/** Everything that may not reach a terminal raw, but for the line break. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const UNSEEN = /[\x00-\x09\x0b-\x1f\x7f-\x9f\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Default_Ignorable_Code_Point}]/u;

describe('golden files', () => {
  test.each(fixtures)('%s on 80 columns', async (name, report) => {
    await expect(renderText(report, PLAIN)).toMatchFileSnapshot(`./golden/${name}.txt`);
  });

  test('two-faults on 120 columns, everything told', async () => {
    const text = renderText(FIXTURES['two-faults'], { width: 120, color: false, verbose: true });
    await expect(text).toMatchFileSnapshot('./golden/two-faults.verbose.txt');
  });

  test('partial-acl for a terminal that draws no lines', async () => {
    const text = renderText(FIXTURES['partial-acl'], { ...PLAIN, unicode: false });
    await expect(text).toMatchFileSnapshot('./golden/partial-acl.ascii.txt');
  });
});

describe('what a reader must find', () => {
  const text = renderText(FIXTURES['endpoint-group'], PLAIN);

  test('the verdict stands before everything but the vantage', () => {
    const lines = text.split('\n').filter((line) => line !== '');
    expect(lines.findIndex((line) => line.startsWith('BLOCKED  secretsmanager'))).toBeLessThanOrEqual(3);
  });

  test('the cause is told in order: summary, path, packets, reasons, commands, proof, undo', () => {
    const marks = [
      'admits TCP 443',
      '──╳ sg-0e1',
      'Seen',
      'Because',
      'Do',
      'authorize-',
      'With this alone',
      'Undo',
      'revoke-',
    ];
    const places = marks.map((mark) => text.indexOf(mark));
    expect(places).not.toContain(-1);
    expect(places).toEqual([...places].sort((a, b) => a - b));
  });

  test('a plan is shown when its order matters, and only then', () => {
    expect(renderText(FIXTURES['two-faults'], PLAIN)).toMatch(/Fix plan +1\. cause 2/);
    expect(text).not.toContain('Fix plan');
  });

  test('a partial gate shows its share, on the way back', () => {
    expect(renderText(FIXTURES['partial-acl'], PLAIN)).toMatch(/back ── .*\n.*──~ acl-\S+ answers in 57 % blocked/);
  });

  test('an open question names the permission, those that matter first', () => {
    const asked = renderText(FIXTURES.inconclusive, PLAIN);
    expect(asked).toMatch(/Not decided +ec2:DescribeNetworkAcls was denied; allowing it would decide/);
    expect(asked.indexOf('DescribeNetworkAcls')).toBeLessThan(asked.indexOf('DescribeDhcpOptions'));
  });

  test('a healthy report is short', () => {
    expect(renderText(FIXTURES.healthy, PLAIN).split('\n').length).toBeLessThan(20);
    expect(renderText(FIXTURES.healthy, PLAIN)).toContain('Nothing to do.');
  });

  test('25 targets fit on one screen, all of them named', () => {
    const many = renderText(FIXTURES['many-targets'], { ...PLAIN, width: 100 });
    expect(many.split('\n').length).toBeLessThan(40);
    for (const target of FIXTURES['many-targets'].targets) expect(many).toContain(target.id.split('.')[0]);
  });

  test('80 columns are the least', () => {
    expect(renderText(FIXTURES.healthy, { ...PLAIN, width: 10 })).toBe(renderText(FIXTURES.healthy, PLAIN));
  });
});

describe('properties', () => {
  const options = fc.record({ width: fc.integer({ min: 80, max: 160 }), verbose: fc.boolean(), unicode: fc.boolean() });

  test('no control, bidi or invisible character survives', () => {
    fc.assert(
      fc.property(reports, options, (report, rest) => {
        expect(renderText(report, { ...rest, color: false })).not.toMatch(UNSEEN);
      }),
    );
  });

  test('colour adds colour and nothing else', () => {
    fc.assert(
      fc.property(reports, options, (report, rest) => {
        // biome-ignore lint/suspicious/noControlCharactersInRegex: the escapes that styleText writes
        const bare = renderText(report, { ...rest, color: true }).replace(/\x1b\[\d+m/g, '');
        expect(bare).toBe(renderText(report, { ...rest, color: false }));
      }),
    );
  });

  test('a line wider than the terminal is one unbreakable word, or a command', () => {
    fc.assert(
      fc.property(reports, options, (report, rest) => {
        const commands = [
          ...report.causes.flatMap(({ fix }) =>
            [fix, ...(fix.alternatives ?? [])].flatMap((way) => [
              ...way.commands,
              ...way.undo,
              ...(way.terraform?.split('\n') ?? []),
            ]),
          ),
          ...report.fixPlan.undo,
        ];
        const shown = commands
          .map((command) => cleanCommand(command))
          .flatMap((command) => [command, toAscii(command)].map((text) => text.replace(/\s+/g, ' ')));
        for (const line of renderText(report, { ...rest, color: false }).split('\n')) {
          if (displayWidth(line) <= rest.width) continue;
          const content = line
            .trim()
            .replace(/^(Do|Or|As HCL) +/, '')
            .replace(/^Undo +/, '')
            .replace(/ \\$/, '')
            .replace(/\s+/g, ' ');
          const lone = /^.{0,42}?(?:^| )\S+$/u.test(line) && displayWidth(line.replace(/^.* /u, '')) > rest.width - 50;
          expect(lone || shown.some((command) => command.includes(content)), line).toBe(true);
        }
      }),
    );
  });

  test('no line ends in a space, and the text ends in one line break', () => {
    fc.assert(
      fc.property(reports, options, (report, rest) => {
        const text = renderText(report, { ...rest, color: false });
        expect(text).not.toMatch(/ \n/);
        expect(text).toMatch(/[^\n]\n$/);
      }),
    );
  });

  test('without unicode everything but the commands is ASCII', () => {
    fc.assert(
      fc.property(reports, (report) => {
        const wordsOf = <T extends object>(fix: T) => ({ ...fix, commands: [], undo: [] });
        const fixes = report.causes.map((cause) => ({
          ...cause,
          fix: { ...wordsOf(cause.fix), alternatives: cause.fix.alternatives?.map(wordsOf) },
        }));
        const quiet = { ...report, causes: fixes, fixPlan: { ...report.fixPlan, undo: [] } };
        const text = renderText(quiet, { ...PLAIN, verbose: true, unicode: false });
        expect(text).toMatch(/^[ -~\n]*$/);
      }),
    );
  });
});
