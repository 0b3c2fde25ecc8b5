/** Policies of endpoints and resources, joined with the way that the packets of a run took: through the lab, by HTTP. */
import { describe, expect, it } from 'vitest';
import { checkOf } from '../../../src/checks/index.ts';
import { addNatGateway, find, healthyWorld, LAB, LAB_ACCOUNT, type World } from '../../../src/lab/world.ts';
import { addInterfaceEndpoint } from '../../../src/lab/world-endpoints.ts';
import type { Report } from '../../../src/model/report.ts';
import { runInLab } from '../lab-run.ts';

const SIGNED = { options: { signed: true } };
const ROLE = 'role/vpce-doctor-lab';

async function signed(edit: (world: World) => void, targets: readonly string[] = [LAB.secretsHost]): Promise<Report> {
  const world = healthyWorld();
  edit(world);
  return (await runInLab(world, targets, SIGNED)).report;
}

async function unsigned(edit: (world: World) => void, targets: readonly string[] = [LAB.secretsHost]): Promise<Report> {
  const world = healthyWorld();
  edit(world);
  return (await runInLab(world, targets)).report;
}

const policy = (...statements: readonly object[]) => JSON.stringify({ Version: '2012-10-17', Statement: statements });
const ALLOW = { Effect: 'Allow', Principal: '*', Action: '*', Resource: '*' };
const endpointPolicy =
  (id: string, ...statements: readonly object[]) =>
  (world: World) => {
    find(world, 'vpcEndpoints', id).PolicyDocument = policy(...statements);
  };
const BUCKET = 'arn:aws:s3:::reports';
const BUCKET_HOST = `reports.${LAB.s3Host}`;
const bucketPolicy =
  (...statements: readonly object[]) =>
  (world: World) => {
    world.api.resourcePolicies.push({
      ResourceArn: BUCKET,
      Policy: policy(...statements),
      Action: 's3:GetBucketPolicy',
    });
  };
const denyUnless = (key: string, value: string) => ({
  Sid: 'OnlyHome',
  Effect: 'Deny',
  Principal: '*',
  Action: 's3:*',
  Resource: [BUCKET, `${BUCKET}/*`],
  Condition: { StringNotEquals: { [key]: value } },
});
const codesOf = (report: Report) => report.causes.map((cause) => cause.code);

describe('the two sentences', () => {
  it('tells which endpoint a bucket demands, and through which this host leaves', async () => {
    const report = await signed(bucketPolicy(denyUnless('aws:SourceVpce', 'vpce-111')), [BUCKET_HOST]);
    expect(report.causes[0]).toMatchObject({ code: 'resource-policy-denies-path', standing: 'confirmed' });
    expect(report.causes[0]?.summary).toContain(
      `Your bucket demands aws:SourceVpce vpce-111; this host leaves through ${LAB.s3Endpoint}`,
    );
    expect(report.verdict).toBe('degraded');
    expect(report.targets[0]?.summary).toBe(
      `${BUCKET_HOST} answers at ${LAB.publicS3Address}, and refuses s3:ListBucket (AccessDenied).`,
    );
    expect(report.headline).toContain('answers, and refuses what is asked');
  });

  it('tells that the request left through NAT, where the key is absent', async () => {
    const report = await signed(
      (world) => {
        addNatGateway(world);
        world.api.vpcEndpoints = world.api.vpcEndpoints.filter((one) => one.VpcEndpointId !== LAB.s3Endpoint);
        for (const table of world.api.routeTables)
          table.Routes = table.Routes?.filter((route) => route.GatewayId !== LAB.s3Endpoint) ?? [];
        bucketPolicy(denyUnless('aws:SourceVpce', 'vpce-111'))(world);
      },
      [BUCKET_HOST],
    );
    const cause = report.causes.find((one) => one.code === 'resource-policy-denies-path');
    expect(cause?.standing).toBe('confirmed');
    expect(cause?.summary).toContain(`the request left through NAT (${LAB.natGateway}), so aws:SourceVpce is absent`);
    // A policy that keeps the internet out is not loosened for it.
    expect(cause?.fix).toMatchObject({ proof: 'unproven', owner: 'network owner' });
    expect(cause?.fix.diff).toBeUndefined();
    expect(cause?.fix.summary).toContain('vpce-111');
  });
});

