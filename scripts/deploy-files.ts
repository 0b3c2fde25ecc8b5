/** The files under deploy/ that are made from declarations: the Command document, the template that holds it, and every policy. */
import { readFileSync } from 'node:fs';
import { DOCUMENT_NAME, type PolicyMode, policyOf, STEP_NAME } from '../src/collect/mode-calls.ts';

const DEPLOY = new URL('../deploy/', import.meta.url);

/** A word of a list: it can neither start an option nor end a quote. */
const WORD = '[A-Za-z0-9\\[][A-Za-z0-9.:/_\\[\\]-]*';
const words = (word: string) => `^(?:${word}(?: ${word})*)?$`;
const SHA256 = '^(?:[0-9a-f]{64})?$';
const BUCKET = '[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]';
/** Folders of a key: no leading or trailing slash. */
const FOLDER = '^(?:[A-Za-z0-9][A-Za-z0-9._-]*(?:/[A-Za-z0-9][A-Za-z0-9._-]*)*)?$';

/** Options that change what is asked and how long is waited, and none that names a file. */
const OPTIONS = [
  '--signed',
  '--redact',
  '--no-api',
  '--region [a-z0-9-]{1,30}',
  '--(?:timeout|deadline) [0-9]{1,4}(?:\\.[0-9]{1,3})?',
  '--(?:repeat|concurrency) [0-9]{1,4}',
].join('|');

type Parameter = {
  readonly description: string;
  readonly allowedPattern: string;
  readonly default?: string;
  readonly maxChars?: number;
};

const PARAMETERS = {
  Bucket: {
    description:
      'The bucket that holds the binaries. In the Region of the hosts: a gateway endpoint leads to no other.',
    allowedPattern: `^${BUCKET}$`,
  },
  Folder: {
    description: 'The folder in that bucket, like vpce-doctor/0.1.0.',
    allowedPattern: FOLDER,
    default: '',
    maxChars: 200,
  },
  Sha256X64: {
    description: 'The SHA-256 of vpce-doctor-linux-x64, as SHA256SUMS has it. Needed for x86_64 hosts.',
    allowedPattern: SHA256,
    default: '',
  },
  Sha256Arm64: {
    description: 'The SHA-256 of vpce-doctor-linux-arm64. Needed for arm64 hosts.',
    allowedPattern: SHA256,
    default: '',
  },
  Targets: {
    description:
      'What to reach, between spaces: services, vpce-… ids, host[:port], URLs. None: every endpoint of the VPC.',
    allowedPattern: words(WORD),
    default: '',
    maxChars: 2000,
  },
  Workloads: {
    description: 'Workloads, between spaces: session-manager ecr-pull …',
    allowedPattern: words('[a-z0-9][a-z0-9-]*'),
    default: '',
    maxChars: 200,
  },
  Options: {
    description:
      'More options: --signed, --redact, --no-api, --region, --timeout, --deadline, --repeat, --concurrency.',
    allowedPattern: words(`(?:${OPTIONS})`),
    default: '',
    maxChars: 300,
  },
  Answer: {
    description:
      'report: the JSON report. evidence: what `vpce-doctor remote` diagnoses where its user sits; asks no AWS API.',
    allowedPattern: '^(?:report|evidence)$',
    default: 'report',
  },
  ReportBucket: {
    description: 'A bucket for the whole report, written with the host’s own role; none: standard output only.',
    allowedPattern: `^(?:${BUCKET})?$`,
    default: '',
  },
  ReportFolder: {
    description: 'The folder in that bucket.',
    allowedPattern: FOLDER,
    default: 'vpce-doctor-reports',
    maxChars: 200,
  },
  BucketRegion: {
    description: 'The Region of Bucket; the host’s own when empty.',
    allowedPattern: '^(?:[a-z]{2,4}(?:-[a-z]+)+-[0-9])?$',
    default: '',
  },
  S3Endpoint: {
    description: 'Another address of S3, such as https://bucket.vpce-….s3.eu-west-1.vpce.amazonaws.com.',
    allowedPattern: '^(?:https?://[A-Za-z0-9.-]+(?::[0-9]{1,5})?)?$',
    default: '',
    maxChars: 200,
  },
  ExecutionTimeout: {
    description: 'Seconds until the agent ends the run.',
    allowedPattern: '^[1-9][0-9]{1,3}$',
    default: '300',
  },
} as const satisfies Record<string, Parameter>;

