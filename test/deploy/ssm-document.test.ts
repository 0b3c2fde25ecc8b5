/** The Command document: its form, what its parameters let through, and what it does on a host in report mode. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CreateAssociationRequest$, CreateDocumentRequest$ } from '@aws-sdk/client-ssm';
import { Ajv2020 } from 'ajv/dist/2020.js';
import * as fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';
import { parse } from 'yaml';
import * as z from 'zod';
import { MODE_CALLS, policyOf } from '../../src/collect/mode-calls.ts';
import { LAB } from '../../src/lab/world.ts';
import type { Report } from '../../src/model/report.ts';
import { reportJsonSchema } from '../../src/report/schema.ts';
import { emptyFolder, run } from '../cli/support/run.ts';
import { runAgentScript } from '../remote/support/agent.ts';
import { type CommandDocument, fits, refusedParameter, scriptOf } from '../remote/support/command-document.ts';
import { startFakeS3 } from '../remote/support/fake-s3.ts';
import { HOSTS } from '../remote/support/hosts.ts';
import { misfits } from './support/aws-model.ts';
import { parseConfiguration } from './support/hcl.ts';

const read = (name: string) => readFileSync(new URL(`../../deploy/ssm/${name}`, import.meta.url), 'utf8');
const DOCUMENT = JSON.parse(read('vpce-doctor.json')) as CommandDocument;

/**
 * Strict, and of this document’s parts only, after
 * https://docs.aws.amazon.com/systems-manager/latest/userguide/documents-syntax-data-elements-parameters.html and
 * https://docs.aws.amazon.com/systems-manager/latest/userguide/documents-command-ssm-plugin-reference.html: AWS publishes no schema.
 */
const DocumentSchema = z.strictObject({
  schemaVersion: z.literal('2.2'),
  description: z.string().max(1024),
  parameters: z.record(
    z.string().regex(/^[A-Za-z0-9]+$/),
    z.strictObject({
      type: z.literal('String'),
      description: z.string(),
      allowedPattern: z.string().regex(/^\^.*\$$/),
      default: z.string().optional(),
      maxChars: z.int().positive().optional(),
    }),
  ),
  mainSteps: z.tuple([
    z.strictObject({
      action: z.literal('aws:runShellScript'),
      name: z.string().regex(/^[A-Za-z0-9_-]+$/),
      precondition: z.strictObject({ StringEquals: z.tuple([z.literal('platformType'), z.literal('Linux')]) }),
      inputs: z.strictObject({ timeoutSeconds: z.string(), runCommand: z.array(z.string()) }),
    }),
  ]),
});

describe('the document', () => {
  test('has the form of schema version 2.2, and fits CreateDocument', () => {
    expect(() => DocumentSchema.parse(DOCUMENT)).not.toThrow();
    const request = {
      Content: read('vpce-doctor.json'),
      Name: 'vpce-doctor',
      DocumentType: 'Command',
      DocumentFormat: 'JSON',
    };
    expect(misfits(CreateDocumentRequest$, { ...request, TargetType: '/AWS::EC2::Instance' })).toEqual([]);
    // https://docs.aws.amazon.com/systems-manager/latest/userguide/documents.html: 64 KB
    expect(Buffer.byteLength(read('vpce-doctor.json'))).toBeLessThan(64 * 1024);
  });

  test('uses every parameter that it has, and has every one that it uses', () => {
    const used = [...JSON.stringify(DOCUMENT.mainSteps).matchAll(/\{\{ (\w+) \}\}/g)].map(([, name]) => name);
    // Also in comments: CreateDocument refuses a name that is not declared (InvalidDocumentContent), and the agent would fill it in.
    expect([...new Set(used)].sort()).toEqual(Object.keys(DOCUMENT.parameters).sort());
  });

  test('each parameter is between single quotes, or a number', () => {
    for (const line of DOCUMENT.mainSteps[0]?.inputs.runCommand ?? [])
      for (const [use] of line.matchAll(/.?\{\{ \w+ \}\}.?/g)) if (!line.startsWith('#')) expect(use).toMatch(/^'.*'$/);
  });

  test('its defaults match their own patterns', () => {
    for (const [name, one] of Object.entries(DOCUMENT.parameters))
      if (one.default !== undefined) expect(fits(one, one.default), name).toBe(true);
  });

  test('its script is one that a POSIX shell understands', () => {
    expect(spawnSync('sh', ['-n'], { input: scriptOf(DOCUMENT, {}), encoding: 'utf8' })).toMatchObject({
      status: 0,
      stderr: '',
    });
  });
});

