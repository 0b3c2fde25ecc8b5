/** Public reports that were not in our list when the causes were written, and the traps of the field: what AWS does is expected. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import * as endpointDns from './reports-endpoint-dns.ts';
import * as hostTls from './reports-host-tls.ts';
import * as path from './reports-path.ts';
import { expectUnseen } from './support/try.ts';
import * as more from './traps-more.ts';
import * as parts from './traps-parts.ts';
import * as routesNames from './traps-routes-names.ts';
import * as rules from './traps-rules.ts';

describe.each(Object.entries({ ...endpointDns, ...path, ...hostTls, ...rules, ...routesNames, ...more, ...parts }))(
  '%s',
  (_group, cases) => {
    test.each(Object.entries(cases))('%s', async (_name, unseen) => {
      await expectUnseen(unseen);
    });
  },
);

test('the index names every report, and each report once', () => {
  const sources = Object.values({ ...endpointDns, ...path, ...hostTls }).flatMap((cases) =>
    Object.values(cases).map(({ source }) => source),
  );
  const index = readFileSync(new URL('index.md', import.meta.url), 'utf8');
  expect(sources.filter((source) => !index.includes(`](${source})`))).toEqual([]);
  expect(new Set(sources).size).toBe(sources.length);
});