describe('a way that the resource admits, made by the fix of another cause', () => {
  const withoutRoute = (world: World) => {
    addNatGateway(world);
    for (const table of world.api.routeTables)
      table.Routes = table.Routes?.filter((route) => route.GatewayId !== LAB.s3Endpoint) ?? [];
  };
  const withoutEndpoint = (world: World) => {
    withoutRoute(world);
    world.api.vpcEndpoints = world.api.vpcEndpoints.filter((one) => one.VpcEndpointId !== LAB.s3Endpoint);
  };
  const plan = async (edit: (world: World) => void, host = BUCKET_HOST) => {
    const report = await signed(edit, [host]);
    const fixOf = (code: string) => report.causes.find((one) => one.code === code)?.fix;
    const steps = report.fixPlan.steps.map((rank) => report.causes[rank - 1]?.code);
    return { report, fixOf, steps, opens: report.fixPlan.opens };
  };

  it('an endpoint in the VPC that the bucket demands', async () => {
    const { fixOf, steps, opens } = await plan((world) => {
      withoutEndpoint(world);
      bucketPolicy(denyUnless('aws:SourceVpc', LAB.vpc))(world);
    });
    expect({ steps, opens }).toEqual({ steps: ['public-path-used'], opens: [BUCKET_HOST] });
    expect(fixOf('public-path-used')).toMatchObject({ proof: 'opens' });
    expect(fixOf('resource-policy-denies-path')).toMatchObject({
      proof: 'unproven',
      reason: 'The fix of public-path-used does it: on the model the policy then lets the requests through.',
    });
  });

  it('the route to the endpoint that the bucket demands', async () => {
    const { fixOf, steps, opens } = await plan((world) => {
      withoutRoute(world);
      bucketPolicy(denyUnless('aws:SourceVpce', LAB.s3Endpoint))(world);
    });
    expect({ steps, opens }).toEqual({ steps: ['gateway-route-missing'], opens: [BUCKET_HOST] });
    expect(fixOf('gateway-route-missing')).toMatchObject({ proof: 'opens' });
  });

  it('not a new endpoint where the bucket demands another one', async () => {
    const { fixOf, opens } = await plan((world) => {
      withoutEndpoint(world);
      bucketPolicy(denyUnless('aws:SourceVpce', 'vpce-111'))(world);
    });
    expect(opens).toEqual([]);
    expect(fixOf('public-path-used')).toMatchObject({
      proof: 'unproven',
      reason: `With it the requests to ${BUCKET_HOST} take another way, and are refused there: the policy of ${BUCKET} does not let s3:ListBucket through.`,
    });
  });

  it('not a route for an address that is not in the endpoint’s list', async () => {
    const { fixOf, steps, opens } = await plan((world) => {
      withoutRoute(world);
      const outside = '3.5.9.9';
      const server = world.servers[LAB.publicS3Address];
      if (server !== undefined) world.servers[outside] = structuredClone(server);
      for (const name of [BUCKET_HOST, LAB.s3Host]) world.publicDns[name] = { A: [outside] };
      bucketPolicy(denyUnless('aws:SourceVpce', LAB.s3Endpoint))(world);
    });
    expect(opens).toEqual([]);
    expect(steps).toContain('resource-policy-denies-path');
    expect(fixOf('resource-policy-denies-path')?.reason).not.toContain('does it');
  });

  it('not where a Deny that has nothing to do with the way stays', async () => {
    const { opens, report } = await plan((world) => {
      withoutRoute(world);
      const Condition = { ArnNotEquals: { 'aws:PrincipalArn': 'arn:aws:iam::111122223333:role/admin' } };
      bucketPolicy(denyUnless('aws:SourceVpce', LAB.s3Endpoint), { ...ALLOW, Effect: 'Deny', Condition })(world);
    });
    expect(opens).toEqual([]);
    expect(report.fixPlan.remaining).toEqual([BUCKET_HOST]);
  });

  it('for those of its targets that the fix leads there, and says for which', async () => {
    const dualStack = `reports.s3.dualstack.${LAB.s3Host.slice('s3.'.length)}`;
    const report = await signed(
      (world) => {
        withoutEndpoint(world);
        const endpoint = find(world, 'vpcEndpoints', addInterfaceEndpoint(world, 's3'));
        endpoint.PolicyDocument = policy(ALLOW);
        endpoint.DnsOptions = { DnsRecordIpType: 'ipv4', PrivateDnsOnlyForInboundResolverEndpoint: true };
        endpoint.DnsEntries = ['*.vpce-1-a.s3.eu-west-1.vpce.amazonaws.com', `*.${LAB.s3Host}`, LAB.s3Host].map(
          (DnsName) => ({ DnsName, HostedZoneId: 'Z0' }),
        );
        world.publicDns[dualStack] = { A: [LAB.publicS3Address] };
        world.servers[LAB.publicS3Address]?.certificateNames.push('*.s3.dualstack.eu-west-1.amazonaws.com');
        bucketPolicy(denyUnless('aws:SourceVpce', endpoint.VpcEndpointId))(world);
      },
      [BUCKET_HOST, dualStack],
    );
    const cause = report.causes.find((one) => one.code === 'resource-policy-denies-path');
    expect(cause?.targets).toEqual([BUCKET_HOST, dualStack]);
    expect(cause?.fix.reason).toContain(`The fix of s3-private-dns-inbound-only does it for ${BUCKET_HOST}:`);
    expect(report.fixPlan).toMatchObject({ opens: [BUCKET_HOST], remaining: [dualStack] });
  });

  it('whichever of its addresses the NAT gateway takes', async () => {
    const { fixOf, steps, opens } = await plan((world) => {
      withoutRoute(world);
      const [nat] = world.api.natGateways;
      if (nat !== undefined) nat.NatGatewayAddresses = [{ PublicIp: '203.0.113.5' }, { PublicIp: '203.0.113.6' }];
      const { Condition, ...deny } = denyUnless('aws:SourceVpce', LAB.s3Endpoint);
      bucketPolicy({ ...deny, Condition: { ...Condition, NotIpAddress: { 'aws:SourceIp': '192.0.2.0/24' } } })(world);
    });
    expect({ steps, opens }).toEqual({ steps: ['gateway-route-missing'], opens: [BUCKET_HOST] });
    expect(fixOf('resource-policy-denies-path')?.reason).toContain('does it');
  });

  describe('a way on which policies refuse what they let through today', () => {
    const routeFix = async (edit: (world: World) => void, hosts = [BUCKET_HOST]) => {
      const report = await signed((world) => {
        withoutRoute(world);
        edit(world);
      }, hosts);
      const { fix } = report.causes.find((one) => one.code === 'gateway-route-missing') ?? {};
      return { fix, opens: report.fixPlan.opens, lost: (fix?.blastRadius?.breaks ?? []).map(({ target }) => target) };
    };

    it('is told of the endpoint’s policy, for each target', async () => {
      const other = `other.${LAB.s3Host}`;
      const { fix, opens, lost } = await routeFix(
        (world) => {
          bucketPolicy(denyUnless('aws:SourceVpce', LAB.s3Endpoint))(world);
          endpointPolicy(LAB.s3Endpoint, { ...ALLOW, Resource: [BUCKET, `${BUCKET}/*`] })(world);
        },
        [BUCKET_HOST, other],
      );
      expect({ opens, lost }).toEqual({ opens: [BUCKET_HOST], lost: [other] });
      expect(fix?.blastRadius?.summary).toContain(`the policy of ${LAB.s3Endpoint} does not let s3:ListBucket through`);
    });

    it('is told of a bucket that admits the NAT gateway’s address', async () => {
      const { fix, opens, lost } = await routeFix((world) => {
        const [nat] = world.api.natGateways;
        if (nat !== undefined) nat.NatGatewayAddresses = [{ PublicIp: '203.0.113.10' }];
        const Condition = { NotIpAddress: { 'aws:SourceIp': '203.0.113.10/32' } };
        bucketPolicy({ ...denyUnless('aws:SourceVpce', ''), Condition })(world);
      });
      expect({ opens, lost, proof: fix?.proof }).toEqual({ opens: [], lost: [BUCKET_HOST], proof: 'unproven' });
    });
  });

  it('not a route to an endpoint whose own policy keeps the request back', async () => {
    const { opens } = await plan((world) => {
      withoutRoute(world);
      bucketPolicy(denyUnless('aws:SourceVpce', LAB.s3Endpoint))(world);
      endpointPolicy(LAB.s3Endpoint, { ...ALLOW, Resource: 'arn:aws:s3:::others/*' })(world);
    });
    expect(opens).toEqual([]);
  });
});

