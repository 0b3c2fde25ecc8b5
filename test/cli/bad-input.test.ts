/** What the user got wrong is one line on standard error that says what and how to do better, and exit status 3. */
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { healthyWorld } from '../../src/lab/world.ts';
import { emptyFolder, run, runProcess } from './support/run.ts';
import { stateFolder } from './support/state-folder.ts';

describe('a refused command line', () => {
  test.each<[string, string[], RegExp]>([
    ['a target that is nothing', ['no/such'], /"no\/such" is no service that we know/],
    ['a target almost right', ['secretmanager'], /"secretmanager" .*did you mean secretsmanager\?/],
    ['a workload almost right', ['--workload', 'ecr-pul'], /"ecr-pul" is no workload; did you mean ecr-pull\?/],
    [
      'an error text without a target',
      ['--error', 'something went wrong'],
      /--error names no host, address or service/,
    ],
    [
      'help about what is no command',
      ['help', 'nothing-like-it'],
      /"nothing-like-it" is no command\. Try vpce-doctor --help\./,
    ],
    ['help about a command almost right', ['help', 'prob'], /"prob" is no command; did you mean probe\?/],
    ['a command almost right', ['diagnos', 's3'], /"diagnos" .*did you mean the command diagnose\?/],
    ['a case file where targets belong', ['case.json'], /looks like a case file: replay it with vpce-doctor diagnose/],
    ['an unknown option', ['--bogus'], /unknown option '--bogus'\. Try vpce-doctor --help\./],
    ['an unknown option of fleet', ['fleet', '--bogus'], /unknown option '--bogus'\. Try vpce-doctor fleet --help\./],
    ['an option almost right', ['--formt', 'json'], /unknown option '--formt' \(Did you mean --format\?\)/],
    ['an unknown option of a command', ['probe', '--no-api'], /unknown option '--no-api'/],
    ['an option without its value', ['--region'], /'--region <region>' argument missing/],
    ['another command’s option before it', ['--no-api', 'explain'], /'--no-api' does not belong to 'explain'/],
    ['too many arguments', ['explain', 'a', 'b'], /too many arguments for 'explain'/],
    ['a format that is none', ['--format', 'xml', 's3'], /--format is "xml": give one of text, json, markdown, html/],
    ['a Region that is none', ['--region', 'mars', 's3'], /--region is "mars", which is no Region name/],
    ['a time that is none', ['--timeout', 'soon', 's3'], /--timeout is "soon": give seconds/],
    ['no time at all', ['--deadline', '0', 's3'], /--deadline is "0": give seconds/],
    ['more than an hour', ['--deadline', '3601', 's3'], /--deadline is "3601": give seconds/],
    ['no probe in flight', ['--concurrency', '0', 's3'], /--concurrency is "0": give a whole number/],
    ['half a connection', ['--repeat', '1.5', 's3'], /--repeat is "1\.5": give a whole number/],
    [
      'an unknown code to explain',
      ['explain', 'endpoint-mising'],
      /"endpoint-mising"; did you mean endpoint-missing\?/,
    ],
    ['an unknown code to show', ['demo', 'nonsense'], /There is no cause "nonsense".*explain lists them all/],
    ['a second code that is unknown', ['demo', 'endpoint-missing', 'nonsense'], /There is no cause "nonsense"/],
    ['a client that is none', ['--from', 'nothing', 's3'], /--from nothing: .*network interface id/],
    ['a client that nothing can know', ['probe', '--from', 'eni-1', 's3'], /--from eni-1: .*are not known/],
    ['a VPC that is none', ['collect', '--vpc', 'eu-west-1'], /--vpc is "eu-west-1", which is no VPC id/],
    ['a time that is none, to collect', ['collect', '--deadline', 'x'], /--deadline is "x": give seconds/],
    ['nothing to diagnose', ['diagnose', 's3'], /nothing to diagnose: give state with --state/],
    ['a state file that is not there', ['diagnose', '--state', 'not-there', 's3'], /--state: not-there does not exist/],
    ['a case file that is not there', ['diagnose', 'not-there.json'], /not-there\.json cannot be read/],
    ['one file for two things', ['--save', 'x', '-o', 'x', 's3'], /-o and --save name the same file, x/],
  ])('%s', async (_, args, line) => {
    const { status, stdout, stderr } = await run(args);
    expect(stderr).toMatch(line);
    expect(stderr).toMatch(/^vpce-doctor: [^\n]+\n$/);
    expect([status, stdout]).toEqual([3, '']);
  });

  test('the process ends with the same status', async () => {
    const ran = await runProcess(['explain', 'nonsense']);
    expect(ran).toEqual({
      status: 3,
      stdout: '',
      stderr: 'vpce-doctor: There is no cause "nonsense" (vpce-doctor explain lists them all)\n',
    });
  });

  test('a name cannot break the line or move the cursor', async () => {
    const { stderr } = await run(['explain', 'a\nb\u001b[2J']);
    expect(stderr).toMatch(/^[^\p{C}]+\n$/u);
  });

  test('a guard that cannot be read stops everything', async () => {
    const { status, stderr } = await runProcess(['probe', 's3'], { env: { VPCE_DOCTOR_ONLY: '10.0.0.0' } });
    expect(stderr).toBe('vpce-doctor: VPCE_DOCTOR_ONLY holds "10.0.0.0", which is no CIDR block.\n');
    expect(status).toBe(3);
  });
});

