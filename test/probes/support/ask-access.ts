/** Asks one signed question in a process of its own, whose trust store and environment are what it is given: port and name. */
import { realHost } from '../../../src/host.ts';
import { probeAccess } from '../../../src/probes/access.ts';
import { PATIENT, running } from './probes.ts';

const [port, serverName = ''] = process.argv.slice(2);
const subject = { address: '127.0.0.1', port: Number(port), serverName, service: 'sts', action: '', resource: '*' };
const answer = await probeAccess(
  { id: 'x', rung: 'access', subject, after: [], why: '' },
  realHost(),
  PATIENT,
  running(),
);
process.stdout.write(JSON.stringify(answer));
