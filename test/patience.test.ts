import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { DURATIONS } from '../src/durations.ts';
import { patientSignal, startPatience } from '../src/patience.ts';
import { probeTcp } from '../src/probes/tcp.ts';
import { host, running, tcpProbe } from './probes/support/probes.ts';
import { LOOPBACK, tcpServer } from './probes/support/servers.ts';

/** Nothing runs meanwhile, as on a machine that stands still. */
function standStill(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

const ended = (ms: number) =>
  new Promise<void>((resolve) => {
    startPatience(ms, resolve);
  });

/** What happens before a patience of `ms` ends, and that it does. */
function ordered(ms: number): { readonly order: string[]; readonly patient: Promise<void> } {
  const order: string[] = [];
  return { order, patient: ended(ms).then(() => void order.push('patience')) };
}

describe('patience', () => {
  it('ends', async () => {
    await ended(1);
    const signal = patientSignal(1);
    await new Promise((resolve) => signal.addEventListener('abort', resolve));
    expect(signal.reason).toMatchObject({ name: 'TimeoutError', message: 'nothing within 1 ms' });
  });

  it('hears what came while the process stood still, before it calls the other side silent', async () => {
    await using server = await tcpServer((socket) => socket.resume());
    const probe = tcpProbe({ address: LOOPBACK, port: server.port });
    const asked = probeTcp(probe, host, { ...DURATIONS, tcpConnect: 20 }, running());
    standStill(60);
    expect(await asked).toMatchObject({ outcome: 'open' });
  });

  it('gives back the time in which the process stood still', async () => {
    const { order, patient } = ordered(40);
    standStill(200);
    setTimeout(() => order.push('20 ms later'), 20);
    await patient;
    expect(order).toEqual(['20 ms later', 'patience']);
  });

  it('gives it back where the process stood still in the middle of the wait, too', async () => {
    const { order, patient } = ordered(600);
    await new Promise((resolve) => setTimeout(resolve, 20));
    standStill(500);
    setTimeout(() => order.push('400 ms later'), 400);
    await patient;
    expect(order).toEqual(['400 ms later', 'patience']);
  });

  it('comes to an end on a machine that stands still again and again', async () => {
    const patient = ended(10);
    let stills = 0;
    const again = setInterval(() => {
      standStill(150);
      stills += 1;
    }, 1);
    await patient;
    clearInterval(again);
    expect(stills).toBeGreaterThan(1);
  });

  it('can be released at any time, also between the timer and the last look', async () => {
    let called = 0;
    const one = startPatience(1, () => called++);
    one.end();
    const two = startPatience(1, () => called++);
    setTimeout(() => two.end(), 1);
    standStill(5);
    await ended(20);
    expect(called).toBe(0);
  });

  it('keeps no process alive by a deadline', () => {
    const source = new URL('../src/patience.ts', import.meta.url).href;
    const program = `import(${JSON.stringify(source)}).then(({ patientSignal }) => patientSignal(60_000))`;
    const { status } = spawnSync(process.execPath, ['-e', program], { timeout: 30_000 });
    expect(status).toBe(0);
  });
});
