/** The calls of the modes that do more than look, and the least IAM policy of each: `remote`, and writing to a bucket. */
import { type IamPolicy, leastPolicy } from './calls.ts';

type ModeCall = {
  readonly action: string;
  /** what IAM can narrow the action to; `*` where it can narrow nothing */
  readonly resources: readonly string[];
  readonly why: string;
};

/** The document's name where `--document` gives none. */
export const DOCUMENT_NAME = 'vpce-doctor';

/** The name of the document's only step, by which the output’s path in S3 calls it. */
export const STEP_NAME = 'vpceDoctor';

/**
 * Resource types after https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssystemsmanager.html: sending
 * needs the document and each node, reading back knows no resource; and …/list_amazons3.html.
 */
export const MODE_CALLS = {
  remote: [
    {
      action: 'ssm:SendCommand',
      resources: [
        `arn:*:ssm:*:*:document/${DOCUMENT_NAME}`,
        'arn:*:ec2:*:*:instance/*',
        'arn:*:ssm:*:*:managed-instance/*',
        // Where the output goes to a bucket, sending names it too.
        'arn:*:s3:::BUCKET',
      ],
      why: 'runs the document on the hosts that were named',
    },
    { action: 'ssm:ListCommands', resources: ['*'], why: 'whether every host of a tag has had its turn' },
    { action: 'ssm:ListCommandInvocations', resources: ['*'], why: 'which hosts are done' },
    { action: 'ssm:GetCommandInvocation', resources: ['*'], why: 'what each host found' },
    {
      action: 's3:GetObject',
      resources: ['arn:*:s3:::BUCKET/*'],
      why: 'with --output-bucket: what was too long for Run Command',
    },
  ],
  bucket: [{ action: 's3:PutObject', resources: ['arn:*:s3:::BUCKET/*'], why: 'with -o s3://…: writes the report' }],
} as const satisfies Record<string, readonly ModeCall[]>;

export const POLICY_MODES = ['run', 'probe', 'remote', 'bucket'] as const;
export type PolicyMode = (typeof POLICY_MODES)[number];

/**
 * The least policy of one mode: `run` reads the VPC's description, `probe` needs nothing, `remote` runs the document and reads the
 * description from where the user sits, `bucket` is what `-o s3://…` needs besides. `BUCKET` stands for the bucket's name.
 */
export function policyOf(mode: PolicyMode, { signed = false }: { readonly signed?: boolean } = {}): IamPolicy {
  if (mode === 'run') return leastPolicy({ signed });
  if (mode === 'probe') return { Version: '2012-10-17', Statement: [] };
  const calls: readonly ModeCall[] = MODE_CALLS[mode];
  const groups = Map.groupBy(calls, ({ resources }) => resources.join(' '));
  const own = [...groups.values()].map((group) => ({
    Sid: sidOf(group),
    Effect: 'Allow' as const,
    Action: group.map(({ action }) => action).sort(),
    Resource: group[0]?.resources[0] === '*' ? '*' : (group[0]?.resources ?? '*'),
  }));
  return { Version: '2012-10-17', Statement: [...own, ...(mode === 'remote' ? leastPolicy().Statement : [])] };
}

function sidOf(group: readonly ModeCall[]): string {
  const [first] = group;
  if (first?.action === 'ssm:SendCommand') return 'VpceDoctorRunsOnHosts';
  if (first?.action === 's3:GetObject') return 'VpceDoctorReadsLongAnswers';
  return first?.action === 's3:PutObject' ? 'VpceDoctorWritesReports' : 'VpceDoctorReadsAnswers';
}