describe('an endpoint’s policy that lets nothing of this caller through', () => {
  const traps: readonly (readonly [string, (world: World) => void, string, RegExp])[] = [
    [
      'no Allow at all',
      endpointPolicy(LAB.secretsEndpoint, { Effect: 'Deny', Principal: '*', Action: 'kms:*', Resource: '*' }),
      LAB.secretsHost,
      /no statement of it allows anything\. No statement allows anything, so the policy lets nothing through/,
    ],
    [
      'a VPC’s id where an endpoint’s belongs',
      endpointPolicy(LAB.secretsEndpoint, { ...ALLOW, Condition: { StringEquals: { 'aws:SourceVpce': LAB.vpc } } }),
      LAB.secretsHost,
      /aws:SourceVpce with vpc-10000001; the key holds ids of endpoints/,
    ],
    [
      'an endpoint service’s id where an endpoint’s belongs',
      endpointPolicy(LAB.secretsEndpoint, {
        ...ALLOW,
        Condition: { StringEquals: { 'aws:SourceVpce': 'vpce-svc-0123456789abcdef0' } },
      }),
      LAB.secretsHost,
      /not of endpoint services/,
    ],
    [
      'aws:SourceIp, which no request through an endpoint carries',
      endpointPolicy(LAB.secretsEndpoint, { ...ALLOW, Condition: { IpAddress: { 'aws:SourceIp': '10.0.0.0/16' } } }),
      LAB.secretsHost,
      /aws:SourceIp, which no request through an endpoint carries/,
    ],
    [
      'an account on a gateway endpoint, which there is its root user',
      endpointPolicy(LAB.s3Endpoint, { ...ALLOW, Principal: { AWS: LAB_ACCOUNT } }),
      LAB.s3Host,
      /root user/,
    ],
    [
      'another service’s actions only',
      endpointPolicy(LAB.secretsEndpoint, { ...ALLOW, Action: ['kms:*', 's3:GetObject'] }),
      LAB.secretsHost,
      /secretsmanager:ListSecrets is not in Action: kms:\*/,
    ],
    [
      'a Deny for everything of the service',
      endpointPolicy(LAB.secretsEndpoint, ALLOW, {
        Sid: 'Closed',
        Effect: 'Deny',
        Principal: '*',
        Action: 'secretsmanager:*',
        Resource: '*',
      }),
      LAB.secretsHost,
      /statement 2 \(Closed\) denies it/,
    ],
  ];
  it.each(traps)('%s: likely without a signed request', async (_name, edit, host, words) => {
    const report = await unsigned(edit, [host]);
    expect(codesOf(report)).toEqual(['endpoint-policy-denies']);
    expect(report.causes[0]).toMatchObject({ standing: 'likely' });
    expect(report.causes[0]?.summary).toMatch(words);
    expect(report.verdict).toBe('degraded');
  });

  it.each(traps)('%s: confirmed with one', async (_name, edit, host, words) => {
    const report = await signed(edit, [host]);
    expect(codesOf(report)).toEqual(['endpoint-policy-denies']);
    expect(report.causes[0]).toMatchObject({ standing: 'confirmed', fix: { proof: 'opens' } });
    expect(report.causes[0]?.summary).toMatch(words);
    // Nobody told what the application asks: the fix must not look like all that it needs.
    expect(report.causes[0]?.fix.caution).toContain('add the application’s own actions and resources likewise');
    expect(report.unexplained).toEqual([]);
  });
});

