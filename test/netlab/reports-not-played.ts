/**
 * Public reports (shared with this project as a list of cases) that are no scenario, and why. Everything else in that list is
 * a scenario named after its number.
 */
export const NOT_PLAYED: readonly (readonly [ids: readonly string[], reason: string])[] = [
  [['C059'], 'AWS’s own calls meet the endpoint’s policy, and not the client’s: nothing on the host sees them'],
  [['C233'], 'the refused caller is not in a VPC'],
  [['C240'], 'the API’s policy reads right, and the deployed one, which is older, cannot be read'],
  [['C015', 'C016', 'C017', 'C185'], 'the endpoint or zone could not be created: an error of the control plane'],
  [['C061', 'C063'], 'the endpoint could not be created in that zone: an error of the control plane'],
  [['C191', 'C193'], 'looking up an endpoint service went wrong: an error of the caller’s tool'],
  [
    ['C052', 'C053', 'C121'],
    'the provider’s side of a PrivateLink service, which the consumer cannot see (provider layer)',
  ],
  [['C013', 'C056', 'C248', 'C249'], 'no cause was found, and the report describes no network'],
  [['C088'], 'a partner’s host that its endpoint does not serve: known to the partner only'],
  [
    ['C060'],
    'DNS Firewall blocks what an alias leads to: the answer is empty, and the alias cannot be seen from inside the VPC',
  ],
  [['C194'], 'unresolved; which of two endpoint services serves a collection is not in any API'],
  [['C027'], 'a task’s credentials go to the proxy: the tool advises it, and only an ECS host shows it'],
  [['C099'], 'a Windows host with a stale route to the metadata service'],
  [
    ['C162'],
    'a route table with published address ranges in place of a default route: which addresses a name gives changes by the hour',
  ],
  [['C199'], 'a client with IPv6 only; the bed’s API has IPv4 only'],
  [['C222'], 'the service has an endpoint by now'],
  [['C069', 'C207'], 'Timestream’s discovery sends clients to hosts that are in no list of names'],
  [['C102'], 'the proxy lets requests through and ends WebSockets: nothing below HTTP differs'],
  [['C115', 'C166'], 'a limit that shows only under the load of the reporter'],
  [['C118'], 'DNS over TCP becomes slow under load: every single question is answered'],
  [['C120'], 'connections die after 350 s of silence: no diagnosis waits that long'],
  [
    ['C151', 'C152'],
    'a mesh or policy agent inside the pod ends connections that were open: not confirmed, and other each time',
  ],
  [['C163', 'C164'], 'between two VPCs through an inspection VPC; no endpoint on the way'],
  [['C208'], 'the client is not in a VPC'],
  [['C254', 'C255'], 'the answer is an HTTP status of the service itself, and the network is fine'],
];
