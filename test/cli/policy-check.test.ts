/** `vpce-doctor policy-check` as a user runs it. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { emptyFolder, finished, type Ran, run, runProcess, startProcess } from './support/run.ts';

const allow = { Effect: 'Allow', Action: '*', Resource: '*' };
const doc = (...Statement: object[]) => JSON.stringify({ Version: '2012-10-17', Statement });

const BUCKET_POLICY = {
  Sid: 'OnlyThroughTheEndpoint',
  Effect: 'Deny',
  Principal: '*',
  Action: 's3:*',
  Resource: ['arn:aws:s3:::logs', 'arn:aws:s3:::logs/*'],
  Condition: { StringNotEquals: { 'aws:SourceVpce': 'vpce-0bb' } },
};

/** Files for the tests: a list of endpoints as the AWS CLI prints it, a bucket's policy, a caller's. */
const FILES: Readonly<Record<string, string>> = {
  'endpoints.json': JSON.stringify({
    VpcEndpoints: [
      {
        VpcEndpointId: 'vpce-0aa',
        VpcEndpointType: 'Gateway',
        VpcId: 'vpc-1',
        ServiceName: 'com.amazonaws.eu-west-1.s3',
        PolicyDocument: doc(
          { Sid: 'Ours', ...allow, Principal: '*', Condition: { StringEquals: { 'aws:ResourceOrgID': 'o-1' } } },
          { ...allow, Principal: { AWS: '111122223333' } },
        ),
      },
      {
        VpcEndpointId: 'vpce-0bb',
        VpcEndpointType: 'Interface',
        VpcId: 'vpc-1',
        PolicyDocument: doc({ ...allow, Principal: '*' }),
      },
    ],
  }),
  'bucket.json': JSON.stringify({ Policy: doc(BUCKET_POLICY) }),
  'role.json': doc(allow),
  'denies.json': doc({ Effect: 'Deny', Action: 's3:*', Resource: '*' }),
  'endpoint.json': doc({ ...allow, Principal: '*' }),
  'broken.json': '{"Version": "2012-10-17", "Statement": [',
  'misspelt.json': doc({ ...allow, Principal: '*', Efect: 'Allow' }),
};

const ASK = ['--action', 's3:GetObject', '--resource', 'arn:aws:s3:::logs/2026/a'];
const ROLE = ['--principal', 'arn:aws:sts::111122223333:assumed-role/app/i-0c1'];
const OURS = ['--context', 'aws:ResourceAccount=111122223333', '--context', 'aws:ResourceOrgID=o-1'];

/** Runs in a folder with the files, so that their names in an output are everybody's. */
async function check(args: readonly string[], stdin?: string): Promise<Ran> {
  const folder = emptyFolder();
  for (const [name, content] of Object.entries(FILES)) writeFileSync(join(folder, name), content);
  const before = process.cwd();
  process.chdir(folder);
  onTestFinished(() => process.chdir(before));
  return run(['policy-check', ...args], { stdin });
}

const GOLDEN: readonly (readonly [string, readonly string[]])[] = [
  [
    'denied-by-the-bucket',
    [
      '--endpoint-policy',
      'endpoints.json#vpce-0aa',
      '--resource-policy',
      'bucket.json',
      '--identity-policy',
      'role.json',
      ...ASK,
      ...ROLE,
      ...OURS,
    ],
  ],
  [
    'allowed',
    [
      '--endpoint-policy',
      'endpoints.json#vpce-0bb',
      '--resource-policy',
      'bucket.json',
      '--identity-policy',
      'role.json',
      ...ASK,
      ...ROLE,
      ...OURS,
    ],
  ],
  ['cannot-tell', ['--endpoint-policy', 'endpoints.json#vpce-0aa', ...ASK, ...ROLE]],
  [
    'denied.json',
    [
      '--endpoint-policy',
      'endpoints.json#vpce-0aa',
      ...ASK,
      ...ROLE,
      '--absent',
      'aws:ResourceOrgID',
      '--format',
      'json',
    ],
  ],
];

