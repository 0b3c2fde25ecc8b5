/** Refusals that somebody pasted: evidence of what an application was told, joined with what is read now. */
import { describe, expect, it } from 'vitest';
import { diagnose } from '../../../src/diagnose/diagnose.ts';
import { addNatGateway, find, healthyWorld, LAB, type World } from '../../../src/lab/world.ts';
import type { Report } from '../../../src/model/report.ts';
import { targetsFromError } from '../../../src/services/error-text.ts';
import { modelCase } from '../../diagnose/support.ts';
import { runInLab } from '../lab-run.ts';

const SESSION = 'arn:aws:sts::111122223333:assumed-role/app/i-c0000001';
const SECRET = 'arn:aws:secretsmanager:eu-west-1:111122223333:secret:db-AbCdEf';
const denied = (because: string) =>
  `An error occurred (AccessDeniedException) when calling the GetSecretValue operation: User: ${SESSION} is not authorized to perform: secretsmanager:GetSecretValue on resource: ${SECRET} ${because}`;
const ALLOW = { Effect: 'Allow', Principal: '*', Action: '*', Resource: '*' };

async function pasted(text: string, edit: (world: World) => void = () => {}, signed = false): Promise<Report> {
  const world = healthyWorld();
  edit(world);
  const { requests } = targetsFromError(text);
  expect(requests.length).toBeGreaterThan(0);
  return (await runInLab(world, [], { options: { requests, signed } })).report;
}

const codesOf = (report: Report) => report.causes.map((cause) => cause.code);
const endpointPolicy =
  (...statements: readonly object[]) =>
  (world: World) => {
    find(world, 'vpcEndpoints', LAB.secretsEndpoint).PolicyDocument = JSON.stringify({
      Version: '2012-10-17',
      Statement: statements,
    });
  };

/** A secret demands the endpoint, whose private DNS is off: requests leave by NAT. */
const demandingEndpoint = (arn: string) => (world: World) => {
  addNatGateway(world);
  find(world, 'vpcEndpoints', LAB.secretsEndpoint).PrivateDnsEnabled = false;
  const Condition = { StringNotEquals: { 'aws:SourceVpce': LAB.secretsEndpoint } };
  world.api.resourcePolicies.push({
    ResourceArn: arn,
    Policy: JSON.stringify({ Version: '2012-10-17', Statement: { ...ALLOW, Effect: 'Deny', Condition } }),
    Action: 'secretsmanager:GetResourcePolicy',
  });
};

