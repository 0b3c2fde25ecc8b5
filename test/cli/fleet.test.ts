/** `fleet` as users run it, on reports that the lab made. */
import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { Ajv2020 } from 'ajv/dist/2020.js';
import * as fc from 'fast-check';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { reportOf, type Templates, templates } from '../../bench/fleet-reports.ts';
import { fleetJsonSchema } from '../../src/fleet/schema.ts';
import { emptyFolder, finished, run, runProcess, startProcess } from './support/run.ts';

let made: Templates = [];
beforeAll(async () => {
  made = await templates();
}, 60_000);

/** Reports of hosts `from` to `to - 1`, one a line. */
const lines = (from: number, to: number) => Array.from({ length: to - from }, (_, n) => reportOf(made, from + n));
const healthy = (n: number) => reportOf(made, n, { kind: 0 });
const pretty = (line: string) => `${JSON.stringify(JSON.parse(line), null, 2)}\n`;
const ndjson = (all: readonly string[]) => `${all.join('\n')}\n`;

function fileWith(content: string | Uint8Array, name = 'reports.ndjson'): string {
  const file = join(emptyFolder(), name);
  writeFileSync(file, content);
  return file;
}

describe('as a user sees it', () => {
  test.each([
    ['fleet', []],
    ['fleet-html', ['--format', 'html']],
    ['fleet-json', ['--format', 'json', '--top', '2']],
  ])('%s', async (name, args) => {
    const all = Array.from({ length: 60 }, (_, n) => reportOf(made, n, { vpcs: 1 }));
    const ran = await run(['fleet', ...args], { stdin: ndjson([...all, 'not a report']) });
    const text = `$ vpce-doctor ${['fleet', ...args].join(' ')}\n${ran.stderr}${ran.stdout}[exit status ${ran.status}]\n`;
    await expect(text).toMatchFileSnapshot(`golden/${name}.txt`);
  });

  test('help', async () => {
    const { stdout } = await run(['fleet', '--help']);
    await expect(`$ vpce-doctor fleet --help\n${stdout}`).toMatchFileSnapshot('golden/help-fleet.txt');
  });

  test('the JSON fits its published schema', async () => {
    const { stdout } = await run(['fleet', '--format', 'json'], { stdin: ndjson(lines(0, 60)) });
    const valid = new Ajv2020({ strict: true, allErrors: true }).compile(fleetJsonSchema('refused'));
    expect(valid(JSON.parse(stdout)), JSON.stringify(valid.errors)).toBe(true);
  });

  test('-o writes the same, and colour is for terminals', async () => {
    const stdin = ndjson(lines(0, 20));
    const plain = await run(['fleet'], { stdin });
    const file = join(emptyFolder(), 'fleet.txt');
    expect(await run(['fleet', '-o', file], { stdin, columns: 90 })).toEqual({ status: 1, stdout: '', stderr: '' });
    expect(readFileSync(file, 'utf8')).toBe(plain.stdout);
    expect((await run(['fleet'], { stdin, columns: 90 })).stdout).toContain('\u001b[');
    expect((await run(['fleet', '--no-color'], { stdin, columns: 90 })).stdout).not.toContain('\u001b');
    expect((await run(['fleet'], { stdin, columns: 90, env: { NO_COLOR: '1' } })).stdout).not.toContain('\u001b');
  });

  test('--redact leaves no account', async () => {
    const { stdout } = await run(['fleet', '--redact', '--format', 'json'], { stdin: ndjson(lines(0, 20)) });
    expect(stdout).not.toMatch(/1111222233\d\d/);
    expect(stdout).toContain('"account-1"');
  });
});

