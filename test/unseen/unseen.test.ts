/** Public reports that were not in our list when the causes were written, and the traps of the field: what AWS does is expected. */
import { describe, test } from 'vitest';
import * as endpointDns from './reports-endpoint-dns.ts';
import * as pathHostTls from './reports-path-host-tls.ts';
import { expectUnseen } from './support/try.ts';
import * as traps from './traps.ts';
import * as more from './traps-more.ts';
import * as parts from './traps-parts.ts';

describe.each(Object.entries({ ...endpointDns, ...pathHostTls, ...traps, ...more, ...parts }))(
  '%s',
  (_group, cases) => {
    test.each(Object.entries(cases))('%s', async (_name, unseen) => {
      await expectUnseen(unseen);
    });
  },
);
