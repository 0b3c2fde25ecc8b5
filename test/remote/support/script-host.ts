/** A host on which a command's script is run as the SSM Agent runs it, with the programs, files and resolver that a test gives it. */
import { spawn } from 'node:child_process';
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { emptyFolder } from '../../cli/support/run.ts';
import { whereIs } from '../../script/support/shell.ts';
import type { Executed } from './fake-ssm.ts';

export type ScriptHost = {
  /** what `sh` is there: `dash`, `bash`, `busybox sh` */
  readonly shell: string;
  /** names of real programs */
  readonly real: readonly string[];
  /** programs of the test, as bodies of shell scripts */
  readonly fake?: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string>>;
};

/** The agent writes the commands to a file and hands it to `sh -c`, so that its first line says what runs it. */
export function runOnHost(script: string, { shell, real, fake = {}, env = {} }: ScriptHost): Promise<Executed> {
  const folder = emptyFolder();
  const bin = join(folder, 'bin');
  mkdirSync(bin);
  // A link of that name would be written through, into the machine's own program.
  for (const name of real.filter((one) => one !== 'sh' && !(one in fake))) symlinkSync(whereIs(name), join(bin, name));
  const program = (path: string, text: string) => {
    writeFileSync(path, text, { flag: 'wx' });
    chmodSync(path, 0o755);
  };
  const [name = '', ...words] = shell.split(' ');
  const started = [whereIs(name), ...words].join(' ');
  const bodies = { sh: `exec ${started} "$@"`, ...fake };
  for (const [one, body] of Object.entries(bodies)) program(join(bin, one), `#!/bin/sh\n${body}\n`);
  const etc = join(folder, 'etc');
  mkdirSync(etc);
  writeFileSync(join(etc, 'resolv.conf'), 'nameserver 127.0.0.53\n');
  writeFileSync(join(etc, 'hosts'), '127.0.0.1 localhost\n');
  const path = join(folder, '_script.sh');
  // Read from the folder, and told as what they stand for.
  const text = ['/etc/resolv.conf', '/etc/hosts'].reduce((all, one) => all.replaceAll(one, `${folder}${one}`), script);
  program(
    path,
    text.replace('"\\"path\\":\\"$1\\","', () => `"\\"path\\":\\"\${1#${folder}}\\","`),
  );
  const child = spawn(whereIs(name), [...words, path], {
    env: { PATH: bin, LOG: join(folder, 'log'), HOME: folder, VPCE_DOCTOR_ONLY: '127.0.0.0/8', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const { promise, resolve, reject } = Promise.withResolvers<Executed>();
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text) => {
    stderr += text;
  });
  child.on('error', reject);
  child.on('close', (status) => resolve({ status: status ?? 255, stdout, stderr }));
  return promise;
}