describe('a file that cannot be used', () => {
  const files: [string, string | Uint8Array, RegExp][] = [
    ['not JSON', 'hello', /is not JSON at line 1, column 1/],
    ['cut off', '{"Vpcs": [', /is not complete JSON: it ends at line 1, column 11/],
    ['empty', '', /is empty/],
    ['a table', '-----\n|Vpcs|\n-----\n', /is not JSON.*--output json/],
  ];
  test.each(files)('state that is %s is named with the reason', async (_, content, reason) => {
    const file = join(emptyFolder(), 'vpcs.json');
    writeFileSync(file, content);
    const { status, stdout, stderr } = await run(['diagnose', '--state', file, 's3']);
    expect(stderr).toContain(file);
    expect(stderr).toMatch(reason);
    expect(stderr.split('\n')).toHaveLength(2);
    expect([status, stdout]).toEqual([3, '']);
  });

  test('one bad file in a folder is named', async () => {
    const folder = stateFolder(healthyWorld());
    writeFileSync(join(folder, 'bad.json'), 'hello');
    const { status, stderr } = await run(['diagnose', '--state', folder, '--from', 'eni-c0000001', 's3']);
    expect(stderr).toContain(`${join(folder, 'bad.json')} is not JSON at line 1, column 1.`);
    expect(status).toBe(3);
  });

  test('a folder without any', async () => {
    const folder = emptyFolder();
    expect(await run(['diagnose', '--state', folder, 's3'])).toMatchObject({
      status: 3,
      stderr: `vpce-doctor: --state: ${folder} holds no .json file.\n`,
    });
  });

  test('one that nobody may read', async () => {
    const file = join(emptyFolder(), 'vpcs.json');
    writeFileSync(file, '{}');
    chmodSync(file, 0o000);
    // Root may read anything, unless it gives that capability away.
    const node =
      process.getuid?.() === 0 ? ['setpriv', '--bounding-set=-dac_override,-dac_read_search', process.execPath] : [];
    const ran = await runProcess(['diagnose', '--state', file, 's3'], { node });
    expect(ran).toMatchObject({ status: 3, stderr: `vpce-doctor: --state: ${file} cannot be read (EACCES).\n` });
  });

  test('a case file that is none', async () => {
    const file = join(emptyFolder(), 'case.json');
    writeFileSync(file, '{"kind": "something"}');
    expect(await run(['diagnose', file])).toMatchObject({
      status: 3,
      stderr: `vpce-doctor: ${file} is no case file: its "kind" is not "vpce-doctor-case".\n`,
    });
  });

  test('state where a case was expected, and the other way of giving it', async () => {
    const folder = stateFolder(healthyWorld());
    const file = join(folder, 'out-1.json');
    const asCase = await run(['diagnose', file]);
    expect(asCase).toMatchObject({ status: 3, stdout: '' });
    expect(asCase.stderr).toContain(`give it with --state ${file}`);
    const asFolder = await run(['diagnose', `${folder}/`]);
    expect(asFolder).toMatchObject({ status: 3, stdout: '' });
    expect(asFolder.stderr).toContain(`is a folder: give state with --state ${folder}`);
  });
});

describe('a file that cannot be written', () => {
  test.each([
    ['-o', ['demo']],
    ['--save', ['demo']],
    ['-o', ['probe', 's3']],
    ['-o', ['collect']],
  ])('%s of %s: said before anything is done', async (option, command) => {
    const folder = emptyFolder();
    const file = join(folder, 'no', 'report');
    const asked: string[] = [];
    const refused = await run([...command, option, file], { onStderr: (text) => asked.push(text) });
    expect(refused).toMatchObject({ status: 3, stdout: '' });
    // Progress would be on standard error as well: nothing ran.
    expect(asked).toEqual([
      `vpce-doctor: ${option} ${file} cannot be written: there is no folder ${join(folder, 'no')}.\n`,
    ]);
    mkdirSync(file, { recursive: true });
    expect(await run([...command, option, file])).toMatchObject({
      status: 3,
      stderr: `vpce-doctor: ${option} ${file} is a folder: give a file.\n`,
    });
  });
});
