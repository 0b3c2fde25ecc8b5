/** Listening sockets inside network namespaces, opened by agent.pl and handed over to this process. Only inside a cell. */
import { spawn } from 'node:child_process';
import type { ListenAddress } from '../../src/lab/listen.ts';

export type Wanted = ListenAddress & { readonly namespace: string };

/** Each as something to listen on, in the order wanted; rejects when one of them cannot be had. */
export async function openSockets(wanted: readonly Wanted[]): Promise<{ readonly handle: object }[]> {
  // The agent ends when it is told to, which is with the last socket.
  if (wanted.length === 0) return [];
  const script = new URL('agent.pl', import.meta.url).pathname;
  const words = wanted.map(({ namespace, address, port }) => `${namespace},tcp,${address},${port}`);
  const agent = spawn('perl', [script, 'give', ...words], { stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
  const said: string[] = [];
  agent.stderr?.setEncoding('utf8').on('data', (text: string) => said.push(text));
  const handles: { handle: object }[] = [];
  let missing = wanted.length;
  return await new Promise((resolve, reject) => {
    agent.on('message', (message, handle) => {
      if (typeof handle !== 'object' || handle === null) return;
      handles[(message as { index: number }).index] = { handle };
      missing--;
      if (missing === 0) agent.disconnect();
    });
    // Not before it has ended: it holds the sockets too, and with them their namespaces.
    agent.on('exit', () => {
      if (missing === 0) resolve(handles);
      else setImmediate(() => reject(new Error(`the sockets could not be opened: ${said.join('').trim()}`)));
    });
    agent.on('error', reject);
  });
}
