/** ECS task definitions, EKS Jobs and the policies beside them: AWS's and Kubernetes' own shapes, and what a job of ours must not have. */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { RegisterTaskDefinitionRequest$ } from '@aws-sdk/client-ecs';
import { describe, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { policyOf } from '../../src/collect/mode-calls.ts';
import { emptyFolder } from '../cli/support/run.ts';
import { ROOT } from '../delivery/support.ts';
import { misfits } from './support/aws-model.ts';

const DEPLOY = new URL('../../deploy/', import.meta.url);
const read = (path: string) => readFileSync(new URL(path, DEPLOY), 'utf8');
const json = (path: string) => JSON.parse(read(path)) as Record<string, never>;

type TaskDefinition = {
  readonly containerDefinitions: readonly {
    readonly image: string;
    readonly command: readonly string[];
    readonly [field: string]: unknown;
  }[];
  readonly [field: string]: unknown;
};

describe.each(['fargate', 'ec2'])('the task definition for %s', (kind) => {
  const task = JSON.parse(read(`ecs/task-definition-${kind}.json`)) as TaskDefinition;
  const [container, ...others] = task.containerDefinitions;

  test('fits RegisterTaskDefinition', () => {
    expect(misfits(RegisterTaskDefinitionRequest$, task)).toEqual([]);
    expect(misfits(RegisterTaskDefinitionRequest$, { ...task, cpus: '1' })).toEqual([
      '.cpus: RegisterTaskDefinitionRequest has no such member',
    ]);
    expect(task['requiresCompatibilities']).toEqual([kind.toUpperCase()]);
  });

  test('runs one container, without privileges, that can write nothing, with its log in CloudWatch', () => {
    expect(others).toEqual([]);
    expect(container).toMatchObject({
      user: '65532:65532',
      readonlyRootFilesystem: true,
      linuxParameters: { capabilities: { drop: ['ALL'] } },
      logConfiguration: { logDriver: 'awslogs', options: { 'awslogs-region': 'eu-west-1' } },
    });
    expect(container).not.toHaveProperty('linuxParameters.capabilities.add');
    // Fargate knows neither of the two: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html
    expect(container?.['privileged']).toBe(kind === 'ec2' ? false : undefined);
    expect(container?.['dockerSecurityOptions']).toEqual(kind === 'ec2' ? ['no-new-privileges'] : undefined);
  });

  test('pulls and logs what its execution role may pull and log', () => {
    const policy = read('ecs/execution-role-policy.json');
    const repository = /^(\d+)\.dkr\.ecr\.([\w-]+)\.amazonaws\.com\/([\w-]+):/.exec(container?.image ?? '');
    expect(policy).toContain(`arn:aws:ecr:${repository?.[2]}:${repository?.[1]}:repository/${repository?.[3]}"`);
    const log = container?.['logConfiguration'] as { options: Record<string, string> } | undefined;
    expect(policy).toContain(`:log-group:${log?.options['awslogs-group']}:*"`);
  });

  test('asks for options that the command has', () => {
    const ran = spawnSync(process.execPath, ['src/cli.ts', ...(container?.command ?? []), '--deadline', 'x'], {
      cwd: ROOT,
      encoding: 'utf8',
    });
    // Everything before is understood, so that the wrong deadline is what is refused.
    expect(ran.stderr).toContain('--deadline is "x"');
  });
});

type Account = {
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly annotations?: Readonly<Record<string, string>>;
  };
};