/**
 * The Command document. https://docs.aws.amazon.com/systems-manager/latest/userguide/documents-schemas-features.html and
 * https://docs.aws.amazon.com/systems-manager/latest/userguide/documents-syntax-data-elements-parameters.html
 */
export function commandDocument() {
  const script = readFileSync(new URL('ssm/run.sh', DEPLOY), 'utf8');
  return {
    schemaVersion: '2.2',
    description: 'vpce-doctor: why this host cannot use a service through its VPC endpoint. It only looks.',
    parameters: Object.fromEntries(
      Object.entries<Parameter>(PARAMETERS).map(([name, own]) => [name, { type: 'String', ...own }]),
    ),
    mainSteps: [
      {
        action: 'aws:runShellScript',
        name: STEP_NAME,
        precondition: { StringEquals: ['platformType', 'Linux'] },
        inputs: { timeoutSeconds: '{{ ExecutionTimeout }}', runCommand: script.trimEnd().split('\n') },
      },
    ],
  };
}

/** Where a stack's template knows what the document alone cannot: parameters of the document by those of the template. */
const STACK_DEFAULTS = {
  Bucket: 'BinaryBucket',
  Folder: 'Folder',
  Sha256X64: 'Sha256X64',
  Sha256Arm64: 'Sha256Arm64',
} as const satisfies Partial<Record<keyof typeof PARAMETERS, string>>;

/** The document of a stack: whoever sends it need not say again where the binaries are. */
function stackDocument(): string {
  const { parameters, ...rest } = commandDocument();
  const known = Object.fromEntries(
    Object.entries(STACK_DEFAULTS).map(([name, own]) => [name, { ...parameters[name], default: `!Ref ${own}` }]),
  );
  const { schemaVersion, description, ...steps } = rest;
  const text = JSON.stringify(
    { schemaVersion, description, parameters: { ...parameters, ...known }, ...steps },
    null,
    2,
  );
  // A tag of YAML stands outside of quotes.
  return `${withShortLists(text.replace(/"(!Ref \w+)"/g, '$1'))}\n`;
}

/** By path inside the repository, each generated file of deploy/ as it must be. */
export function deployFiles(): Map<string, string> {
  const json = (value: unknown) => `${withShortLists(JSON.stringify(value, null, 2))}\n`;
  const policies = (
    [
      ['deploy/ecs/task-role-policy.json', 'run'],
      ['deploy/eks/policy.json', 'run'],
      ['deploy/lambda/policy.json', 'run'],
      ['deploy/ssm/instance-policy.json', 'run'],
      ['deploy/ssm/remote-policy.json', 'remote'],
      ['deploy/ssm/report-bucket-policy.json', 'bucket'],
    ] as const satisfies readonly (readonly [string, PolicyMode])[]
  ).map(([path, mode]) => [path, json(policyOf(mode))] as const);
  const document = json(commandDocument());
  return new Map([
    ...policies,
    [`deploy/ssm/${DOCUMENT_NAME}.json`, document],
    ['deploy/ssm/cloudformation.yaml', withDocument('ssm/cloudformation.yaml', stackDocument())],
    ['deploy/lambda/template.yaml', withDocument('lambda/template.yaml', json(policyOf('run')))],
  ]);
}

const MOST_COLUMNS = 120;

/** Lists of texts on one line where they fit, as the formatter wants them. */
function withShortLists(json: string): string {
  return json.replace(
    /^( *(?:"\w+": )?)\[\n((?: *"(?:[^"\\]|\\.)*",?\n)+) *\](,?)$/gm,
    (whole, start: string, items: string, comma: string) => {
      const line = `${start}[${items.trim().split(/\n */).join(' ')}]${comma}`;
      return line.length <= MOST_COLUMNS ? line : whole;
    },
  );
}

const START = '# document:start';
const END = '# document:end';

/** A template with the document between its two markers, as deep as the first of them stands; JSON is YAML. */
function withDocument(path: string, document: string): string {
  const text = readFileSync(new URL(path, DEPLOY), 'utf8');
  const [start, end] = [text.indexOf(START), text.indexOf(END)];
  if (start < 0 || end < start) throw new Error(`deploy/${path} needs a line ${START} and after it a line ${END}`);
  const indent = ' '.repeat(start - text.lastIndexOf('\n', start) - 1);
  const lines = document
    .trimEnd()
    .split('\n')
    .map((line) => `${indent}${line}`);
  return `${text.slice(0, start)}${START}, written by npm run docs\n${lines.join('\n')}\n${indent}${text.slice(end)}`;
}
