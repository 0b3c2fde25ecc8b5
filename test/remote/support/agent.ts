/** Runs a script as the SSM Agent does: with `sh`, and with its variables in the environment. */
import { spawn } from 'node:child_process';
import type { Executed } from './fake-ssm.ts';

export function runAgentScript(script: string, env: Readonly<Record<string, string>>): Promise<Executed> {
  const { promise, resolve, reject } = Promise.withResolvers<Executed>();
  const child = spawn('/bin/sh', ['-s'], { env: { PATH: process.env['PATH'] ?? '', ...env } });
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text) => {
    stderr += text;
  });
  child.on('error', reject);
  child.on('close', (status) => resolve({ status: status ?? 255, stdout, stderr }));
  child.stdin.end(script);
  return promise;
}