describe('as a user sees it', () => {
  test.each(GOLDEN)('%s', async (name, args) => {
    const { status, stdout, stderr } = await check(args);
    const text = `$ vpce-doctor policy-check ${args.join(' ')}\n${stderr}${stdout}[exit status ${status}]\n`;
    await expect(text).toMatchFileSnapshot(`golden/policy-check-${name}.txt`);
  });

  test('help', async () => {
    const { stdout, status } = await run(['policy-check', '--help']);
    expect(status).toBe(0);
    await expect(stdout).toMatchFileSnapshot('golden/help-policy-check.txt');
  });
});

describe('the exit status', () => {
  test.each([
    [0, 'allowed', ['--endpoint-policy', 'endpoint.json', ...ASK]],
    [
      1,
      'denied',
      ['--endpoint-policy', 'endpoints.json#vpce-0aa', ...ASK, ...ROLE, '--context', 'aws:ResourceOrgID=o-2'],
    ],
    [2, 'unknown', ['--endpoint-policy', 'endpoints.json#vpce-0aa', ...ASK, ...ROLE]],
  ] as const)('%i is %s', async (status, decision, args) => {
    const ran = await check([...args, '--format', 'json']);
    expect(ran).toMatchObject({ status, stderr: '' });
    expect(JSON.parse(ran.stdout)).toMatchObject({ decision, decidedBy: 'endpoint' });
  });

  test.each([
    [['--endpoint-policy', 'endpoint.json', '--resource', '*'], '--action'],
    [['--endpoint-policy', 'endpoint.json', '--action', 's3:GetObject'], '--resource'],
    [[...ASK], 'at least one policy'],
    [['--endpoint-policy', 'nowhere.json', ...ASK], 'nowhere.json does not exist'],
    [['--endpoint-policy', '.', ...ASK], '. is a folder'],
    [['--endpoint-policy', 'endpoints.json', ...ASK], 'choose one with FILE#ID from vpce-0aa, vpce-0bb'],
    [['--endpoint-policy', 'endpoints.json#vpce-0cc', ...ASK], 'has no vpce-0cc'],
    [['--resource-policy', 'broken.json', ...ASK], 'broken.json is not complete JSON'],
    [['--resource-policy', 'misspelt.json', ...ASK], 'Statement 1 has "Efect"'],
    [['--identity-policy', 'bucket.json', ...ASK], 'an identity policy has no Principal'],
    [['--identity-policy', 'role.json', ...ASK, '--principal', '*'], 'has none'],
    [['--identity-policy', 'role.json', ...ASK, '--principal', '111122223333'], 'has none'],
    [['--identity-policy', 'role.json', '--gateway', ...ASK], '--gateway'],
    [['--identity-policy', 'role.json', '--action', 's3:Get*', '--resource', '*'], 'one action'],
    [['--identity-policy', 'role.json', '--action', 's3:GetObject', '--resource', 'logs'], 'give an ARN'],
    [['--identity-policy', 'role.json', ...ASK, '--principal', 'bob'], 'is no principal'],
    [['--identity-policy', 'role.json', ...ASK, '--context', 'aws:username'], 'KEY=VALUE'],
    [['--identity-policy', 'role.json', ...ASK, '--context', 'username=bob'], 'KEY=VALUE'],
    [
      ['--identity-policy', 'role.json', ...ASK, '--absent', 'aws:username=bob', '--context', 'aws:username=bob'],
      '--absent',
    ],
    [
      ['--identity-policy', 'role.json', ...ASK, '--absent', 'AWS:username', '--context', 'aws:username=bob'],
      'both name',
    ],
    [['--identity-policy', 'role.json', ...ASK, '--format', 'html'], 'text or json'],
    [['--identity-policy', '-', '--resource-policy', '-', ...ASK], 'holds one policy'],
    [['--identity-policy', '-', ...ASK], 'standard input is empty'],
    [['--identity-policy', 'role.json', ...ASK, 'more'], 'too many arguments'],
  ] as const)('3 with one line for %j', async (args, words) => {
    const ran = await check(args);
    expect(ran).toMatchObject({ status: 3, stdout: '' });
    expect(ran.stderr).toContain(words);
    expect(ran.stderr).toMatch(/^vpce-doctor: [^\n]+\n$/);
  });
});

