/** A folder for a whole file of tests. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';

export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'vpce-doctor-deploy-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
