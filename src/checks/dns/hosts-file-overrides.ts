import { hostsEntries } from '../../network/resolution.ts';
import { absent, defineCheck, found, NOT_APPLICABLE, unknown } from '../check.ts';
import { list } from '../path/blocked-gates.ts';
import { notTerraforms } from '../terraform.ts';
import { ENDPOINT_NAME_SLICES, nameGoal } from './names.ts';
import { failsAt } from './wrong-address.ts';

export const hostsFileOverrides = defineCheck({
  code: 'hosts-file-overrides',
  title: 'The hosts file pins the name to another address',
  layer: 'dns',
  needs: ENDPOINT_NAME_SLICES,
  documentation: {
    meaning:
      'A line of /etc/hosts gives the service’s name a fixed address, and the resolver is never asked. The address is not one of the endpoint’s interfaces: a public one from before the endpoint existed, or the interface of an endpoint that was replaced.',
    confirm: 'getent hosts <host> prints the pinned address; grep <host> /etc/hosts shows the line.',
    remedy:
      'Delete the line. Endpoint addresses are kept for the endpoint’s life only, so they should not be pinned at all.',
    notWhen: 'A line that names one of the endpoint’s own addresses works today; it is not reported as a fault.',
    sources: ['https://man7.org/linux/man-pages/man5/hosts.5.html'],
  },
  evaluate: ({ state, client, vantage, target, evidence }) => {
    const host = target.host;
    if (host === undefined) return NOT_APPLICABLE;
    const entries = hostsEntries(vantage, host);
    if (entries.length === 0)
      return vantage.hosts.length === 0 ? NOT_APPLICABLE : absent(`no line of the hosts file names ${host}`);
    const goal = nameGoal(state, client, target);
    const pinned = entries.map((entry) => entry.address);
    const known = goal.addresses ?? (evidence.vpc?.outcome === 'answered' ? evidence.vpc.addresses : undefined);
    if (known === undefined) {
      if (goal.missing.length > 0) return unknown(goal.missing);
      // A gateway endpoint or a foreign host: without an answer to compare with, a pinned address is no fault by itself.
      return NOT_APPLICABLE;
    }
    const wrong = entries.filter((entry) => !known.includes(entry.address));
    if (wrong.length === 0) return absent(`the hosts file pins ${host} to ${list(pinned)}, which is right`);
    return found([
      {
        key: wrong.map((entry) => `${entry.line} ${entry.address}`).join(' '),
        resources: wrong.map((entry) => `/etc/hosts:${entry.line}`),
        extent: wrong.length === pinned.length ? 'all' : 'some',
        summary: `/etc/hosts line ${list(wrong.map((entry) => String(entry.line)))} pins ${host} to ${list(wrong.map((entry) => entry.address))}; ${goal.choice === undefined ? 'the VPC resolver gives' : `${goal.choice.endpoints[0].VpcEndpointId} is at`} ${list(known)}.`,
        because: wrong.map((entry) => ({
          source: 'host' as const,
          text: `${entry.address} ${entry.names.join(' ')}`,
          ref: `/etc/hosts:${entry.line}`,
        })),
        predicts: (observation) =>
          failsAt(
            observation,
            target.port,
            wrong.map((entry) => entry.address),
          )
            ? 'agrees'
            : undefined,
        facts: { host, lines: wrong.map((entry) => entry.line) },
      },
    ]);
  },
  fix: ({ host, lines }) => ({
    summary: `Delete line ${list(lines.map(String))} of /etc/hosts, which pins ${host}.`,
    commands: [`sudo sed -i.bak '${lines.map((line) => `${line}d`).join(';')}' /etc/hosts`],
    undo: ['sudo cp /etc/hosts.bak /etc/hosts'],
    owner: 'host owner',
    terraform: notTerraforms('the hosts file belongs to the host; the line may stand in its user data or image.'),
    caution:
      'Other names on the same line are unpinned too. In a container the file comes from the runtime (extraHosts, hostAliases).',
    edit: (draft) => {
      draft.vantage.hosts = draft.vantage.hosts.filter((entry) => !lines.includes(entry.line));
    },
  }),
  demonstration: {
    inject: (world) => {
      world.client.hosts.push(`10.0.2.99 secretsmanager.${world.region}.amazonaws.com`);
    },
  },
});
