/** Who answers TLS, and whose fault it is when that goes wrong: worlds of the lab with real certificates, and their look-alikes. */
import { describe, expect, it } from 'vitest';
import { find, healthyWorld, LAB, type World } from '../../src/lab/world.ts';
import type { Report } from '../../src/model/report.ts';
import { runInLab } from './lab-run.ts';

const SECRETS = `com.amazonaws.${healthyWorld().region}.secretsmanager`;
const INSPECTION = {
  organization: 'Example Corp',
  commonName: 'Example Corp TLS Inspection CA',
  rootInstalled: false,
  answers: 'relayed',
} as const;
const DAY = 86_400_000;
const BUNDLE = '/etc/ssl/certs/ca-certificates.crt';

/** The report of the healthy world after `edit`. */
async function reportOf(edit: (world: World) => void, targets?: readonly string[]): Promise<Report> {
  const world = healthyWorld();
  edit(world);
  const { report } = await runInLab(world, targets);
  return report;
}

/** `code severity standing`, in rank order. */
const found = (report: Report) => report.causes.map((one) => `${one.code} ${one.severity} ${one.standing}`);

const FIRST: readonly [string, (world: World) => void, readonly string[], Report['verdict']][] = [
  ['nothing', () => {}, [], 'healthy'],
  [
    'a middlebox whose root is not installed',
    (world) => {
      world.tlsInspection = INSPECTION;
    },
    ['tls-intercepted blocking confirmed'],
    'blocked',
  ],
  [
    'a middlebox whose root is installed: everything works, and that is said',
    (world) => {
      world.tlsInspection = { ...INSPECTION, rootInstalled: true };
    },
    ['tls-intercepted advice confirmed'],
    'healthy',
  ],
  [
    'a middlebox that is trusted and says no',
    (world) => {
      world.tlsInspection = { ...INSPECTION, rootInstalled: true, answers: 'block-page' };
    },
    ['tls-intercepted degrading confirmed'],
    'degraded',
  ],
  [
    'a middlebox that is trusted and shows its own name',
    (world) => {
      world.tlsInspection = { ...INSPECTION, rootInstalled: true, answers: 'block-page' };
      world.endpointCertificateNames[SECRETS] = ['blocked.example.com'];
    },
    ['tls-intercepted blocking confirmed'],
    'blocked',
  ],
  [
    'a middlebox on a host without Amazon’s roots: the corporate root is not the cause, the middlebox is',
    (world) => {
      world.tlsInspection = INSPECTION;
      world.client.trustStore = 'without-amazon';
    },
    ['tls-intercepted blocking confirmed'],
    'blocked',
  ],
  [
    'an endpoint that answers with a self-signed certificate',
    (world) => {
      world.endpointCertificates = { [SECRETS]: { signedBy: 'itself' } };
    },
    ['tls-intercepted blocking confirmed'],
    'blocked',
  ],
  [
    'a bundle without Amazon’s roots',
    (world) => {
      world.client.trustStore = 'without-amazon';
    },
    ['ca-bundle-missing blocking confirmed'],
    'blocked',
  ],
  [
    'no bundle at all, for this run as for the rest',
    (world) => {
      world.client.trustStore = 'no-file';
    },
    ['ca-bundle-missing blocking confirmed'],
    'blocked',
  ],
  [
    'an empty bundle that only applications use',
    (world) => {
      world.client.files = { [BUNDLE]: '' };
    },
    ['ca-bundle-missing degrading confirmed'],
    'degraded',
  ],
  [
    'AWS_CA_BUNDLE that names a file which is not there',
    (world) => {
      world.client.env['AWS_CA_BUNDLE'] = '/opt/corp/ca.pem';
    },
    ['ca-bundle-missing degrading confirmed'],
    'degraded',
  ],
  [
    'REQUESTS_CA_BUNDLE that names a folder, for all that this run can tell',
    (world) => {
      world.client.env['REQUESTS_CA_BUNDLE'] = '/etc/ssl/certs';
    },
    [],
    'healthy',
  ],
  [
    'no bundle that applications could use, as far as can be seen',
    (world) => {
      world.client.files = { [BUNDLE]: undefined };
    },
    ['ca-bundle-missing advice confirmed'],
    'healthy',
  ],
  [
    'NODE_EXTRA_CA_CERTS that names a file which is not there: Node goes on without it',
    (world) => {
      world.client.env['NODE_EXTRA_CA_CERTS'] = '/opt/corp/ca.pem';
    },
    [],
    'healthy',
  ],
  [
    'an expired certificate',
    (world) => {
      world.endpointCertificates = { [SECRETS]: { validFromDays: -100, validToDays: -10 } };
    },
    ['certificate-expired blocking confirmed'],
    'blocked',
  ],
  [
    'an expired certificate, and no metadata service to ask',
    (world) => {
      world.endpointCertificates = { [SECRETS]: { validFromDays: -100, validToDays: -10 } };
      world.client.metadata = 'none';
    },
    ['certificate-expired blocking confirmed'],
    'blocked',
  ],
  [
    'a certificate that is not valid yet',
    (world) => {
      world.endpointCertificates = { [SECRETS]: { validFromDays: 2, validToDays: 90 } };
    },
    ['certificate-expired blocking confirmed'],
    'blocked',
  ],
  [
    'a clock a year and a bit ahead: every certificate is expired',
    (world) => {
      world.client.clockAheadMs = 400 * DAY;
    },
    ['clock-skew blocking confirmed'],
    'blocked',
  ],
  [
    'a clock of 2025: no certificate is valid yet',
    (world) => {
      world.client.clockAheadMs = -300 * DAY;
    },
    ['clock-skew blocking confirmed'],
    'blocked',
  ],
  [
    'an expired certificate and a clock that is ten minutes off: two causes',
    (world) => {
      world.endpointCertificates = { [SECRETS]: { validFromDays: -100, validToDays: -10 } };
      world.client.clockAheadMs = 10 * 60_000;
    },
    ['certificate-expired blocking confirmed', 'clock-skew blocking likely'],
    'blocked',
  ],
  [
    'a clock four minutes behind: signatures still hold',
    (world) => {
      world.client.clockAheadMs = -4 * 60_000;
    },
    [],
    'healthy',
  ],
  [
    'a clock six minutes behind',
    (world) => {
      world.client.clockAheadMs = -6 * 60_000;
    },
    ['clock-skew degrading confirmed'],
    'degraded',
  ],
  [
    'another service behind the name',
    (world) => {
      world.endpointAnswersAs = { [SECRETS]: 'kms' };
    },
    ['wrong-service-answers blocking confirmed'],
    'blocked',
  ],
  [
    'a certificate for another name, and expired: both are said',
    (world) => {
      world.endpointCertificateNames[SECRETS] = ['internal.example.com'];
      world.endpointCertificates = { [SECRETS]: { validFromDays: -100, validToDays: -10 } };
    },
    ['certificate-expired blocking confirmed', 'tls-name-mismatch blocking confirmed'],
    'blocked',
  ],
  [
    'another service behind the name, on a host without Amazon’s roots: both are said',
    (world) => {
      world.endpointAnswersAs = { [SECRETS]: 'kms' };
      world.client.trustStore = 'without-amazon';
    },
    ['ca-bundle-missing blocking confirmed', 'wrong-service-answers blocking confirmed'],
    'blocked',
  ],
  [
    'a certificate of a name that is nobody’s in our table',
    (world) => {
      world.endpointCertificateNames[SECRETS] = ['internal.example.com'];
    },
    ['tls-name-mismatch blocking confirmed'],
    'blocked',
  ],
  [
    'a certificate that lists other services beside the right one',
    (world) => {
      world.endpointCertificateNames[SECRETS] = [LAB.secretsHost, `kms.${world.region}.amazonaws.com`];
    },
    [],
    'healthy',
  ],
];