describe('however the reports come', () => {
  test('one file, many files, folders, lines, packed: the same answer', async () => {
    const all = lines(0, 40);
    const folder = emptyFolder();
    for (const [n, line] of all.entries()) {
      const place = join(folder, `batch-${n % 3}`, `host-${n}`);
      mkdirSync(place, { recursive: true });
      // As Run Command puts it into a bucket, as the AWS CLI downloads it, as people pack it.
      if (n % 3 === 0) writeFileSync(join(place, 'stdout'), pretty(line));
      else if (n % 3 === 1) writeFileSync(join(place, 'report.json'), `\ufeff${line}`);
      else writeFileSync(join(place, 'report.json.gz'), gzipSync(pretty(line)));
      writeFileSync(join(place, 'stderr'), 'not read');
    }
    const expected = await run(['fleet', '--format', 'json'], { stdin: ndjson(all) });
    expect(expected).toMatchObject({ status: 1, stderr: '' });
    const ways: readonly (readonly [string[], string?])[] = [
      [[folder]],
      [[join(folder, 'batch-0'), join(folder, 'batch-1'), join(folder, 'batch-2')]],
      [[fileWith(ndjson(all))]],
      [[fileWith(all.map(pretty).join(''), 'reports.json')]],
      [[fileWith(JSON.stringify(all.map((line) => JSON.parse(line) as unknown)), 'list.json')]],
      [[fileWith(gzipSync(ndjson(all)), 'anything')]],
      [['-'], ndjson(all.toReversed())],
      [[fileWith(ndjson(all.slice(20))), '-'], all.slice(0, 20).map(pretty).join('')],
      [[fileWith(Buffer.from(`\ufeff${ndjson(all)}`, 'utf16le'))]],
    ];
    for (const [args, stdin] of ways)
      expect(await run(['fleet', '--format', 'json', ...args], { stdin })).toEqual(expected);
  });

  test('however they are split', async () => {
    const all = lines(0, 24);
    const expected = (await run(['fleet', '--format', 'json'], { stdin: ndjson(all) })).stdout;
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(4), { minLength: 24, maxLength: 24 }), async (places) => {
        const folder = emptyFolder();
        for (const place of new Set(places))
          writeFileSync(join(folder, `${place}.ndjson`), ndjson(all.filter((_, n) => places[n] === place)));
        expect((await run(['fleet', '--format', 'json', folder])).stdout).toBe(expected);
      }),
      { numRuns: 10 },
    );
  });

  test('a process reads its standard input, and a file that is larger than one portion', async () => {
    const all = ndjson(lines(0, 200));
    expect(all.length).toBeGreaterThan(4_000_000);
    const [piped, file] = [
      await runProcess(['fleet', '--format', 'json'], { stdin: all }),
      await runProcess(['fleet', '--format', 'json', fileWith(all)]),
    ];
    expect(piped).toMatchObject({ status: 1, stderr: '' });
    expect(file).toEqual(piped);
    expect(JSON.parse(piped.stdout)).toMatchObject({ hosts: { hosts: 200 } });
  });

  test('a case is diagnosed first', async () => {
    const file = join(emptyFolder(), 'case.json');
    const demo = await run([
      'demo',
      'endpoint-sg-blocks-client',
      '--timeout',
      '0.5',
      '--format',
      'json',
      '--save',
      file,
    ]);
    const [fromCase, fromReport] = [
      await run(['fleet', '--format', 'json', file]),
      await run(['fleet', '--format', 'json', fileWith(demo.stdout, 'report.json')]),
    ];
    expect(fromCase).toMatchObject({ status: 1, stderr: '' });
    expect(fromCase).toEqual(fromReport);
  });

  test('what get-command-invocation prints', async () => {
    const line = reportOf(made, 1);
    const wrapped = (text: string) =>
      JSON.stringify({ CommandId: 'c', Status: 'Success', StandardOutputContent: text });
    const expected = await run(['fleet', '--format', 'json'], { stdin: line });
    expect(await run(['fleet', '--format', 'json'], { stdin: wrapped(pretty(line)) })).toEqual(expected);
    const cut = await run(['fleet', '-'], {
      stdin: `${wrapped(pretty(line).slice(0, 24_000))}\n${wrapped('')}\n${line}\n`,
    });
    expect(cut.stderr).toBe(
      'vpce-doctor: standard input is cut off: Run Command keeps the first 24,000 characters of an output; take the whole report from the S3 bucket that the command writes to.\n' +
        'vpce-doctor: standard input, line 2, is a Run Command invocation without output (status Success).\n',
    );
    expect(cut.stdout).toContain('1 host in 1 report, 2 not read');
  });
});

