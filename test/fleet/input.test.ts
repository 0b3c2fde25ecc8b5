/** What `fleet` reads of folders, where something in them cannot be read. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { readDocuments } from '../../src/commands/fleet-input.ts';
import { emptyFolder } from '../cli/support/run.ts';

// Tests run as root too, whom no permission keeps out: what the system would say is said here.
vi.mock(import('node:fs/promises'), async (original) => {
  const real = await original();
  const readdir = (folder: string, options: { withFileTypes: true }) =>
    folder.endsWith('closed')
      ? Promise.reject(Object.assign(new Error('EACCES'), { code: 'EACCES' }))
      : real.readdir(folder, options);
  return { ...real, readdir: readdir as typeof real.readdir };
});

async function* nothing(): AsyncGenerator<Uint8Array> {}

/** One line for each document that is found at a path: its source, and whether it was read. */
async function read(path: string): Promise<string[]> {
  const found: string[] = [];
  const { signal } = new AbortController();
  for await (const one of readDocuments({ paths: [path], stdin: nothing, signal }))
    found.push(`${one.source} ${one.ok ? 'is read' : one.problem}`);
  return found;
}

test('a folder that cannot be read costs one line, with its own name, and its neighbours are read', async () => {
  const folder = emptyFolder();
  for (const place of ['a', 'b/closed', 'c']) {
    mkdirSync(join(folder, place), { recursive: true });
    writeFileSync(join(folder, place, 'report.json'), '{}');
  }
  writeFileSync(join(folder, 'b', 'report.json'), '{}');
  expect(await read(folder)).toEqual([
    `${join(folder, 'a/report.json')} is read`,
    `${join(folder, 'b/closed')} cannot be read (EACCES)`,
    `${join(folder, 'b/report.json')} is read`,
    `${join(folder, 'c/report.json')} is read`,
  ]);
  expect(await read(join(folder, 'b/closed'))).toEqual([`${join(folder, 'b/closed')} cannot be read (EACCES)`]);
});

test('a link in a folder is read where it leads to a file, and a pipe is waited for in no guise', async () => {
  const [folder, elsewhere] = [emptyFolder(), emptyFolder()];
  execFileSync('mkfifo', [join(folder, 'a-pipe.json'), join(elsewhere, 'pipe')]);
  writeFileSync(join(elsewhere, 'file'), '{}');
  symlinkSync(join(elsewhere, 'pipe'), join(folder, 'b-link-to-pipe.json'));
  symlinkSync(elsewhere, join(folder, 'c-link-to-folder.json'));
  symlinkSync(join(elsewhere, 'nothing'), join(folder, 'd-broken.json'));
  symlinkSync(join(elsewhere, 'file'), join(folder, 'e-link.json'));
  expect(await read(folder)).toEqual([
    `${join(folder, 'd-broken.json')} does not exist`,
    `${join(folder, 'e-link.json')} is read`,
  ]);
}, 10_000);