describe('an endpoint’s policy that shuts out what was asked', () => {
  it('another bucket’s, whatever is asked of this one', async () => {
    const other = { ...ALLOW, Action: 's3:*', Resource: ['arn:aws:s3:::images', 'arn:aws:s3:::images/*'] };
    const [asked, unasked] = [
      await signed(endpointPolicy(LAB.s3Endpoint, other), [BUCKET_HOST]),
      await unsigned(endpointPolicy(LAB.s3Endpoint, other), [BUCKET_HOST]),
    ];
    for (const report of [asked, unasked]) expect(codesOf(report)).toEqual(['endpoint-policy-denies']);
    expect(asked.causes[0]).toMatchObject({ standing: 'confirmed', severity: 'degrading', fix: { proof: 'opens' } });
    expect(unasked.causes[0]).toMatchObject({ standing: 'likely', severity: 'degrading' });
  });

  it('the read that every client of the service needs', async () => {
    const report = await signed(
      (world) => {
        addInterfaceEndpoint(world, 'ecr.api', { host: 'api.ecr.eu-west-1.amazonaws.com' });
        for (const one of world.api.vpcEndpoints)
          if (one.ServiceName?.endsWith('.ecr.api') === true)
            one.PolicyDocument = policy({ ...ALLOW, Action: 'ecr:BatchGetImage' });
      },
      ['api.ecr.eu-west-1.amazonaws.com'],
    );
    expect(report.causes[0]).toMatchObject({ code: 'endpoint-policy-denies', severity: 'degrading' });
  });
});

