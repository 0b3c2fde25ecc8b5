/** Public reports that were not in our list when the causes were written, and the traps of the field: what AWS does is expected. */
import { describe, test } from 'vitest';
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