describe.concurrent('who answers', () => {
  it.each(FIRST)('%s', async (_words, edit, expected, verdict) => {
    const report = await reportOf(edit);
    expect(found(report)).toEqual(expected);
    expect(report.unexplained).toEqual([]);
    expect(report.contradicted).toEqual([]);
    expect(report.verdict).toBe(verdict);
  });
});

describe.concurrent('what is said of it', () => {
  it('names the middlebox, and the way out of it', async () => {
    const report = await reportOf((world) => {
      world.tlsInspection = INSPECTION;
    });
    const [first] = report.causes;
    expect(first?.summary).toContain('“Example Corp TLS Inspection CA” signed, not Amazon');
    expect(first?.because[0]?.text).toContain('O=Example Corp');
    expect(first?.fix.summary).toContain('Exempt');
    expect(first?.fix.caution).toContain('Never switch certificate verification off');
  });

  it('asks for the clock first where nobody vouches for it', async () => {
    const world = healthyWorld();
    world.endpointCertificates = { [SECRETS]: { validFromDays: -100, validToDays: -10 } };
    world.client.metadata = 'none';
    const { report } = await runInLab(world, [LAB.secretsHost], { options: { useApi: false } });
    expect(found(report)).toEqual(['certificate-expired blocking confirmed']);
    expect(report.causes[0]?.summary).toContain('No other clock was seen');
    expect(report.causes[0]?.fix.summary).toMatch(/^Check this machine’s clock/);
  });

  it('tells S3’s fifteen minutes from the others’ five', async () => {
    const late = (minutes: number) =>
      reportOf(
        (world) => {
          world.client.clockAheadMs = minutes * 60_000;
        },
        [LAB.s3Host],
      );
    expect(found(await late(10))).toEqual([]);
    expect(found(await late(16))).toEqual(['clock-skew degrading confirmed']);
  });

  it('is a cause of its own behind another, by the metadata service’s word or by the EC2 API’s', async () => {
    for (const metadata of ['ec2', 'none'] as const) {
      const report = await reportOf((world) => {
        world.client.clockAheadMs = 30 * 60_000;
        world.client.metadata = metadata;
        world.client.env['AWS_EC2_METADATA_DISABLED'] = String(metadata === 'none');
        find(world, 'securityGroups', LAB.endpointGroup).IpPermissions = [];
      });
      expect(found(report)).toEqual(['endpoint-sg-blocks-client blocking confirmed', 'clock-skew blocking likely']);
      expect(report.causes[1]?.summary).toContain(
        metadata === 'ec2' ? 'ahead of the instance metadata service' : 'ahead of the EC2 API',
      );
    }
  });

  it('joins all targets of a wrong clock into one cause', async () => {
    const report = await reportOf((world) => {
      world.client.clockAheadMs = 20 * 60_000;
    }, []);
    expect(found(report)).toEqual(['clock-skew degrading confirmed']);
    expect(report.causes[0]?.targets).toEqual([LAB.s3Host, LAB.secretsHost].sort());
  });

  it('an unset variable is the fix where a variable names the wrong bundle', async () => {
    const report = await reportOf((world) => {
      world.client.env['AWS_CA_BUNDLE'] = '/opt/corp/ca.pem';
    });
    expect(report.causes[0]?.fix.commands).toEqual(['unset AWS_CA_BUNDLE']);
    expect(report.causes[0]?.fix.undo).toEqual(['export AWS_CA_BUNDLE=/opt/corp/ca.pem']);
  });

  it('an API call without a stage is not judged: API Gateway forbids it whatever the API is', async () => {
    const host = `a1b2c3d4e5.execute-api.${healthyWorld().region}.amazonaws.com`;
    const { CHECKS } = await import('../../src/checks/index.ts');
    const inject = CHECKS.find((one) => one.code === 'public-api-hijacked')?.demonstration.inject;
    const edit = (world: World) => inject?.(world);
    expect(found(await reportOf(edit, [host]))).toEqual([]);
    expect(found(await reportOf(edit, [`https://${host}/prod`]))).toEqual(['public-api-hijacked degrading confirmed']);
  });
});