describe('what looks alike and is no fault', () => {
  const healthy: readonly (readonly [string, (world: World) => void, string])[] = [
    [
      'a Deny for other actions',
      endpointPolicy(LAB.secretsEndpoint, ALLOW, { ...ALLOW, Effect: 'Deny', Action: 'secretsmanager:Delete*' }),
      LAB.secretsHost,
    ],
    [
      'a condition on the VPC that holds',
      endpointPolicy(LAB.secretsEndpoint, { ...ALLOW, Condition: { StringEquals: { 'aws:SourceVpc': LAB.vpc } } }),
      LAB.secretsHost,
    ],
    [
      'the caller’s own account as principal of an interface endpoint',
      endpointPolicy(LAB.secretsEndpoint, { ...ALLOW, Principal: { AWS: LAB_ACCOUNT } }),
      LAB.secretsHost,
    ],
    [
      'a bucket that demands the endpoint which is used',
      bucketPolicy(denyUnless('aws:SourceVpce', LAB.s3Endpoint)),
      BUCKET_HOST,
    ],
    ['a bucket that demands the VPC which is used', bucketPolicy(denyUnless('aws:SourceVpc', LAB.vpc)), BUCKET_HOST],
    [
      'a Deny by the way, for other actions',
      bucketPolicy({ ...denyUnless('aws:SourceVpce', 'vpce-111'), Action: 's3:PutObject' }),
      BUCKET_HOST,
    ],
  ];
  it.each(healthy)('%s', async (_name, edit, host) => {
    const report = await signed(edit, [host]);
    expect([report.verdict, codesOf(report)]).toEqual(['healthy', []]);
  });

  it('an endpoint’s policy that is narrow on purpose, as long as nobody asks for more', async () => {
    const report = await unsigned(
      endpointPolicy(LAB.secretsEndpoint, { ...ALLOW, Action: 'secretsmanager:GetSecretValue' }),
    );
    expect([report.verdict, codesOf(report)]).toEqual(['healthy', []]);
    expect(report.notChecked.join(' ')).toContain(`What the policy of ${LAB.secretsEndpoint} leaves out`);
  });

  const forOthers: readonly (readonly [string, Record<string, unknown>])[] = [
    ['one role as principal', { ...ALLOW, Principal: { AWS: `arn:aws:iam::${LAB_ACCOUNT}:role/app` } }],
    [
      'one role in a condition',
      { ...ALLOW, Condition: { ArnLike: { 'aws:PrincipalArn': `arn:aws:iam::${LAB_ACCOUNT}:role/app` } } },
    ],
  ];
  it.each(forOthers)('an endpoint’s policy for %s: the application may have it', async (_name, statement) => {
    const report = await unsigned(endpointPolicy(LAB.secretsEndpoint, statement));
    expect([report.verdict, codesOf(report)]).toEqual(['healthy', []]);
    expect(report.notChecked.join(' ')).toContain(`What the policy of ${LAB.secretsEndpoint} leaves out`);
  });

  it.each(forOthers)('an endpoint’s policy for %s: who signs and is refused is shut out by it', async (_name, one) => {
    const report = await signed(endpointPolicy(LAB.secretsEndpoint, one), [LAB.secretsHost]);
    expect(codesOf(report)).toEqual(['endpoint-policy-denies']);
  });

  it('an endpoint’s policy for another account lets nobody here through, asked or not', async () => {
    const report = await unsigned(
      endpointPolicy(LAB.secretsEndpoint, { ...ALLOW, Principal: { AWS: '444455556666' } }),
    );
    expect(codesOf(report)).toEqual(['endpoint-policy-denies']);
    expect(report.headline).toContain('answers, and would refuse what is asked');
  });

  const narrow: readonly (readonly [string, (world: World) => void, string, string])[] = [
    [
      'names the application’s action',
      endpointPolicy(LAB.secretsEndpoint, { ...ALLOW, Action: 'secretsmanager:GetSecretValue' }),
      LAB.secretsHost,
      `${LAB.secretsEndpoint}’s policy leaves out secretsmanager:ListSecrets, which only this run asked for, and lets others through (secretsmanager:GetSecretValue).`,
    ],
    [
      'denies what lists',
      endpointPolicy(LAB.secretsEndpoint, ALLOW, { ...ALLOW, Effect: 'Deny', Action: 'secretsmanager:List*' }),
      LAB.secretsHost,
      `${LAB.secretsEndpoint}’s policy leaves out secretsmanager:ListSecrets, which only this run asked for, and lets other requests through.`,
    ],
    [
      'lets objects of the bucket through, and nothing that lists them',
      endpointPolicy(LAB.s3Endpoint, { ...ALLOW, Action: 's3:GetObject', Resource: `${BUCKET}/*` }),
      BUCKET_HOST,
      `${LAB.s3Endpoint}’s policy leaves out s3:ListBucket, which only this run asked for, and lets others through (s3:GetObject).`,
    ],
  ];
  it.concurrent.each(narrow)(
    'an endpoint’s policy that %s: a word of advice when --signed is refused',
    async (_name, edit, host, words) => {
      const report = await signed(edit, [host]);
      expect([report.verdict, report.targets[0]?.status, report.unexplained]).toEqual(['healthy', 'reachable', []]);
      expect(report.causes).toMatchObject([
        { code: 'endpoint-policy-denies', severity: 'advice', standing: 'confirmed' },
      ]);
      expect(report.causes[0]?.summary).toBe(`${words} That proves nothing about what the application asks.`);
      // Nothing is opened for a read that nobody needs.
      expect(report.causes[0]?.fix).toMatchObject({ proof: 'unproven', undo: [] });
      expect(report.causes[0]?.fix.diff).toBeUndefined();
      expect(report.fixPlan.steps).toEqual([]);
      expect(report.notChecked.join(' ')).not.toContain('nobody asked for it');
    },
  );

  it('what the service refuses in other words than the narrow policy’s is not explained by it', async () => {
    const report = await signed((world) => {
      endpointPolicy(LAB.secretsEndpoint, { ...ALLOW, Action: 'secretsmanager:GetSecretValue' })(world);
      world.organization = {
        serviceControlPolicies: [
          { Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }] },
          { Statement: [{ Effect: 'Deny', Action: 'secretsmanager:*', Resource: '*' }] },
        ],
      };
    });
    expect([report.verdict, codesOf(report)]).toEqual(['degraded', ['organization-policy-denies']]);
  });

  it('a condition on an organization that nobody here knows is not decided, and changes no verdict', async () => {
    const report = await unsigned(
      endpointPolicy(LAB.secretsEndpoint, { ...ALLOW, Condition: { StringEquals: { 'aws:PrincipalOrgID': 'o-1' } } }),
    );
    expect([report.verdict, codesOf(report)]).toEqual(['healthy', []]);
    const open = report.undecided.find((one) => one.code === 'endpoint-policy-denies');
    expect(open).toMatchObject({ matters: false, missing: [{ action: 'aws:PrincipalOrgID', why: 'not-told' }] });
  });

  it('a policy in a form that nobody knows is said to be so', async () => {
    const report = await unsigned((world) => {
      find(world, 'vpcEndpoints', LAB.secretsEndpoint).PolicyDocument = '{"Statement":[{"Effect":"Perhaps"}]}';
    });
    expect(report.verdict).toBe('healthy');
    const left = report.undecided.find(({ code }) => code === 'endpoint-policy-denies');
    expect(left).toMatchObject({ matters: false, targets: [LAB.secretsHost] });
    expect(left?.missing[0]?.detail).toContain('in a form that can be evaluated');
  });

  it('a 403 to a request that is not signed', async () => {
    const report = await unsigned(() => {}, [LAB.s3Host, BUCKET_HOST]);
    expect([report.verdict, codesOf(report)]).toEqual(['healthy', []]);
    expect(report.observations.some((one) => one.rung === 'https' && one.detail.status === 403)).toBe(true);
  });

  it('a service that takes no endpoint policy, whatever the document says', async () => {
    const report = await unsigned((world) => {
      endpointPolicy(LAB.secretsEndpoint, { ...ALLOW, Effect: 'Deny' })(world);
      for (const one of world.api.endpointServices)
        if (one.ServiceName?.endsWith('.secretsmanager') === true) one.VpcEndpointPolicySupported = false;
    });
    expect([report.verdict, codesOf(report)]).toEqual(['healthy', []]);
    const out = report.ruledOut.find((one) => one.code === 'endpoint-policy-denies');
    expect(out?.because).toContain('takes no endpoint policy');
  });

  it('a Deny of the bucket that has nothing to do with the way is another matter', async () => {
    const report = await signed(
      bucketPolicy({
        Effect: 'Deny',
        Principal: '*',
        Action: 's3:*',
        Resource: [BUCKET],
        Condition: { ArnNotLike: { 'aws:PrincipalArn': 'arn:aws:iam::111122223333:role/other' } },
      }),
      [BUCKET_HOST],
    );
    expect(codesOf(report)).not.toContain('resource-policy-denies-path');
    expect(report.verdict).not.toBe('healthy');
  });
});

