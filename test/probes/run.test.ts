import type { ServerResponse } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { decode, encode } from 'dns-packet';
import { afterAll, describe, expect, it } from 'vitest';
import type { Host } from '../../src/model/host.ts';
import { type Observation, type Probe, UNASKED } from '../../src/model/observation.ts';
import { runProbes } from '../../src/probes/run.ts';
import { makeAuthority } from './support/certificates.ts';
import {
  dnsProbe,
  durations,
  host,
  httpsProbe,
  PATIENT,
  running,
  tcpProbe,
  tlsProbe,
  trusting,
} from './support/probes.ts';
import { a, closedPort, dnsServer, LOOPBACK, listening, tcpServer, udpServer } from './support/servers.ts';

const NAME = 'sts.eu-west-1.amazonaws.com';
const authority = makeAuthority('Test Root');
afterAll(() => authority.remove());
const good = authority.issue({ names: [NAME] });
const machine = trusting(authority.root);

const dns = (port: number, name = NAME) => dnsProbe({ name, type: 'A', server: LOOPBACK, port, transport: 'udp' });
const options = (rest: object = {}) => ({ host: machine, durations: PATIENT, signal: running(), ...rest });

/**
 * Holds every question until `enough` wait at once, leaves time for one too many to come, then answers the oldest; all of
 * them once `total` have come.
 */
function gate(enough: number, total: number) {
  const held: (() => void)[] = [];
  let came = 0;
  let most = 0;
  return {
    hold: (answer: () => void) => {
      came += 1;
      held.push(answer);
      most = Math.max(most, held.length);
      if (came === total) for (const waiting of held.splice(0)) waiting();
      else if (held.length >= enough) setTimeout(() => held.shift()?.(), 30);
    },
    most: () => most,
  };
}