describe('what parameters let through', () => {
  const hostile = [
    "'; reboot; '",
    '$(reboot)',
    '`reboot`',
    'a\nreboot',
    'a"b',
    'a\\b',
    'a;b',
    'a|b',
    'a&b',
    'a>b',
    '*',
    '{{ Bucket }}',
    '-o /etc/passwd',
    'sts -o /etc/passwd',
    '--save=/etc/passwd',
    '--output',
    ' -o x',
    'sts  sts',
    '-',
    '--',
    'a\u0000b',
    'sts\r',
    '~root',
  ];

  test.each(Object.entries(DOCUMENT.parameters))('%s takes nothing that a shell would act on', (_, parameter) => {
    for (const text of hostile) expect(fits(parameter, text), text).toBe(false);
    const nasty = fc.string({ unit: fc.constantFrom(...`ab1.-/ :'"$\`\\;&|<>(){}*?!#~\n\t`), maxLength: 12 });
    fc.assert(
      fc.property(nasty, (text) => {
        // One line break at the end is what Java's `$` lets through; between quotes it does nothing.
        if (fits(parameter, text)) expect(text.replace(/\n$/, '')).not.toMatch(/['"$`\\;&|<>(){}*?!#~\n\t]/);
      }),
      { numRuns: 2_000 },
    );
  });

  test.each([
    ['Targets', 'secretsmanager sts.eu-west-1.amazonaws.com:443 vpce-0a1b https://example.com/x [2600::1]:443', true],
    ['Workloads', 'session-manager ecr-pull', true],
    ['Options', '--signed --timeout 1.5 --deadline 60 --region eu-west-1', true],
    ['Options', '--state /etc/shadow', false],
    ['Options', '--save /etc/cron.d/x', false],
    ['Options', '--error x', false],
    ['S3Endpoint', 'https://bucket.vpce-0a1b-c.s3.eu-west-1.vpce.amazonaws.com', true],
    ['ReportFolder', '../up', false],
    ['Answer', 'both', false],
  ])('%s = %s: %s', (name, value, taken) => {
    expect(fits(DOCUMENT.parameters[name] ?? { type: '' }, value)).toBe(taken);
  });

  test('what they take arrives as it was written', () => {
    const given = {
      Targets: 'sts [2600::1]:443 a/b',
      Options: '--signed --timeout 2',
      Workloads: 'ssm',
      Bucket: 'b-1.x',
    };
    const script = scriptOf(
      DOCUMENT,
      Object.fromEntries(Object.entries(given).map(([name, value]) => [name, [value]])),
    );
    const head = script.slice(0, script.indexOf('fail() {'));
    const { stdout } = spawnSync('sh', ['-s'], {
      input: `${head}\nprintf '%s\\n' "$targets" "$options" "$workloads" "$bucket"`,
      encoding: 'utf8',
    });
    expect(stdout.trim().split('\n')).toEqual(Object.values(given));
  });
});

describe('on a host', () => {
  const TOOL = fileURLToPath(new URL('../remote/support/lab-tool.ts', import.meta.url));
  const BINARY = `#!/bin/sh\nexec '${process.execPath}' '${TOOL}' "$@"\n`;
  const SUM = createHash('sha256').update(BINARY).digest('hex');
  const [, BAD = ''] = Object.keys(HOSTS);
  const valid = new Ajv2020({ strict: true, allErrors: true }).compile(reportJsonSchema('refused'));

  async function host(own: Record<string, string> = {}, env: Record<string, string> = {}, closed: string[] = []) {
    const s3 = await startFakeS3({ closed });
    onTestFinished(s3.stop);
    for (const name of ['x64', 'arm64']) s3.objects.set(`tools/vpce-doctor-linux-${name}`, Buffer.from(BINARY));
    const url = `http://127.0.0.1:${s3.port}`;
    const given = {
      Bucket: 'tools',
      Sha256X64: SUM,
      Sha256Arm64: SUM,
      Targets: LAB.secretsHost,
      S3Endpoint: url,
      ...own,
    };
    const parameters = Object.fromEntries(Object.entries(given).map(([name, value]) => [name, [value]]));
    expect(refusedParameter(DOCUMENT, parameters)).toBeUndefined();
    const home = emptyFolder();
    const ran = await runAgentScript(scriptOf(DOCUMENT, parameters), {
      AWS_SSM_INSTANCE_ID: BAD,
      AWS_SSM_REGION_NAME: 'eu-west-1',
      VPCE_DOCTOR_HOME: home,
      AWS_ENDPOINT_URL_S3: url,
      ...env,
    });
    return { ...ran, s3, home };
  }

  /** A folder with the tools that a host has, so that nothing else is found. */
  function tools(...names: string[]): string {
    const folder = emptyFolder();
    const usual = [
      'sh',
      'uname',
      'mkdir',
      'mktemp',
      'rm',
      'mv',
      'chmod',
      'cut',
      'sha256sum',
      'tr',
      'cat',
      'gzip',
      'base64',
    ];
    for (const name of [...usual, ...names]) {
      const { stdout } = spawnSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' });
      if (stdout.trim() === '') throw new Error(`${name} is not here: the tests of the document need it`);
      symlinkSync(stdout.trim(), join(folder, name));
    }
    return folder;
  }

  test('the report is on standard output, within the limit, and whole in the bucket', async () => {
    const { status, stdout, stderr, s3, home } = await host({ ReportBucket: 'reports', ReportFolder: 'a/b' });
    expect([status, stderr]).toEqual([0, '']);
    expect(Buffer.byteLength(stdout)).toBeLessThan(24_000);
    expect(stdout).toMatch(/^[^\n]+\n$/);
    const report = JSON.parse(stdout) as Report;
    expect(valid(report), JSON.stringify(valid.errors)).toBe(true);
    expect(report.causes[0]?.code).toBe('ca-bundle-missing');
    const [key = '', ...more] = [...s3.objects.keys()].filter((name) => name.startsWith('reports/'));
    expect(more).toEqual([]);
    expect(key).toMatch(/^reports\/a\/b\/i-[0-9a-z]+\/\d{8}T\d{6}Z\.json$/);
    const whole = JSON.parse(s3.objects.get(key)?.toString() ?? '') as Report;
    expect(valid(whole)).toBe(true);
    expect([whole.verdict, whole.causes]).toEqual([report.verdict, report.causes]);
    // Nothing is left but the binary.
    expect(readdirSync(home)).toEqual([SUM]);
  }, 30_000);

  test('a bucket that takes no report costs one line, not the report', async () => {
    const { status, stdout, stderr } = await host({ ReportBucket: 'forbidden' });
    expect(status).toBe(0);
    expect(stderr).toMatch(/^vpce-doctor: s3:\/\/forbidden\/.* cannot be written: S3 answered AccessDenied\.\n$/);
    expect((JSON.parse(stdout) as Report).verdict).not.toBe('healthy');
  }, 30_000);

  test('with wget where there is no curl', async () => {
    const { status, s3 } = await host({}, { PATH: tools('wget') });
    expect(status).toBe(0);
    expect(s3.actions).toEqual(['s3:GetObject unsigned']);
  }, 30_000);

  test('with the AWS CLI where the bucket wants a signature', async () => {
    const folder = tools('curl');
    // What the CLI is told to do, and what it would do.
    const cli = [
      '#!/bin/sh',
      `printf '%s\\n' "$*" >'${folder}/called'`,
      'for last; do :; done',
      `cp '${folder}/binary' "$last"`,
    ];
    writeFileSync(join(folder, 'aws'), `${cli.join('\n')}\n`);
    writeFileSync(join(folder, 'binary'), BINARY);
    chmodSync(join(folder, 'aws'), 0o755);
    symlinkSync('/bin/cp', join(folder, 'cp'));
    const { status } = await host({ Folder: 'v1' }, { PATH: folder }, ['tools']);
    expect(status).toBe(0);
    expect(readFileSync(join(folder, 'called'), 'utf8')).toMatch(
      /^s3api get-object --region eu-west-1 --endpoint-url http:\/\/127\.0\.0\.1:\d+ --bucket tools --key v1\/vpce-doctor-linux-\w+ \//,
    );
  }, 30_000);

  test('without anything to fetch with, and for another machine, one line each', async () => {
    const bare = await host({}, { PATH: tools() });
    expect([bare.status, bare.stdout]).toEqual([70, '']);
    expect(bare.stderr).toMatch(/^vpce-doctor: .* cannot be fetched: neither curl nor wget is here *\n$/);
    const folder = emptyFolder();
    mkdirSync(join(folder, 'bin'));
    writeFileSync(join(folder, 'bin/uname'), '#!/bin/sh\necho riscv64\n', { mode: 0o755 });
    const other = await host({}, { PATH: `${folder}/bin:${process.env['PATH'] ?? ''}` });
    expect([other.status, other.stderr]).toEqual([70, 'vpce-doctor: there is no binary for this machine (riscv64).\n']);
    const unsummed = await host({ Sha256X64: '', Sha256Arm64: '' });
    expect(unsummed.stderr).toMatch(/^vpce-doctor: this is a \w+ machine, and Sha256\w+ was not given\.\n$/);
  }, 30_000);
});

describe('the stacks', () => {
  type Template = {
    Resources: Record<string, { Type: string; Properties: Record<string, never> }>;
    Parameters: object;
  };
  const tag = (name: string) => ({ tag: `!${name}`, resolve: (text: string) => `<${name} ${text}>` });
  const template = parse(read('cloudformation.yaml'), { customTags: [tag('Ref'), tag('Sub')] }) as Template;
  const properties = (name: string) => template.Resources[name]?.Properties ?? {};
  const given = (name: string) => (properties(name) as Record<string, Record<string, string[]>>)['Parameters'] ?? {};

  /** What a stack knows, as its document's defaults. */
  const withDefaults = (defaults: Record<string, string>) => {
    const own = Object.entries(defaults).map(([name, value]) => [
      name,
      { ...DOCUMENT.parameters[name], default: value },
    ]);
    return { ...DOCUMENT, parameters: { ...DOCUMENT.parameters, ...Object.fromEntries(own) } };
  };

  test('the template holds the document, which knows where the stack has its binaries', () => {
    const content = (properties('Document') as Record<string, unknown>)['Content'];
    expect(content).toEqual(
      withDefaults({
        Bucket: '<Ref BinaryBucket>',
        Folder: '<Ref Folder>',
        Sha256X64: '<Ref Sha256X64>',
        Sha256Arm64: '<Ref Sha256Arm64>',
      }),
    );
    const folder = (template.Parameters as Record<string, { Default?: string }>)['Folder']?.Default ?? '';
    const sent = withDefaults({ Bucket: 'tools', Folder: folder, Sha256X64: '', Sha256Arm64: '' });
    expect(refusedParameter(sent, { Answer: ['evidence'] })).toBeUndefined();
    expect(refusedParameter(DOCUMENT, { Answer: ['evidence'] })).toBe('Bucket is required');
  });

  test('the configuration gives its document the same defaults as its association', () => {
    const blocks = parseConfiguration(read('main.tf'));
    const attribute = (type: string, name: string) =>
      blocks
        .find((block) => `${block.type} ${block.labels[0] ?? ''}`.trim() === type)
        ?.attributes.get(name)
        ?.replaceAll(' . ', '.') ?? '';
    const pairs = (text: string) =>
      Object.fromEntries([...text.matchAll(/(\w+)\s*=\s*([\w.]+)/g)].map(([, name, value]) => [name, value]));
    const { Workloads: _, ReportBucket: __, ...known } = pairs(attribute('resource aws_ssm_association', 'parameters'));
    expect(pairs(attribute('locals', 'defaults'))).toEqual(known);
    expect(Object.keys(known).sort()).toEqual(['Bucket', 'Folder', 'Sha256Arm64', 'Sha256X64']);
    expect(attribute('resource aws_ssm_document', 'content')).toContain('local.parameters');
  });

  test('its association fits CreateAssociation, and names parameters of the document', () => {
    expect(misfits(CreateAssociationRequest$, properties('Association'))).toEqual([]);
    for (const name of Object.keys(given('Association'))) expect(DOCUMENT.parameters).toHaveProperty(name);
  });

  test('the two stacks give the same parameters, and the host the permission of `iam-policy bucket` and no other', () => {
    const blocks = parseConfiguration(read('main.tf'));
    const block = (label: string) => blocks.find(({ labels }) => labels[0] === label);
    const association = block('aws_ssm_association')?.attributes.get('parameters') ?? '';
    const names = [...association.matchAll(/(\w+)\s*=/g)].map(([, name]) => name);
    expect(names.sort()).toEqual(Object.keys(given('Association')).sort());
    const actions = MODE_CALLS.bucket.map(({ action }) => action as string);
    const policy = (properties('HostPolicy') as Record<string, { Statement: { Action: string[] }[] }>)[
      'PolicyDocument'
    ];
    expect(policy?.Statement.flatMap(({ Action }) => Action)).toEqual(actions);
    expect(read('main.tf')).toContain(`actions   = ["${actions.join('", "')}"]`);
    expect(policyOf('bucket').Statement.flatMap(({ Action }) => Action)).toEqual(actions);
  });
});

describe('-o s3://…', () => {
  test.each([
    ['s3://reports', 'is no place in a bucket'],
    ['s3://UPPER/x', 'is no place in a bucket'],
  ])(
    '%s is told in one line',
    async (place, words) => {
      const ran = await run(['demo', '--format', 'json', '-o', place]);
      expect(ran.status).toBe(3);
      expect(ran.stderr).toContain(words);
    },
    20_000,
  );
});