describe('packets against the policy', () => {
  it('an answer that the policy as read would deny speaks against the finding', async () => {
    const described = healthyWorld();
    endpointPolicy(LAB.secretsEndpoint, { ...ALLOW, Action: 'kms:*' })(described);
    const { report } = await runInLab(healthyWorld(), [LAB.secretsHost], { ...SIGNED, describe: described });
    expect(codesOf(report)).toEqual([]);
    expect(report.contradicted.map((one) => one.code)).toEqual(['endpoint-policy-denies']);
  });

  it('the service’s words and a policy that cannot be read are likely', async () => {
    const world = healthyWorld();
    endpointPolicy(LAB.secretsEndpoint, { ...ALLOW, Action: 'kms:*' })(world);
    world.refusals['ec2:DescribeVpcEndpoints'] = 'denied';
    const { report } = await runInLab(world, [LAB.secretsHost], SIGNED);
    expect(report.causes[0]).toMatchObject({ code: 'endpoint-policy-denies', standing: 'likely' });
    expect(report.unexplained).toEqual([]);
    const open = report.undecided.find((one) => one.code === 'endpoint-policy-denies');
    expect(open?.missing.map((one) => one.action)).toContain('ec2:DescribeVpcEndpoints');
  });

  it('the service’s words and a policy that allows it now are likely, and the change is told', async () => {
    const world = healthyWorld();
    endpointPolicy(LAB.secretsEndpoint, { ...ALLOW, Action: 'kms:*' })(world);
    const { report } = await runInLab(world, [LAB.secretsHost], { ...SIGNED, describe: healthyWorld() });
    expect(report.causes[0]).toMatchObject({ code: 'endpoint-policy-denies', standing: 'likely' });
    expect(report.causes[0]?.summary).toContain('as it reads now allows it');
  });
});