describe.concurrent('a name that leads somewhere else', () => {
  it('to another service’s endpoint: the record is the cause, who answers follows from it', async () => {
    const report = await reportOf((world) => {
      addKmsEndpoint(world);
      world.client.hosts.push(`${KMS_ADDRESS} ${LAB.secretsHost}`);
    });
    expect(found(report)).toEqual([
      'hosts-file-overrides blocking confirmed',
      'wrong-service-answers blocking confirmed',
    ]);
    expect(report.causes[0]?.fix.proof).toBe('opens');
    expect(report.causes[1]?.summary).toContain('an interface of vpce-4e500001, and what answers there is kms');
    expect(report.fixPlan).toMatchObject({ steps: [1], opens: [LAB.secretsHost] });
    expect(report.unexplained).toEqual([]);
  });

  it('to some server with a certificate of its own: nobody is in between', async () => {
    const report = await reportOf((world) => {
      world.api.networkInterfaces.push({
        ...find(world, 'networkInterfaces', LAB.secretsInterfaceA),
        NetworkInterfaceId: 'eni-00000099',
        Description: 'a server',
        PrivateIpAddress: '10.0.2.99',
        PrivateIpAddresses: [{ PrivateIpAddress: '10.0.2.99', Primary: true }],
      });
      world.servers['10.0.2.99'] = { certificateNames: ['intranet.example.com'], ports: [443] };
      world.client.trustStore = 'without-amazon';
      world.client.hosts.push(`10.0.2.99 ${LAB.secretsHost}`);
    });
    expect(found(report)[0]).toBe('hosts-file-overrides blocking confirmed');
    expect(report.causes.map((one) => one.code)).not.toContain('tls-intercepted');
    expect(report.unexplained).toEqual([]);
  });
});