describe('exit status', () => {
  const inconclusive = (n: number) => {
    const report = JSON.parse(healthy(n)) as object;
    return JSON.stringify({ ...report, verdict: 'inconclusive' });
  };
  test.each<[string, () => string, number]>([
    ['all healthy', () => ndjson([healthy(0), healthy(1)]), 0],
    ['one inconclusive', () => ndjson([healthy(0), inconclusive(1)]), 2],
    ['one blocked', () => ndjson([healthy(0), inconclusive(1), ...lines(2, 12)]), 1],
    ['all healthy but one that could not be read', () => ndjson([healthy(0), '{"schemaVersion":1,']), 2],
    ['nothing that could be read', () => '{"a":1}\n', 3],
  ])('%s', async (_, stdin, status) => {
    expect((await run(['fleet', '--quiet'], { stdin: stdin() })).status).toBe(status);
  });
});

describe('what is no report', () => {
  const changed = (change: object) => JSON.stringify({ ...(JSON.parse(healthy(0)) as object), ...change });
  test.each<[string, () => string, RegExp]>([
    [
      'another document',
      () => '{"Vpcs": []}',
      /is no report of vpce-doctor: make one with vpce-doctor --format json\.$/,
    ],
    [
      'a later schema',
      () => changed({ schemaVersion: 2 }),
      /has schemaVersion 2; this version of vpce-doctor reads 1\.$/,
    ],
    ['a field of another kind', () => changed({ verdict: 'fine' }), /is no report of this version: verdict: .+\.$/],
    [
      'a start that is no time',
      () => changed({ startedAt: 'yesterday' }),
      /is no report of this version: startedAt: no time\.$/,
    ],
    ['a case of another version', () => '{"kind":"vpce-doctor-case","schemaVersion":9}', /has schemaVersion 9;/],
    ['words', () => 'hello', /is not JSON\.$/],
    ['half a report', () => healthy(0).slice(0, 5_000), /is not complete JSON: it ends at line 1, column 5001\.$/],
    [
      'half a report in a string of Run Command',
      () => pretty(healthy(0)).slice(0, 24_000),
      /is cut off: Run Command keeps the first 24,000 characters/,
    ],
    ['nothing', () => '', /is empty\.$/],
    ['blanks', () => ' \n', /holds no report\.$/],
    [
      'half a packed one',
      () => gzipSync(healthy(0)).subarray(0, 500).toString('latin1'),
      /is cut off: it cannot be unpacked to its end\.$/,
    ],
    ['a damaged packed one', () => `\u001f\u008bxxxxxxxxxxxxxxx`, /is damaged: it cannot be unpacked\.$/],
  ])('%s is told in one line, and the rest is read', async (_, content, reason) => {
    const file = fileWith(Buffer.from(content(), content().startsWith('\u001f') ? 'latin1' : 'utf8'), 'odd.json');
    const { status, stdout, stderr } = await run(['fleet', file, fileWith(healthy(1))]);
    expect(stderr).toMatch(/^vpce-doctor: [^\n]+\n$/);
    expect(stderr.trim()).toMatch(reason);
    expect(stderr).toContain(file);
    expect(stdout).toContain('1 host in 1 report, 1 not read');
    expect(status).toBe(2);
  });

  test('its own output is told apart', async () => {
    const { stdout: stdin } = await run(['fleet', '--format', 'json'], { stdin: healthy(0) });
    expect(await run(['fleet'], { stdin })).toEqual({
      status: 3,
      stdout: '',
      stderr:
        'vpce-doctor: standard input is what fleet itself printed, not the report of a host.\nvpce-doctor: No report could be read.\n',
    });
  });

  test('a file that is not there, and a folder without any', async () => {
    const folder = emptyFolder();
    const { stderr } = await run(['fleet', 'not-there', folder, fileWith(healthy(1))]);
    expect(stderr).toBe(
      `vpce-doctor: not-there does not exist.\nvpce-doctor: ${folder} holds no .json or .ndjson file.\n`,
    );
  });

  test('--quiet keeps it off the terminal, and counts it', async () => {
    const { stdout, stderr } = await run(['fleet', '--quiet'], { stdin: ndjson(['{"a":1}', healthy(1)]) });
    expect(stderr).toBe('');
    expect(stdout).toMatch(/Not read +standard input is no report of vpce-doctor/);
  });

  test('names from outside move no terminal', async () => {
    const { stdout, stderr } = await run(['fleet'], {
      stdin: ndjson([changed({ verdict: '\u001b[2J', '\u001b[2J': 1 }), healthy(1)]),
    });
    expect(stdout + stderr).not.toMatch(/[^\P{Cc}\n]/u);
  });
});