describe('several at once', () => {
  it('a closed port and a policy are both named, and only both open the target', async () => {
    const report = await unsigned((world) => {
      find(world, 'securityGroups', LAB.endpointGroup).IpPermissions = [];
      endpointPolicy(LAB.secretsEndpoint, { ...ALLOW, Action: 'kms:*' })(world);
    });
    expect(codesOf(report)).toEqual(['endpoint-sg-blocks-client', 'endpoint-policy-denies']);
    expect(report.causes.map((cause) => [cause.standing, cause.fix.proof])).toEqual([
      ['confirmed', 'necessary'],
      ['likely', 'necessary'],
    ]);
    expect(report.fixPlan).toMatchObject({ steps: [1, 2], opens: [LAB.secretsHost], remaining: [] });
  });

  it('two policies that both deny: one phrase clears neither, and each fix is necessary', async () => {
    const report = await signed(
      (world) => {
        bucketPolicy(denyUnless('aws:SourceVpce', 'vpce-111'))(world);
        endpointPolicy(LAB.s3Endpoint, { ...ALLOW, Action: 'kms:*' })(world);
      },
      [BUCKET_HOST],
    );
    expect(codesOf(report).toSorted()).toEqual(['endpoint-policy-denies', 'resource-policy-denies-path']);
    expect(report.causes.map((cause) => cause.fix.proof)).toEqual(['necessary', 'necessary']);
    const silent = report.causes.find((one) => one.code === 'endpoint-policy-denies')?.because.map((one) => one.text);
    expect(silent?.join('\n')).not.toContain('resource-based policy');
    expect(silent).toContain('the service’s words name one policy only, though several may deny');
    expect(report.fixPlan.opens).toEqual([BUCKET_HOST]);
  });

  it('one policy for two targets is one cause and one change', async () => {
    const hosts = [BUCKET_HOST, `archive.${LAB.s3Host}`];
    const report = await signed(endpointPolicy(LAB.s3Endpoint, { ...ALLOW, Action: 'dynamodb:*' }), hosts);
    expect(codesOf(report)).toEqual(['endpoint-policy-denies']);
    expect(report.causes[0]?.targets).toEqual(hosts);
    expect(report.causes[0]?.fix.proof).toBe('opens');
    expect(report.fixPlan.opens).toEqual(hosts);
  });
});

describe('buckets of AWS', () => {
  const own = { ...ALLOW, Action: 's3:*', Resource: [BUCKET, `${BUCKET}/*`] };

  it('are judged for the workload that was chosen, one by one', async () => {
    const world = healthyWorld();
    endpointPolicy(LAB.s3Endpoint, own)(world);
    addInterfaceEndpoint(world, 'ecr.api');
    addInterfaceEndpoint(world, 'ecr.dkr');
    const { report } = await runInLab(world, [], {
      options: { requests: [{ kind: 'workload', text: 'ecr-pull', workload: 'ecr-pull' }] },
    });
    const cause = report.causes.find((one) => one.code === 'endpoint-policy-omits-aws-buckets');
    expect(cause?.summary).toContain('prod-eu-west-1-starport-layer-bucket (image layers of ECR)');
    expect(cause?.because.map((one) => one.text).join(' ')).toContain('the layers are refused');
    expect(cause?.fix).toMatchObject({ proof: 'opens' });
    expect(cause?.fix.diff).toContain('arn:aws:s3:::prod-eu-west-1-starport-layer-bucket/*');
  });

  const perimeters: readonly (readonly [string, object])[] = [
    ['caller', { ...ALLOW, Condition: { StringEquals: { 'aws:PrincipalAccount': LAB_ACCOUNT } } }],
    ['resource', { ...ALLOW, Condition: { StringEquals: { 'aws:ResourceAccount': LAB_ACCOUNT } } }],
  ];
  it.concurrent.each(perimeters)(
    'get a statement of their own beside a condition on the %s’s account',
    async (_name, own) => {
      const world = healthyWorld();
      endpointPolicy(LAB.s3Endpoint, own)(world);
      addInterfaceEndpoint(world, 'ecr.api');
      addInterfaceEndpoint(world, 'ecr.dkr');
      const { report } = await runInLab(world, [], {
        options: { requests: [{ kind: 'workload', text: 'ecr-pull', workload: 'ecr-pull' }] },
      });
      const cause = report.causes.find((one) => one.code === 'endpoint-policy-omits-aws-buckets');
      expect(cause?.fix).toMatchObject({ proof: 'opens' });
      // Which account the bucket is of, nobody outside AWS knows: no policy can name it.
      expect(cause?.fix.commands.join(' ')).not.toMatch(/an (?:account|organization) of AWS/);
      expect(cause?.fix.diff).toContain('"Resource": "arn:aws:s3:::prod-eu-west-1-starport-layer-bucket/*"');
    },
  );

  it('are nobody’s business without a workload that reads them', async () => {
    const report = await unsigned(endpointPolicy(LAB.s3Endpoint, own), [LAB.s3Host]);
    expect([report.verdict, codesOf(report)]).toEqual(['healthy', []]);
  });

  it('are shut out by a condition on the caller’s organization, whoever reads them', async () => {
    const host = `https://al2023-repos-eu-west-1-de612dc2.${LAB.s3Host}/core/mirrors/latest/x86_64/mirror.list`;
    const report = await unsigned(
      endpointPolicy(LAB.s3Endpoint, { ...ALLOW, Condition: { StringEquals: { 'aws:PrincipalOrgID': 'o-1' } } }),
      [host],
    );
    expect(report.causes[0]).toMatchObject({
      code: 'endpoint-policy-omits-aws-buckets',
      standing: 'confirmed',
      fix: { proof: 'opens' },
    });
  });

  it('that are refused by a policy which cannot be read leave nothing healthy', async () => {
    const host = `https://al2023-repos-eu-west-1-de612dc2.${LAB.s3Host}/core/mirrors/latest/x86_64/mirror.list`;
    const report = await unsigned(
      (world) => {
        endpointPolicy(LAB.s3Endpoint, own)(world);
        world.refusals['ec2:DescribeVpcEndpoints'] = 'denied';
      },
      [host],
    );
    expect(report.verdict).toBe('degraded');
    expect(report.causes[0]).toMatchObject({ code: 'endpoint-policy-omits-aws-buckets', standing: 'likely' });
  });

  it('are let through by a statement for them', async () => {
    const host = `https://al2023-repos-eu-west-1-de612dc2.${LAB.s3Host}/core/mirrors/latest/x86_64/mirror.list`;
    const layers = { ...ALLOW, Action: 's3:GetObject', Resource: 'arn:aws:s3:::al2023-repos-eu-west-1-de612dc2/*' };
    const report = await unsigned(endpointPolicy(LAB.s3Endpoint, own, layers), [host]);
    expect([report.verdict, codesOf(report)]).toEqual(['healthy', []]);
    const out = report.ruledOut.find((one) => one.code === 'endpoint-policy-omits-aws-buckets');
    expect(out?.because).toContain('statement 2');
  });
});