describe('runProbes', () => {
  it('asks on every rung and answers in the order of the plan', async () => {
    await using resolver = await dnsServer(() => ({ answers: [a(NAME, '10.0.0.1')] }));
    const web = createHttpsServer(good, (_request, response) =>
      response.writeHead(200, { 'x-amzn-requestid': 'id' }).end(),
    );
    await using server = await listening(web);
    await using silent = await udpServer(() => {});
    const at = { address: LOOPBACK, port: server.port };
    const probes: Probe[] = [
      dns(silent.port),
      httpsProbe({ ...at, serverName: NAME, method: 'GET', path: '/' }),
      tlsProbe({ ...at, serverName: NAME }),
      tcpProbe(at),
      tcpProbe({ ...at, port: await closedPort() }),
      dns(resolver.port),
    ];
    const heard: string[] = [];
    const onObservation = ({ id }: Observation) => heard.push(id);
    const waits = { ...PATIENT, dnsQuery: 1000 };
    const observations = await runProbes(probes, options({ onObservation, durations: waits }));
    expect(observations.map(({ outcome }) => outcome)).toEqual([
      'timeout',
      'aws-answer',
      'trusted',
      'open',
      'refused',
      'answered',
    ]);
    expect(observations.map(({ id }) => id)).toEqual(probes.map(({ id }) => id));
    expect(heard.toSorted()).toEqual(probes.map(({ id }) => id).toSorted());
    expect(heard.at(-1)).toBe(probes[0]?.id);
  });

  it('has no more questions in flight than it may', async () => {
    const pass = gate(3, 9);
    const web = createHttpsServer(good, (_request, response: ServerResponse) => pass.hold(() => response.end()));
    await using server = await listening(web);
    const probes = Array.from({ length: 9 }, (_, index) => {
      return httpsProbe({ address: LOOPBACK, port: server.port, serverName: NAME, method: 'GET', path: `/${index}` });
    });
    const observations = await runProbes(probes, options({ concurrency: 3 }));
    expect(observations.map(({ outcome }) => outcome)).toEqual(Array(9).fill('other-answer'));
    expect(pass.most()).toBe(3);
  });

  it('has at most eight questions in flight to one DNS server', async () => {
    const pass = gate(8, 20);
    await using server = await udpServer((bytes, from, socket) => {
      const { id = 0, questions = [] } = decode(bytes);
      const reply = encode({ type: 'response', id, questions, answers: [a(questions[0]?.name ?? '', '10.0.0.1')] });
      pass.hold(() => socket.send(reply, from.port, from.address));
    });
    const probes = Array.from({ length: 20 }, (_, index) => dns(server.port, `n${index}.example`));
    const observations = await runProbes(probes, options());
    expect(observations.map(({ outcome }) => outcome)).toEqual(Array(20).fill('answered'));
    expect(pass.most()).toBe(8);
  });

  it('does not let a slow DNS server hold up the other questions', async () => {
    await using silent = await udpServer(() => {});
    await using open = await tcpServer((socket) => socket.resume());
    const probes = [
      ...Array.from({ length: 12 }, (_, index) => dns(silent.port, `n${index}.example`)),
      tcpProbe({ address: LOOPBACK, port: open.port }),
    ];
    const heard: string[] = [];
    const onObservation = ({ rung }: Observation) => heard.push(rung);
    await runProbes(probes, options({ onObservation, concurrency: 9, durations: durations(500) }));
    expect(heard).toEqual(['tcp', ...Array(12).fill('dns')]);
  });

  it('asks no more than eight questions of a DNS server that answers none, whatever the order of the clock', async () => {
    const asked = new Set<string | undefined>();
    await using silent = await udpServer((bytes) => asked.add(decode(bytes).questions?.[0]?.name));
    const probes = Array.from({ length: 20 }, (_, index) => dns(silent.port, `n${index}.example`));
    const first = await runProbes(probes, options({ durations: durations(500) }));
    expect(asked.size).toBe(8);
    expect(first.map(({ id }) => id)).toEqual(probes.map(({ id }) => id));
    expect(first.map(({ outcome }) => outcome)).toEqual([...Array(8).fill('timeout'), ...Array(12).fill('skipped')]);
    for (const one of first.slice(8)) expect(one).toMatchObject({ ms: 0, detail: { failure: { code: UNASKED } } });
    // It stays so in the next round, but for what is asked again on purpose, and for the other transport.
    const again = { ...dns(silent.port).subject, attempt: 2 };
    const later = await runProbes(
      [
        dns(silent.port, 'later.example'),
        dnsProbe(again),
        dnsProbe({ ...again, attempt: undefined, transport: 'tcp' }),
      ],
      options({ durations: durations(500), before: first }),
    );
    expect(later.map(({ outcome }) => outcome)).toEqual(['skipped', 'timeout', 'refused']);
    expect([...asked].slice(8)).toEqual([NAME]);
  });

  it('asks everything of a DNS server that answers one question in eight', async () => {
    const came = new Set<string>();
    await using lossy = await udpServer((bytes, from, socket) => {
      const { id = 0, questions = [] } = decode(bytes);
      const name = questions[0]?.name ?? '';
      came.add(name);
      if (Number(name.slice(1, -8)) % 8 !== 7) return;
      socket.send(encode({ type: 'response', id, questions, answers: [] }), from.port, from.address);
    });
    const probes = Array.from({ length: 24 }, (_, index) => dns(lossy.port, `n${index}.example`));
    const observations = await runProbes(probes, options({ durations: durations(500) }));
    expect(came.size).toBe(24);
    expect(observations.filter(({ outcome }) => outcome === 'timeout')).toHaveLength(21);
  });

  it('lets questions that wait in silence overlap, within bounds', async () => {
    let most = 0;
    let now = 0;
    await using mute = await tcpServer((socket) => socket.resume());
    const counting: Host = {
      ...host,
      wire: {
        route: (_transport, address, port) => {
          now += 1;
          most = Math.max(most, now);
          return { address, port };
        },
      },
    };
    const onObservation = () => {
      now -= 1;
    };
    const probes = Array.from({ length: 20 }, (_, index) =>
      tlsProbe({ address: LOOPBACK, port: mute.port, serverName: `n${index}.example` }),
    );
    const observations = await runProbes(
      probes,
      options({ host: counting, onObservation, concurrency: 2, durations: durations(3_000) }),
    );
    expect(observations.map(({ outcome }) => outcome)).toEqual(Array(20).fill('timeout'));
    expect(most).toBe(16);
  });

  it('gives back everything, at once, when the run ends', async () => {
    await using silent = await udpServer(() => {});
    await using mute = await tcpServer((socket) => socket.resume());
    const at = { address: LOOPBACK, port: mute.port };
    const probes: Probe[] = [
      tcpProbe(at),
      dns(silent.port),
      { ...dns(mute.port), subject: { ...dns(mute.port).subject, transport: 'tcp' } },
      tlsProbe({ ...at, serverName: NAME }),
      httpsProbe({ ...at, serverName: NAME, method: 'GET', path: '/' }),
      // Never started: four are in flight.
      tcpProbe({ ...at, localPort: 40_000 }),
      dns(silent.port, 'later.example'),
      tlsProbe({ ...at, serverName: 'later.example' }),
      httpsProbe({ ...at, serverName: NAME, method: 'GET', path: '/later' }),
    ];
    const run = new AbortController();
    const onObservation = ({ outcome }: Observation) => {
      if (outcome === 'open') setTimeout(() => run.abort(), 50);
    };
    // None of these times will ever be over.
    const observations = await runProbes(probes, {
      ...options({ onObservation }),
      concurrency: 4,
      durations: durations(1_000_000),
      signal: run.signal,
    });
    expect(observations.map(({ outcome }) => outcome)).toEqual(['open', ...Array(8).fill('skipped')]);
    expect(observations.map(({ id }) => id)).toEqual(probes.map(({ id }) => id));
    for (const { detail } of observations.slice(1)) {
      expect(detail).toMatchObject({ failure: { code: 'VPCE_DOCTOR_SKIPPED' } });
    }
  });

  it('sends nothing when the run is over before it begins', async () => {
    let asked = 0;
    const wire = {
      route: () => {
        asked += 1;
        return undefined;
      },
    };
    const probes: Probe[] = [dns(53), tcpProbe({ address: LOOPBACK, port: 1 })];
    const observations = await runProbes(probes, options({ host: { ...host, wire }, signal: AbortSignal.abort() }));
    expect(observations).toMatchObject([
      { outcome: 'skipped', ms: 0 },
      { outcome: 'skipped', ms: 0 },
    ]);
    expect(asked).toBe(0);
    expect(await runProbes([], options())).toEqual([]);
  });

  it('reports a probe that throws as a bug, and the others as ever', async () => {
    await using open = await tcpServer((socket) => socket.resume());
    const broken: Host = {
      ...host,
      wire: {
        route: (_transport, address, port) => {
          if (port === 1) throw new TypeError('a bug');
          return { address, port };
        },
      },
    };
    const at = { address: LOOPBACK, port: 1, serverName: NAME };
    const probes: Probe[] = [
      dns(1),
      tcpProbe({ address: LOOPBACK, port: 1 }),
      tlsProbe(at),
      httpsProbe({ ...at, method: 'GET', path: '/' }),
      tcpProbe({ address: LOOPBACK, port: open.port }),
    ];
    const observations = await runProbes(probes, options({ host: broken }));
    for (const observation of observations.slice(0, 4)) {
      expect(observation).toMatchObject({
        outcome: 'failed',
        detail: { failure: { code: 'VPCE_DOCTOR_BUG', message: 'a bug' } },
      });
    }
    expect(observations[4]).toMatchObject({ outcome: 'open' });
  });
});
