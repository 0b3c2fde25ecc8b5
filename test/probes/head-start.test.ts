import { describe, expect, it } from 'vitest';
import type { Host } from '../../src/model/host.ts';
import { probeId } from '../../src/model/observation.ts';
import { headStart } from '../../src/probes/head-start.ts';
import { runProbes } from '../../src/probes/run.ts';
import { dnsProbe, host, PATIENT, running, tcpProbe } from './support/probes.ts';
import { a, dnsServer, LOOPBACK, tcpServer, udpServer } from './support/servers.ts';

const NAME = 'sts.eu-west-1.amazonaws.com';

/** A machine whose resolv.conf names 10.0.0.2, which a server on loopback plays. */
function machine(resolverPort: number): Host {
  return {
    ...host,
    readFile: async (path) => (path === '/etc/resolv.conf' ? 'nameserver 10.0.0.2\n' : undefined),
    wire: {
      route: (_transport, address, port) =>
        address === '10.0.0.2' ? { address: LOOPBACK, port: resolverPort } : { address, port },
    },
  };
}

const question = dnsProbe({ name: NAME, type: 'A', server: '10.0.0.2', port: 53, transport: 'udp' });

describe('headStart', () => {
  it('asks for a name once, and the plan finds the answer', async () => {
    let asked = 0;
    await using resolver = await dnsServer(() => {
      asked += 1;
      return { answers: [a(NAME, '10.0.2.14')] };
    });
    const started = await headStart(machine(resolver.port), ['secretsmanager', NAME], running());
    const planned = { ...question, after: ['dns before'], why: 'the plan knows' };
    const [answer] = await runProbes([planned], {
      host: machine(resolver.port),
      durations: PATIENT,
      signal: running(),
      started,
    });
    expect(asked).toBe(1);
    expect(answer).toMatchObject({ id: question.id, after: ['dns before'], outcome: 'answered' });
  });

  it('connects to an address once', async () => {
    let connected = 0;
    await using server = await tcpServer((socket) => {
      connected += 1;
      socket.destroy();
    });
    const probe = tcpProbe({ address: LOOPBACK, port: server.port });
    const started = await headStart(host, [`${LOOPBACK}:${server.port}`], running());
    const [answer] = await runProbes([probe], { host, durations: PATIENT, signal: running(), started });
    expect(connected).toBe(1);
    expect(answer?.outcome).toBe('open');
  });

  it('leaves everything else to the plan', async () => {
    const odd = [
      'secretsmanager',
      'vpce-0aa',
      'com.amazonaws.eu-west-1.s3',
      `https://${NAME}/`,
      `${NAME}:443`,
      'a.b',
      '1.2.3',
    ];
    const untouched: Host = {
      ...host,
      wire: {
        route: () => {
          throw new Error('no packet may leave');
        },
      },
    };
    expect(await headStart(untouched, odd, running())).toEqual(new Map());
  });

  it('does not wait for silence, and a run that ends does not either', async () => {
    await using silent = await udpServer(() => {});
    const end = new AbortController();
    const started = await headStart(machine(silent.port), [NAME], end.signal);
    expect([...started.keys()]).toEqual([probeId('dns', question.subject)]);
    const running = runProbes([question], {
      host: machine(silent.port),
      durations: PATIENT,
      signal: end.signal,
      started,
    });
    end.abort();
    expect((await running)[0]?.outcome).toBe('skipped');
  });
});