describe('who asks', () => {
  it('a role is named by its session, and asked for by its role', async () => {
    const report = await signed((world) => {
      world.identityPolicies = [
        { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: 's3:*', Resource: '*' }] },
      ];
    });
    const [cause] = report.causes;
    expect(cause).toMatchObject({ code: 'identity-policy-denies', fix: { owner: 'IAM owner', proof: 'unproven' } });
    expect(cause?.fix.commands[0]).toContain(`arn:aws:iam::${LAB_ACCOUNT}:${ROLE}`);
    expect(cause?.fix.summary).toContain('"Action":"secretsmanager:ListSecrets"');
  });

  it('missing credentials are no fault of the host as long as nobody asks to sign', async () => {
    const report = await unsigned((world) => {
      world.client.withoutCredentials = true;
    });
    expect(codesOf(report)).not.toContain('credentials-missing');
  });

  it('what a wrong clock refuses is the clock’s', async () => {
    const report = await signed((world) => {
      world.client.clockAheadMs = 3_600_000;
    });
    expect(codesOf(report)).toEqual(['clock-skew']);
  });
});

describe('another service behind a certificate that fits', () => {
  it.each(['kms', 'dynamodb', 'sqs'])(
    '%s is told by what it says to a signed request, and nobody blames the credentials',
    async (other) => {
      const report = await signed((world) => {
        addNatGateway(world);
        world.api.vpcEndpoints = world.api.vpcEndpoints.filter((one) => one.VpcEndpointType !== 'Interface');
        const certificateNames = [`${other}.eu-west-1.amazonaws.com`, LAB.secretsHost];
        world.servers[LAB.publicSecretsAddress] = { certificateNames, ports: [443] };
      });
      const cause = report.causes.find((one) => one.code === 'wrong-service-answers');
      expect(cause).toMatchObject({ standing: 'confirmed' });
      expect(codesOf(report)).not.toContain('credentials-missing');
      expect(report.unexplained).toEqual([]);
    },
  );
});

describe('a private API', () => {
  const API = 'a1b2c3d4e5';
  const url = `https://${API}.execute-api.eu-west-1.amazonaws.com/prod/orders`;
  /** An execute-api endpoint, and a private API whose policy demands this endpoint. */
  const privateApi = (vpce: string) => (world: World) => {
    checkOf('public-api-hijacked')?.demonstration.inject(world);
    world.api.resourcePolicies.push({
      ResourceArn: `arn:aws:apigateway:eu-west-1::/restapis/${API}`,
      Policy: policy(
        {
          Effect: 'Allow',
          Principal: '*',
          Action: 'execute-api:Invoke',
          Resource: `arn:aws:execute-api:eu-west-1:${LAB_ACCOUNT}:${API}/*`,
        },
        {
          Effect: 'Deny',
          Principal: '*',
          Action: 'execute-api:Invoke',
          Resource: `arn:aws:execute-api:eu-west-1:${LAB_ACCOUNT}:${API}/*`,
          Condition: { StringNotEquals: { 'aws:SourceVpce': vpce } },
        },
      ),
      Action: 'apigateway:GET',
    });
  };

  it('that demands another endpoint says so to whoever asks, signed or not', async () => {
    const report = await unsigned(privateApi('vpce-111'), [url]);
    const said = report.causes[0]?.because.filter((one) => one.source === 'probe') ?? [];
    expect(said.map((one) => one.text)).toEqual([expect.stringMatching(/explicit deny in a resource-based policy$/)]);
    expect(codesOf(report)).toEqual(['resource-policy-denies-path']);
    expect(report.causes[0]?.summary).toMatch(
      /aws:SourceVpce vpce-111|resource’s own policy denies execute-api:Invoke/,
    );
    expect(report.verdict).toBe('degraded');
  });

  it('that demands this endpoint answers', async () => {
    const report = await unsigned(privateApi('vpce-a9100001'), [url]);
    expect([report.verdict, codesOf(report)]).toEqual(['healthy', []]);
  });
});
