/** The linters that know AWS's and HashiCorp's own rules, where they are installed; where one is not, the test's name says so. */
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { emptyFolder } from '../cli/support/run.ts';
import { ROOT } from '../delivery/support.ts';

const isHere = (tool: string) => spawnSync(tool, ['--version'], { stdio: 'ignore' }).error === undefined;
const named = (tool: string, what: string) => (isHere(tool) ? what : `not checked: ${tool} is not here (${what})`);

const lint = (...files: string[]) => {
  const { status, stdout, stderr } = spawnSync('cfn-lint', ['--regions', 'eu-west-1', '--', ...files], {
    cwd: ROOT,
    encoding: 'utf8',
  });
  return { status, words: `${stdout}${stderr}` };
};

test.skipIf(!isHere('cfn-lint'))(
  named('cfn-lint', 'cfn-lint finds nothing in the templates'),
  () => {
    expect(lint('deploy/ssm/cloudformation.yaml', 'deploy/lambda/template.yaml')).toEqual({ status: 0, words: '' });
  },
  120_000,
);

test.skipIf(!isHere('cfn-lint'))(
  named('cfn-lint', 'cfn-lint finds nothing in the task definitions'),
  () => {
    const folder = emptyFolder();
    const files = ['fargate', 'ec2'].map((kind) => {
      const task = JSON.parse(readFileSync(join(ROOT, `deploy/ecs/task-definition-${kind}.json`), 'utf8')) as unknown;
      const Resources = { Task: { Type: 'AWS::ECS::TaskDefinition', Properties: capitals(task) } };
      const file = join(folder, `${kind}.json`);
      writeFileSync(file, JSON.stringify({ AWSTemplateFormatVersion: '2010-09-09', Resources }));
      return file;
    });
    expect(lint(...files)).toEqual({ status: 0, words: '' });
  },
  120_000,
);

test.skipIf(!isHere('terraform'))(
  named('terraform', 'terraform would not write the configuration otherwise'),
  () => {
    // `terraform validate` needs the provider, which would have to be fetched.
    const { status, stdout } = spawnSync('terraform', ['fmt', '-check', '-diff', 'deploy'], {
      cwd: ROOT,
      encoding: 'utf8',
    });
    expect([status, stdout]).toEqual([0, '']);
  },
  60_000,
);

test.skipIf(!isHere('shellcheck'))(
  named('shellcheck', 'shellcheck finds nothing in the script of the document'),
  () => {
    const { status, stdout } = spawnSync('shellcheck', ['--shell', 'sh', 'deploy/ssm/run.sh'], {
      cwd: ROOT,
      encoding: 'utf8',
    });
    expect([status, stdout]).toEqual([0, '']);
  },
  60_000,
);

/** CloudFormation writes the API's names with a capital, but not those of a log driver's options. */
function capitals(value: unknown, key = ''): unknown {
  if (Array.isArray(value)) return value.map((one) => capitals(one));
  if (typeof value !== 'object' || value === null) return value;
  const change = (name: string) => (key === 'options' ? name : `${name[0]?.toUpperCase()}${name.slice(1)}`);
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [change(name), capitals(one, name)]));
}