describe('a pasted refusal', () => {
  it('that blames an endpoint’s policy is confirmed by the policy as it reads now', async () => {
    const report = await pasted(
      denied('because no VPC endpoint policy allows the secretsmanager:GetSecretValue action'),
      endpointPolicy({ ...ALLOW, Action: 'secretsmanager:ListSecrets' }),
    );
    expect(report.verdict).toBe('degraded');
    const [cause] = report.causes;
    expect(cause).toMatchObject({
      code: 'endpoint-policy-denies',
      standing: 'confirmed',
      explains: [],
      fix: { proof: 'opens' },
    });
    expect(cause?.summary).toContain(`secretsmanager:GetSecretValue through for ${SESSION}`);
    expect(report.targets[0]?.summary).toContain('and refuses secretsmanager:GetSecretValue, by the pasted error');
  });

  it('that blames an endpoint’s policy which now allows it is likely, and no more', async () => {
    const report = await pasted(
      denied('because no VPC endpoint policy allows the secretsmanager:GetSecretValue action'),
    );
    expect(report.causes[0]).toMatchObject({ code: 'endpoint-policy-denies', standing: 'likely' });
    expect(report.verdict).toBe('degraded');
  });

  it('that blames the caller’s own policies leaves the endpoint’s policy to be judged', async () => {
    const report = await pasted(
      denied('because no identity-based policy allows the secretsmanager:GetSecretValue action'),
      endpointPolicy({ ...ALLOW, Action: 'secretsmanager:ListSecrets' }),
    );
    expect(codesOf(report).toSorted()).toEqual(['endpoint-policy-denies', 'identity-policy-denies']);
    expect(report.causes.map((cause) => [cause.code, cause.standing])).toContainEqual([
      'identity-policy-denies',
      'confirmed',
    ]);
    expect(report.causes.map((cause) => [cause.code, cause.standing])).toContainEqual([
      'endpoint-policy-denies',
      'likely',
    ]);
  });

  it.each([
    ['with an explicit deny in a service control policy', 'organization-policy-denies', 'organization owner'],
    ['with an explicit deny in a resource control policy', 'organization-policy-denies', 'organization owner'],
    ['with an explicit deny in a permissions boundary', 'identity-policy-denies', 'IAM owner'],
    [
      'because no session policy allows the secretsmanager:GetSecretValue action',
      'identity-policy-denies',
      'IAM owner',
    ],
  ])('%s is %s', async (because, code, owner) => {
    const report = await pasted(denied(because));
    expect(codesOf(report)).toEqual([code]);
    expect(report.causes[0]).toMatchObject({ standing: 'confirmed', fix: { owner, proof: 'unproven' } });
    expect(report.verdict).toBe('degraded');
  });

  it('that blames the resource’s policy, which nobody reads, is likely', async () => {
    const report = await pasted(denied('with an explicit deny in a resource-based policy'), (world) => {
      world.refusals['secretsmanager:GetResourcePolicy'] = 'denied';
    });
    expect(report.causes[0]).toMatchObject({ code: 'resource-policy-denies-path', standing: 'likely' });
  });

  it('goes away with the private DNS that leads to the endpoint which the policy demands', async () => {
    const report = await pasted(denied('with an explicit deny in a resource-based policy'), demandingEndpoint(SECRET));
    expect(codesOf(report)).toEqual(['private-dns-disabled', 'resource-policy-denies-path', 'public-path-used']);
    expect(report.fixPlan).toMatchObject({ steps: [1], opens: [LAB.secretsHost] });
    expect(report.causes[0]?.fix.proof).toBe('opens');
  });

  it('does not go away where the endpoint’s own policy would refuse it next', async () => {
    const report = await pasted(denied('with an explicit deny in a resource-based policy'), (world) => {
      demandingEndpoint(SECRET)(world);
      endpointPolicy({ ...ALLOW, Action: 'secretsmanager:ListSecrets' })(world);
    });
    expect(report.fixPlan).toMatchObject({ opens: [], remaining: [LAB.secretsHost] });
    expect(report.causes.find(({ code }) => code === 'private-dns-disabled')?.fix.reason).toContain(
      `the policy of ${LAB.secretsEndpoint} does not let secretsmanager:GetSecretValue through`,
    );
  });

  it('of a resource whose policy denies whatever the way is stays', async () => {
    const arn = SECRET.replace('111122223333', '444455556666');
    const text = denied('with an explicit deny in a resource-based policy').replace(SECRET, arn);
    const report = await pasted(text, demandingEndpoint(arn));
    // Across accounts the resource's policy has to allow, too.
    expect(report.fixPlan).toMatchObject({ opens: [], remaining: [LAB.secretsHost] });
  });

  it('that names no policy and that nothing explains makes nothing healthy', async () => {
    const report = await pasted(
      `User: ${SESSION} is not authorized to perform: secretsmanager:GetSecretValue on resource: ${SECRET}`,
    );
    expect(codesOf(report)).toEqual([]);
    expect(report.verdict).toBe('inconclusive');
    expect(report.headline).toContain('nothing that could be seen explains it');
  });

  it('makes nothing healthy without packets either', async () => {
    const text = `User: ${SESSION} is not authorized to perform: secretsmanager:GetSecretValue on resource: ${SECRET}`;
    const { requests } = targetsFromError(text);
    const subject = modelCase(healthyWorld(), []);
    const report = diagnose({ ...subject, requests });
    expect([report.verdict, codesOf(report)]).toEqual(['inconclusive', []]);
  });

  it('of credentials is what the host lacks', async () => {
    const report = await pasted(
      `botocore.exceptions.ClientError: An error occurred (ExpiredTokenException) when calling the GetSecretValue operation: The security token included in the request is expired https://${LAB.secretsHost}/`,
    );
    expect(report.causes[0]).toMatchObject({ code: 'credentials-missing', standing: 'confirmed' });
    expect(report.causes[0]?.summary).toContain('have expired');
    expect(report.verdict).toBe('degraded');
  });

  it('of an application behind a proxy leaves open which endpoint’s policy denied it', async () => {
    const report = await pasted(
      denied('because no VPC endpoint policy allows the secretsmanager:GetSecretValue action'),
      (world) => {
        endpointPolicy({ ...ALLOW, Action: 'secretsmanager:ListSecrets' })(world);
        world.client.env['HTTPS_PROXY'] = 'http://10.0.0.99:3128';
        world.proxies = { '10.0.0.99': { port: 3128, behaviour: 'connects' } };
      },
    );
    const cause = report.causes.find((one) => one.code === 'endpoint-policy-denies');
    expect(cause?.standing ?? 'likely').toBe('likely');
    expect(cause?.resources ?? []).toEqual([]);
  });
});
