import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { probeTcp } from '../../src/probes/tcp.ts';
import { guarded, HAS_IPV6, HASTY, host, PATIENT, running, tcpProbe } from './support/probes.ts';
import { blackHole, closedPort, LOOPBACK, tcpServer } from './support/servers.ts';

describe('probeTcp', () => {
  it('finds an open port, tells its own address and port, and sends nothing', async () => {
    const { promise: seen, resolve } = Promise.withResolvers<{ bytes: number; remotePort: number | undefined }>();
    await using server = await tcpServer((socket) => {
      const { remotePort } = socket;
      socket.resume().on('close', () => resolve({ bytes: socket.bytesRead, remotePort }));
    });
    const probe = tcpProbe({ address: LOOPBACK, port: server.port });
    const observation = await probeTcp(probe, host, PATIENT, running());
    expect(observation).toEqual({
      id: `tcp 127.0.0.1:${server.port}`,
      rung: 'tcp',
      subject: probe.subject,
      after: ['dns before'],
      ms: expect.any(Number),
      outcome: 'open',
      detail: { localAddress: LOOPBACK, localPort: expect.any(Number) },
    });
    expect(Number.isInteger(observation.ms)).toBe(true);
    expect(await seen).toEqual({ bytes: 0, remotePort: observation.detail.localPort });
  });

  it('tells refusal from silence', async () => {
    const refused = tcpProbe({ address: LOOPBACK, port: await closedPort() });
    expect(await probeTcp(refused, host, PATIENT, running())).toMatchObject({
      outcome: 'refused',
      detail: { failure: { code: 'ECONNREFUSED', syscall: 'connect' } },
    });
    await using hole = await blackHole();
    const silent = tcpProbe({ address: LOOPBACK, port: hole.port });
    expect(await probeTcp(silent, host, HASTY, running())).toMatchObject({
      outcome: 'timeout',
      detail: { failure: { code: 'VPCE_DOCTOR_CONNECT_TIMEOUT' } },
    });
  });

  it('leaves by the port that was chosen, and again at once', async () => {
    await using server = await tcpServer((socket) => socket.resume());
    const localPort = await closedPort();
    const probe = tcpProbe({ address: LOOPBACK, port: server.port, localPort });
    for (const _try of [1, 2, 3]) {
      expect(await probeTcp(probe, host, PATIENT, running())).toMatchObject({ outcome: 'open', detail: { localPort } });
    }
  });

  it('says so when the chosen port is taken', async () => {
    await using server = await tcpServer((socket) => socket.resume());
    const owner = createServer().listen(0, '0.0.0.0');
    await once(owner, 'listening');
    const { port: localPort } = owner.address() as AddressInfo;
    const probe = tcpProbe({ address: LOOPBACK, port: server.port, localPort });
    expect(await probeTcp(probe, host, PATIENT, running())).toMatchObject({
      outcome: 'failed',
      detail: { failure: { code: 'EADDRINUSE' } },
    });
    owner.close();
  });

  it('dials where the wire leads', async () => {
    await using server = await tcpServer((socket) => socket.resume());
    const asked: unknown[] = [];
    const route = (...question: unknown[]) => {
      asked.push(question);
      return { address: LOOPBACK, port: server.port };
    };
    const probe = tcpProbe({ address: '10.0.2.14', port: 443 });
    expect(await probeTcp(probe, { ...host, wire: { route } }, PATIENT, running())).toMatchObject({ outcome: 'open' });
    expect(asked).toEqual([['tcp', '10.0.2.14', 443]]);
  });

  it('sends nothing past the guard', async () => {
    const probe = tcpProbe({ address: '10.0.2.14', port: 443 });
    for (const machine of [guarded, host]) {
      expect(await probeTcp(probe, machine, PATIENT, running())).toMatchObject({
        outcome: 'prohibited',
        detail: { failure: { code: 'VPCE_DOCTOR_GUARD' } },
      });
    }
  });

  it('is skipped when the run ends first, even by a deadline of its own', async () => {
    await using hole = await blackHole();
    const probe = tcpProbe({ address: LOOPBACK, port: hole.port });
    const ends = [AbortSignal.abort(), AbortSignal.timeout(50)];
    for (const end of ends) {
      expect(await probeTcp(probe, host, PATIENT, end)).toMatchObject({
        outcome: 'skipped',
        detail: { failure: { code: 'VPCE_DOCTOR_SKIPPED' } },
      });
    }
  });

  it('never looks a name up', async () => {
    const wire = { route: () => ({ address: 'localhost', port: 1 }) };
    const probe = tcpProbe({ address: 'localhost', port: 1 });
    expect(await probeTcp(probe, { ...host, wire }, PATIENT, running())).toMatchObject({
      outcome: 'failed',
      detail: { failure: { code: 'VPCE_DOCTOR_BAD_ADDRESS' } },
    });
  });

  it.runIf(HAS_IPV6)('connects over IPv6', async () => {
    await using server = await tcpServer((socket) => socket.resume(), '::1');
    const probe = tcpProbe({ address: '::1', port: server.port });
    expect(await probeTcp(probe, host, PATIENT, running())).toMatchObject({
      id: `tcp [::1]:${server.port}`,
      outcome: 'open',
      detail: { localAddress: '::1' },
    });
  });

  it('reports a port that is none as failed', async () => {
    const probe = tcpProbe({ address: LOOPBACK, port: 70_000 });
    expect(await probeTcp(probe, host, PATIENT, running())).toMatchObject({
      outcome: 'failed',
      detail: { failure: { code: 'ERR_SOCKET_BAD_PORT' } },
    });
  });
});
