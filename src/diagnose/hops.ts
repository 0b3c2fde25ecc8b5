/** Paths as the report draws them. */
import type { Hop, HopList } from '../model/report.ts';
import { formatAddresses } from '../network/addresses.ts';
import type { Client } from '../network/client.ts';
import { isEmpty, share } from '../network/flows.ts';
import type { Gate } from '../network/gates.ts';
import type { Path } from '../network/paths.ts';
import { formatRoute, routeTarget } from '../network/route-tables.ts';

const RESULT = { open: 'pass', partial: 'partial', closed: 'block', unknown: 'unknown' } as const;

/** One path with its gates in the order in which packets meet them. */
export function drawPath(client: Client, path: Path): HopList {
  const { destination } = path;
  const own = (destination.family === 6 ? client.ipv6 : client.ipv4) ?? 'client';
  const cidrs =
    destination.kind === 'interface'
      ? [destination.address]
      : destination.exact
        ? formatAddresses(destination.addresses)
        : [];
  const to =
    destination.kind === 'interface'
      ? destination.address
      : destination.kind === 'gateway'
        ? destination.prefixListIds.join(', ') || 'the service'
        : cidrs.slice(0, 3).join(', ') || 'public addresses';
  const end: Hop = {
    gate: 'interface',
    label:
      destination.kind === 'interface'
        ? `${destination.networkInterfaceId} ${destination.address}`
        : destination.kind === 'gateway'
          ? (destination.endpointIds[0] ?? to)
          : to,
    ...(destination.kind === 'interface' ? { resource: destination.networkInterfaceId } : {}),
    result: 'end',
  };
  const forward = path.gates.filter((gate) => !gate.gate.endsWith('-return'));
  // Answers nearly always go home by the local route: it is drawn only where they do not, or where nobody can tell.
  const back = path.gates.filter(
    (gate) =>
      gate.gate.endsWith('-return') &&
      (gate.gate !== 'endpoint-route-return' || gate.routes !== undefined || !isEmpty(gate.unknown)),
  );
  return {
    to,
    ...(destination.kind === 'interface'
      ? { networkInterfaceId: destination.networkInterfaceId, availabilityZone: destination.availabilityZone }
      : {}),
    result: RESULT[path.status],
    hops: [{ gate: 'client', label: own, result: 'end' }, ...forward.map(hopOf), end, ...back.map(hopOf)],
  };
}

function hopOf(gate: Gate): Hop {
  const resource = gate.resources[0];
  const result: Hop['result'] =
    gate.skipped !== undefined
      ? 'skipped'
      : isEmpty(gate.block) && isEmpty(gate.unknown)
        ? 'pass'
        : isEmpty(gate.pass) && isEmpty(gate.unknown)
          ? 'block'
          : !isEmpty(gate.block)
            ? 'partial'
            : 'unknown';
  const note =
    gate.skipped ??
    (result === 'partial' ? `${Math.round(share(gate.block, gate.asked) * 100)} % blocked` : routeNote(gate));
  return {
    gate: gate.gate,
    label: labelOf(gate),
    ...(resource === undefined ? {} : { resource }),
    result,
    ...(note === undefined ? {} : { note }),
  };
}

function labelOf(gate: Gate): string {
  const noun = gate.gate.includes('-sg-')
    ? 'security group'
    : gate.gate.includes('-nacl-')
      ? 'network ACL'
      : 'route table';
  const resources = gate.resources.join('+') || noun;
  switch (gate.gate) {
    case 'client-sg-egress':
      return `${resources} out`;
    case 'endpoint-sg-ingress':
      return `${resources} in`;
    case 'client-nacl-egress':
      return `${resources} out`;
    case 'endpoint-nacl-ingress':
      return `${resources} in`;
    case 'endpoint-nacl-return':
      return `${resources} answers out`;
    case 'client-nacl-return':
      return `${resources} answers in`;
    case 'endpoint-route-return':
    case 'route': {
      const route = gate.routes?.parts[0]?.route;
      const nowhere = gate.routes?.parts.some((part) => part.effect === 'no-route') === true;
      if (gate.routes?.endpointRouteMissing === true || nowhere) return `${resources} no route`;
      return route === undefined
        ? `${resources} route`
        : routeTarget(route).kind === 'local'
          ? 'local route'
          : `route to ${routeTarget(route).id}`;
    }
    case 'transit':
    case 'transit-return':
      return `${gate.gate === 'transit' ? '' : 'answers '}over ${resources}`;
    case 'internet-route': {
      const exit = gate.exits?.find((one) => one.via !== undefined);
      return exit?.via === undefined ? `${resources} no route` : `route to ${exit.via}`;
    }
  }
}

function routeNote(gate: Gate): string | undefined {
  const step =
    gate.transit?.steps.find((one) => one.verdict === 'block') ??
    gate.transit?.steps.find((one) => one.verdict === 'unknown');
  if (step !== undefined) return step.why;
  const stray = gate.routes?.parts.find((part) => part.effect !== 'arrives' && part.route !== undefined)?.route;
  if (stray !== undefined) return formatRoute(stray);
  return gate.exits?.find((exit) => exit.usable !== 'yes')?.why;
}
