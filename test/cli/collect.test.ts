/** `vpce-doctor collect`: what it writes is state like any other, and what it was refused stays unknown. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { CHECKS, checkOf } from '../../src/checks/index.ts';
import { startLab } from '../../src/lab/lab.ts';
import { healthyWorld, LAB } from '../../src/lab/world.ts';
import { ACCESS_SLICE_NAMES, SLICES, type SliceName } from '../../src/model/state.ts';
import { emptyFolder, lab, run } from './support/run.ts';
import { stateFolder } from './support/state-folder.ts';

describe('collect', () => {
  test('prints one document that diagnoses as the AWS CLI’s output does', async () => {
    const world = healthyWorld();
    checkOf('endpoint-nacl-blocks-return')?.demonstration.inject(world);
    const host = await lab(world);
    const file = join(emptyFolder(), 'state.json');
    expect(await run(['collect', '-o', file], { host })).toEqual({ status: 0, stdout: '', stderr: '' });
    const printed = await run(['collect'], { host });
    const undated = (text: string) => text.replace(/"collectedAt": ".*"/, '');
    expect(undated(printed.stdout)).toBe(undated(readFileSync(file, 'utf8')));

    const diagnosed = async (state: string) => {
      const args = ['diagnose', '--state', state, '--from', LAB.clientInterface, LAB.secretsHost, '--format', 'json'];
      const { status, stdout } = await run(args);
      const { verdict, causes, targets } = JSON.parse(stdout);
      return { status, verdict, causes, targets };
    };
    const own = await diagnosed(file);
    expect(own).toMatchObject({ status: 1, causes: [{ code: 'endpoint-nacl-blocks-return' }] });
    expect(own).toEqual(await diagnosed(stateFolder(world)));
  });

  test('asks for the VPC that is given', async () => {
    const host = await lab(healthyWorld());
    const { status, stdout } = await run(['collect', '--vpc', 'vpc-0123456789abcdef0'], { host });
    expect(JSON.parse(stdout)).toMatchObject({ vpceDoctor: { vpcId: 'vpc-0123456789abcdef0' }, Subnets: [] });
    expect([0, 2]).toContain(status);
  });

  test('what is refused is said, is not in the document, and stays unknown', async () => {
    const world = healthyWorld();
    world.refusals['ec2:DescribeNetworkAcls'] = 'denied';
    const host = await lab(world);
    const file = join(emptyFolder(), 'state.json');
    expect(await run(['collect', '-o', file], { host })).toEqual({
      status: 2,
      stdout: '',
      stderr: 'vpce-doctor: Not read, denied: ec2:DescribeNetworkAcls.\n',
    });
    expect(JSON.parse(readFileSync(file, 'utf8'))).not.toHaveProperty('NetworkAcls');
    const args = ['diagnose', '--state', file, '--from', LAB.clientInterface, LAB.secretsHost, '--format', 'json'];
    const report = JSON.parse((await run(args)).stdout);
    expect(report.verdict).toBe('inconclusive');
    expect(report.undecided.flatMap(({ missing }: { missing: object[] }) => missing)).toContainEqual(
      expect.objectContaining({ action: 'ec2:DescribeNetworkAcls', why: 'denied' }),
    );
  });
});

describe('iam-policy', () => {
  test('allows what a run asks, and no more than reading', async () => {
    const { status, stdout } = await run(['iam-policy']);
    const policy = JSON.parse(stdout);
    expect(status).toBe(0);
    expect(Object.keys(policy).toSorted()).toEqual(['Statement', 'Version']);
    const allowed = new Set<string>(policy.Statement.flatMap(({ Action }: { Action: string[] }) => Action));
    for (const action of allowed)
      expect(action).toMatch(/^(?:ec2:(?:Describe|Get|Search)|route53(?:resolver)?:(?:List|Get))/);
    const needed = new Set(CHECKS.flatMap(({ needs }) => [...needs]));
    const read = [...needed].filter((slice) => !(ACCESS_SLICE_NAMES as readonly SliceName[]).includes(slice));
    for (const slice of read) expect(allowed).toContain(SLICES[slice].action);

    const started = await startLab(healthyWorld());
    await run([LAB.secretsHost, 's3', '--from', LAB.instance], { host: started.host });
    await started.stop();
    const asked = started.log.map(({ question }) => question).filter((question) => question.startsWith('ec2:'));
    expect(asked.length).toBeGreaterThan(10);
    for (const action of asked) expect(allowed).toContain(action);

    // Read with --signed only. Everybody may ask who he is, and the caller's own policies come from documents alone.
    const signed = JSON.parse((await run(['iam-policy', '--signed'])).stdout);
    const more = new Set<string>(signed.Statement.flatMap(({ Action }: { Action: string[] }) => Action));
    expect(more).toContain(SLICES.resourcePolicies.action);
    for (const action of allowed) expect(more).toContain(action);
    for (const action of more) expect(action).toMatch(/:(?:Describe|Get|GET$|Search|List)/);
  });
});