describe.each(['irsa', 'pod-identity'])('the Job with %s', (kind) => {
  const documents = parseAllDocuments(read(`eks/job-${kind}.yaml`)).map((one) => {
    expect(one.errors).toEqual([]);
    return one.toJS() as unknown;
  });
  const [account, job] = documents as [Account, unknown];

  test('has the shapes of the Kubernetes API', () => {
    const folder = emptyFolder();
    // The types are made from the API's own description; excess and missing fields, and wrong literals, are errors.
    const source = [
      `import type { Job } from '${ROOT}node_modules/kubernetes-types/batch/v1';`,
      `import type { ServiceAccount } from '${ROOT}node_modules/kubernetes-types/core/v1';`,
      `export const account: ServiceAccount = ${JSON.stringify(account)};`,
      `export const job: Job = ${JSON.stringify(job)};`,
    ];
    const check = (text: string) => {
      writeFileSync(join(folder, 'job.ts'), text);
      const options = [
        '--ignoreConfig',
        '--noEmit',
        '--strict',
        '--module',
        'esnext',
        '--moduleResolution',
        'bundler',
        '--skipLibCheck',
      ];
      return spawnSync(join(ROOT, 'node_modules/.bin/tsc'), [...options, join(folder, 'job.ts')], { encoding: 'utf8' });
    };
    expect(check(source.join('\n')).stdout).toBe('');
    expect(check(source.join('\n').replace('"backoffLimit"', '"backOffLimit"')).stdout).toContain('backOffLimit');
  }, 60_000);

  test('runs one container, without privileges, that can write nothing', () => {
    expect(job).toMatchObject({
      spec: {
        backoffLimit: 0,
        template: {
          spec: {
            restartPolicy: 'Never',
            automountServiceAccountToken: false,
            serviceAccountName: account.metadata.name,
            securityContext: { runAsNonRoot: true, runAsUser: 65532, seccompProfile: { type: 'RuntimeDefault' } },
            containers: [
              {
                securityContext: {
                  allowPrivilegeEscalation: false,
                  readOnlyRootFilesystem: true,
                  capabilities: { drop: ['ALL'] },
                },
              },
            ],
          },
        },
      },
    });
  });

  test('its role can be taken by its own service account alone', () => {
    const { metadata } = account;
    const trust = read(`eks/trust-policy-${kind}.json`);
    if (kind === 'irsa') {
      expect(trust).toContain(`"system:serviceaccount:${metadata.namespace}:${metadata.name}"`);
      expect(metadata.annotations?.['eks.amazonaws.com/role-arn']).toMatch(/^arn:aws:iam::\d{12}:role\//);
    } else {
      expect(trust).toContain(`"aws:RequestTag/kubernetes-service-account": "${metadata.name}"`);
      expect(trust).toContain(`"aws:RequestTag/kubernetes-namespace": "${metadata.namespace}"`);
      expect(metadata.annotations).toBeUndefined();
    }
  });
});

describe('policies', () => {
  test.each(['ecs/task-role-policy.json', 'eks/policy.json', 'lambda/policy.json', 'ssm/instance-policy.json'])(
    '%s is what `iam-policy` prints',
    (path) => expect(json(path)).toEqual(policyOf('run')),
  );

  test.each([
    ['ssm/remote-policy.json', 'remote'],
    ['ssm/report-bucket-policy.json', 'bucket'],
  ] as const)('%s is what `iam-policy %s` prints', (path, mode) => expect(json(path)).toEqual(policyOf(mode)));

  test('none allows everything of anything', () => {
    const files = readdirSync(DEPLOY, { recursive: true, encoding: 'utf8' }).filter((path) =>
      path.endsWith('policy.json'),
    );
    expect(files.length).toBeGreaterThan(6);
    for (const path of files) {
      const { Statement } = json(path) as unknown as { Statement: { Action: string | string[] }[] };
      for (const { Action } of Statement)
        for (const action of [Action].flat()) expect(action, path).toMatch(/^[a-z0-9-]+:[A-Za-z]+$/);
    }
  });
});

describe('each folder', () => {
  test.each(['ecs', 'eks', 'lambda', 'ssm'])(
    '%s has a page of instructions that names every file beside it',
    (folder) => {
      const page = read(`${folder}/README.md`);
      expect(page.split('\n').length).toBeLessThan(100);
      const files = readdirSync(new URL(folder, DEPLOY)).filter((name) => name !== 'README.md');
      for (const name of files) expect(page, name).toContain(name);
    },
  );
});