describe.concurrent('a partner’s service', () => {
  it.each([
    ['with a certificate of Amazon’s', {}, []],
    ['with a private authority', { signedBy: 'private' as const }, ['ca-bundle-missing blocking confirmed']],
    ['that signs itself', { signedBy: 'itself' as const }, ['ca-bundle-missing blocking confirmed']],
    ['that forgot to renew', { validFromDays: -100, validToDays: -1 }, ['certificate-expired blocking confirmed']],
  ])('%s', async (_words, certificate, expected) => {
    const service = 'com.amazonaws.vpce.eu-west-1.vpce-svc-0a1b2c3d4e5f60718';
    const name = `${LAB.secretsEndpoint}-a1b2c3d4.vpce-svc-0a1b2c3d4e5f60718.eu-west-1.vpce.amazonaws.com`;
    const report = await reportOf(
      (world) => {
        const endpoint = find(world, 'vpcEndpoints', LAB.secretsEndpoint);
        Object.assign(endpoint, { ServiceName: service, PrivateDnsEnabled: false, DnsEntries: [{ DnsName: name }] });
        world.endpointCertificates = { [service]: certificate };
      },
      [name],
    );
    expect(found(report)).toEqual(expected);
    expect(report.unexplained).toEqual([]);
  });
});

const KMS_ADDRESS = '10.0.2.77';

function addKmsEndpoint(world: World): void {
  const like = structuredClone(find(world, 'vpcEndpoints', LAB.secretsEndpoint));
  world.api.networkInterfaces.push({
    ...structuredClone(find(world, 'networkInterfaces', LAB.secretsInterfaceA)),
    NetworkInterfaceId: 'eni-4e500001',
    PrivateIpAddress: KMS_ADDRESS,
    PrivateIpAddresses: [{ PrivateIpAddress: KMS_ADDRESS, Primary: true }],
  });
  world.api.vpcEndpoints.push({
    ...like,
    VpcEndpointId: 'vpce-4e500001',
    ServiceName: `com.amazonaws.${world.region}.kms`,
    NetworkInterfaceIds: ['eni-4e500001'],
    DnsEntries: [{ DnsName: `kms.${world.region}.amazonaws.com` }],
  });
}