describe('the sentence', () => {
  const sentence = async (args: readonly string[]) => (await check(args)).stdout.replace(/\s+/g, ' ');

  test('names every denial, with its policy', async () => {
    const args = [
      '--endpoint-policy',
      'endpoint.json',
      '--resource-policy',
      'bucket.json',
      '--identity-policy',
      'denies.json',
    ];
    expect(await sentence([...args, ...ASK, '--absent', 'aws:SourceVpce'])).toContain(
      'Denied by statement 1 (OnlyThroughTheEndpoint) of the resource’s policy and statement 1 of the caller’s own policies.',
    );
  });

  test('names the file where a caller has several', async () => {
    const args = ['--identity-policy', 'role.json', '--identity-policy', 'denies.json'];
    expect(await sentence([...args, ...ASK])).toContain(
      'Denied by statement 1 of the caller’s own policies (denies.json).',
    );
  });

  test('says that no statement allows', async () => {
    const args = ['--endpoint-policy', 'endpoints.json#vpce-0aa', '--absent', 'aws:ResourceOrgID', ...ROLE];
    expect(await sentence([...args, ...ASK])).toContain('No statement of the endpoint’s policy allows it.');
  });
});

describe('what is given', () => {
  const decision = async (args: readonly string[], stdin?: string) =>
    JSON.parse((await check([...args, '--format', 'json'], stdin)).stdout) as {
      decision: string;
      missingContext: string[];
    };
  const tags = doc({ ...allow, Condition: { 'ForAllValues:StringEquals': { 'aws:TagKeys': ['a', 'b'] } } });

  test('is read from standard input, also a list of endpoints', async () => {
    expect((await decision(['--identity-policy', '-', ...ASK], FILES['role.json'])).decision).toBe('allowed');
    const list = await decision(['--endpoint-policy', '-#vpce-0bb', ...ASK], FILES['endpoints.json']);
    expect(list.decision).toBe('allowed');
  });

  test('is several values when a key is repeated', async () => {
    const args = ['--identity-policy', '-', ...ASK, '--context', 'aws:TagKeys=a'];
    expect((await decision([...args, '--context', 'AWS:tagkeys=b'], tags)).decision).toBe('allowed');
    expect((await decision([...args, '--context', 'aws:TagKeys=c'], tags)).decision).toBe('denied');
  });

  test('names who asks by his ARN, and tells the path of a session’s role', async () => {
    const policy = doc({ ...allow, Principal: { AWS: 'arn:aws:iam::111122223333:role/team/app' } });
    const args = ['--endpoint-policy', '-', ...ASK];
    const arn = ['--context', 'aws:PrincipalArn=arn:aws:iam::111122223333:role/team/app'];
    expect(await decision(args, policy)).toMatchObject({ decision: 'unknown', missingContext: ['principal'] });
    expect((await decision([...args, ...ROLE], policy)).decision).toBe('unknown');
    expect((await decision([...args, ...arn], policy)).decision).toBe('allowed');
    expect((await decision([...args, ...ROLE, ...arn], policy)).decision).toBe('allowed');
  });

  test('wins over what follows from the request', async () => {
    const policy = doc({ ...allow, Principal: '*', Condition: { StringEquals: { 'aws:SourceVpce': 'vpce-9' } } });
    const args = ['--endpoint-policy', '-', ...ASK];
    expect(await decision(args, policy)).toMatchObject({ decision: 'unknown', missingContext: ['aws:SourceVpce'] });
    expect((await decision([...args, '--context', 'aws:sourcevpce=vpce-9'], policy)).decision).toBe('allowed');
    expect((await decision([...args, '--absent', 'aws:SourceVpce'], policy)).decision).toBe('denied');
  });

  test('is printed without what could move a reader’s cursor', async () => {
    const policy = doc({ ...allow, Sid: '\u001b[2J\u202e', Principal: '*' });
    const { stdout } = await check(['--endpoint-policy', '-', ...ASK], policy);
    for (const character of ['\u001b', '\u202e']) expect(stdout).not.toContain(character);
  });
});

describe('the command as a process', () => {
  test('reads its standard input', async () => {
    const child = startProcess(['policy-check', '--identity-policy', '-', ...ASK], { stdin: FILES['role.json'] });
    expect(await finished(child)).toMatchObject({ status: 0, stderr: '' });
    const empty = await runProcess(['policy-check', '--identity-policy', '-', ...ASK]);
    expect(empty).toMatchObject({ status: 3, stderr: 'vpce-doctor: --identity-policy: standard input is empty.\n' });
  });
});