describe('a refused command line', () => {
  test.each<[string, string[], RegExp]>([
    ['markdown', ['--format', 'markdown'], /--format is "markdown": give one of text, json, html/],
    ['no rows', ['--top', '0'], /--top is "0": give a whole number from 1 to 1000000/],
    ['half a row', ['--top', '1.5'], /--top is "1\.5"/],
    ['a folder to write to', ['-o', '.'], /-o \. is a folder/],
    ['an option of a run', ['--region', 'eu-west-1'], /unknown option '--region'/],
  ])('%s', async (_, args, line) => {
    const { status, stdout, stderr } = await run(['fleet', ...args], { stdin: healthy(0) });
    expect(stderr).toMatch(line);
    expect(stderr).toMatch(/^vpce-doctor: [^\n]+\n$/);
    expect([status, stdout]).toEqual([3, '']);
  });
});

describe('a pipe that is given by name', () => {
  function pipe(): string {
    const path = join(emptyFolder(), 'pipe');
    execFileSync('mkfifo', [path]);
    return path;
  }

  test('is waited for, however slow its writer', async () => {
    const path = pipe();
    const ran = runProcess(['fleet', '--format', 'json', path]);
    const writer = spawn('sh', [
      '-c',
      'sleep 1; exec >"$0"; cat "$1"; sleep 0.5; cat "$2"',
      path,
      fileWith(`${healthy(0)}\n`),
      fileWith(healthy(1)),
    ]);
    const { status, stdout, stderr } = await ran;
    writer.kill();
    expect([status, stderr]).toEqual([0, '']);
    expect(JSON.parse(stdout)).toMatchObject({ hosts: { hosts: 2 } });
  });

  test.each([
    ['nobody opens', ''],
    ['somebody opens and leaves silent', 'exec 3>"$0"; sleep 60'],
  ])(
    'and that %s: SIGTERM ends with what was read',
    async (_, writes) => {
      const path = pipe();
      const writer = spawn('sh', ['-c', writes, path], { detached: true });
      // Its first file is told of on standard error, so that it is at the pipe soon after.
      const child = startProcess(['fleet', fileWith(healthy(0)), fileWith('not a report'), path]);
      const ran = finished(child);
      onTestFinished(() => {
        child.kill('SIGKILL');
        // With what it has started; one that writes nothing is gone already.
        if (writes !== '' && writer.pid !== undefined) process.kill(-writer.pid);
      });
      await new Promise((resolve) => child.stderr.once('data', resolve));
      await new Promise((resolve) => setTimeout(resolve, 500));
      child.kill('SIGTERM');
      const { status, stdout, stderr } = await ran;
      expect(stderr).toContain('Interrupted: 1 reports were read by then.');
      expect(stdout).toContain('interrupted: not all was read');
      expect(status).toBe(2);
    },
    20_000,
  );
});

test('Ctrl-C on a silent pipe ends with what was read', async () => {
  const child = startProcess(['fleet'], { stdinOpen: true });
  const ran = finished(child);
  child.stdin.write(`${healthy(0)}\n${healthy(1)}\n`);
  child.stdin.write('not a report\n{');
  // The line on standard error says that all before it was read.
  await new Promise((resolve) => child.stderr.once('data', resolve));
  child.kill('SIGINT');
  const { status, stdout, stderr } = await ran;
  expect(stderr).toContain('Interrupted: 2 reports were read by then.');
  expect(stdout).toContain('interrupted: not all was read');
  expect(status).toBe(2);
});
