/** Handshakes that stall, each kind played by a middlebox of the lab and met with real packets. */
import { describe, expect, it } from 'vitest';
import { healthyWorld, LAB, type World, type WorldMiddlebox } from '../../src/lab/world.ts';
import { isDefaultHelloLarge } from '../../src/probes/hello.ts';
import { runInLab, SHORT } from './lab-run.ts';

const durations = { ...SHORT, tlsHandshake: 1_200, httpsExchange: 2_000 };

function behind(box: WorldMiddlebox, addresses: readonly string[] = [LAB.secretsAddressA, LAB.secretsAddressB]): World {
  const world = healthyWorld();
  world.middleboxes = Object.fromEntries(addresses.map((address) => [address, box]));
  return world;
}

describe.concurrent('a middlebox that', () => {
  it.each<[string, WorldMiddlebox, string, RegExp]>([
    ['drops a server name', { dropsServerNames: [LAB.secretsHost] }, 'tls-handshake-dropped', /that names secrets/],
    ['drops long hellos', { dropsHellosAbove: 1_460 }, 'tls-handshake-dropped', /answers? a small ClientHello/],
    ['drops every hello', { dropsHellosAbove: 0 }, 'tls-handshake-dropped', /small or large/],
    ['passes nothing', { dropsEverything: true }, 'tls-handshake-dropped', /then nothing gets an answer/],
    [
      'loses what fills segments towards us',
      { losesServerFlightsAbove: 500 },
      'mtu-blackhole',
      /to this host are lost/,
    ],
    [
      'loses what fills segments from us',
      { losesClientFlightsAbove: 1_200 },
      'mtu-blackhole',
      /from this host are lost/,
    ],
  ])('%s', async (_words, box, code, summary) => {
    const { report } = await runInLab(behind(box), [LAB.secretsHost], { options: { durations } });
    expect(report.causes.map((cause) => [cause.code, cause.standing])).toEqual([[code, 'confirmed']]);
    expect(report.causes[0]?.summary).toMatch(summary);
    expect(report.unexplained).toEqual([]);
    // Where this Node's own hello is small, one that loses large ones breaks only other clients.
    const own = isDefaultHelloLarge() || !/long|from us/.test(_words);
    expect(report.verdict).toBe(own ? 'blocked' : 'degraded');
  });

  it('stands before one of two addresses degrades, and no more', async () => {
    const world = behind({ dropsEverything: true }, [LAB.secretsAddressB]);
    const { report } = await runInLab(world, [LAB.secretsHost], { options: { durations } });
    expect(report.causes).toMatchObject([{ code: 'tls-handshake-dropped', severity: 'degrading' }]);
    expect(report.causes[0]?.resources).toEqual([LAB.secretsAddressB]);
    expect([report.verdict, report.unexplained]).toEqual(['degraded', []]);
  });

  it('is not blamed for what it does not do: no experiment where all handshakes succeed', async () => {
    const { report, questions } = await runInLab(behind({ dropsServerNames: ['example.com'] }));
    expect(report.verdict).toBe('healthy');
    const connections = questions.filter((question) => question.startsWith('tcp 10.0.'));
    // TCP, TLS and HTTPS to two addresses, and one large hello where this Node's own is small.
    expect(connections).toHaveLength(isDefaultHelloLarge() ? 6 : 7);
  });

  it('cut short by the deadline leaves the stall unexplained', async () => {
    const { report } = await runInLab(behind({ dropsHellosAbove: 0 }), [LAB.secretsHost], {
      options: { durations: { ...durations, deadline: 2_000 } },
    });
    expect(report.causes).toEqual([]);
    expect(report.verdict).toBe('inconclusive');
    expect(report.unexplained.length).toBeGreaterThan(0);
  });
});
