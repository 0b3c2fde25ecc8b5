import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { expect, test } from 'vitest';
import { type Nobody, startBlackHole, startClosedPort } from '../../src/lab/nobody.ts';

/** How one connect ends: open, the error's code, or silence until the abort. */
async function connectOutcome(port: number, patience: number): Promise<string> {
  const socket = connect({ port, host: '127.0.0.1' });
  const signal = AbortSignal.timeout(patience);
  try {
    await once(socket, 'connect', { signal });
    return 'open';
  } catch (error) {
    return signal.aborted ? 'silence' : String((error as NodeJS.ErrnoException).code);
  } finally {
    socket.destroy();
  }
}

async function datagramOutcome(port: number, patience: number): Promise<string> {
  const socket = createSocket('udp4');
  const signal = AbortSignal.timeout(patience);
  try {
    await new Promise<void>((resolve) => socket.connect(port, '127.0.0.1', resolve));
    socket.send(Buffer.from('anyone?'));
    await once(socket, 'message', { signal });
    return 'answer';
  } catch (error) {
    return signal.aborted ? 'silence' : String((error as NodeJS.ErrnoException).code);
  } finally {
    socket.close();
  }
}

async function withNobody(start: () => Promise<Nobody>, run: (nobody: Nobody) => Promise<void>): Promise<void> {
  const nobody = await start();
  try {
    await run(nobody);
  } finally {
    await nobody.stop();
  }
}

test('a black hole lets connects and datagrams hang, however many come', async () => {
  await withNobody(startBlackHole, async ({ tcpPort, udpPort }) => {
    const outcomes = await Promise.all([
      ...Array.from({ length: 20 }, () => connectOutcome(tcpPort, 300)),
      datagramOutcome(udpPort, 300),
    ]);
    expect(new Set(outcomes)).toEqual(new Set(['silence']));
  });
});

test('a closed port refuses at once, again and again', async () => {
  await withNobody(startClosedPort, async ({ tcpPort, udpPort }) => {
    for (let attempt = 0; attempt < 20; attempt += 1) {
      expect(await connectOutcome(tcpPort, 10_000)).toBe('ECONNREFUSED');
      expect(await datagramOutcome(udpPort, 10_000)).toBe('ECONNREFUSED');
    }
  });
});

test('a closed port is not given to anybody else while it is held', async () => {
  await withNobody(startClosedPort, async ({ tcpPort }) => {
    const other = createServer();
    const ports = new Set<number>();
    for (let attempt = 0; attempt < 50; attempt += 1) {
      other.listen({ port: 0, host: '127.0.0.1' });
      await once(other, 'listening');
      ports.add((other.address() as AddressInfo).port);
      await new Promise((resolve) => other.close(resolve));
    }
    expect(ports).not.toContain(tcpPort);
    expect(await connectOutcome(tcpPort, 10_000)).toBe('ECONNREFUSED');
  });
});

test('after stop the ports are gone', async () => {
  const hole = await startBlackHole();
  await hole.stop();
  expect(await connectOutcome(hole.tcpPort, 10_000)).toBe('ECONNREFUSED');
});
