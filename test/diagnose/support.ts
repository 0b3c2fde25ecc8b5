/** Cases for the tests of the diagnosis: a lab world as the API describes it, and observations of one's own making. */
import type { AnyCheck, Finding, Outcome } from '../../src/checks/check.ts';
import { stateOfWorld } from '../../src/lab/reachability.ts';
import { LAB, type World } from '../../src/lab/world.ts';
import type { Case } from '../../src/model/case.ts';
import { type CauseCode, layerOf } from '../../src/model/codes.ts';
import { type DnsObservation, probeId, type TcpObservation } from '../../src/model/observation.ts';
import { unknownState } from '../../src/model/state.ts';
import type { TargetRequest } from '../../src/model/target.ts';
import { emptyVantage } from '../../src/model/vantage.ts';
import { parseTarget } from '../../src/services/parse-target.ts';
import { completeVantage } from '../../src/vantage/from.ts';

export const EMPTY: Case = {
  schemaVersion: 1,
  kind: 'vpce-doctor-case',
  tool: { name: 'vpce-doctor', version: '0.0.0' },
  startedAt: '2026-11-21T00:00:00.000Z',
  durationMs: 0,
  requests: [],
  vantage: emptyVantage('host'),
  state: unknownState('not-given'),
  probed: false,
  observations: [],
  coverage: [],
  warnings: [],
};

export function requestsFor(targets: readonly string[]): TargetRequest[] {
  return targets.map((text) => {
    const parsed = parseTarget(text);
    if (!parsed.ok) throw new Error(parsed.problem);
    return parsed.request;
  });
}

/** A world as its API describes it, no packets sent. */
export function modelCase(world: World, targets: readonly string[] = [LAB.secretsHost]): Case {
  const state = stateOfWorld(world);
  const vantage = completeVantage(
    {
      ...emptyVantage('ec2'),
      region: world.region,
      networkInterfaceId: world.client.networkInterfaceId,
      resolvers: world.client.nameservers.map((address) => ({ address, port: 53 })),
      hosts: world.client.hosts.map((line, i) => {
        const [address = '', ...names] = line.split(/\s+/);
        return { line: i + 1, address, names };
      }),
      ephemeralPorts: world.client.ephemeralPorts,
    },
    state,
  );
  return { ...EMPTY, requests: requestsFor(targets), vantage, state };
}

export function dns(name: string, outcome: DnsObservation['outcome'], ...addresses: string[]): DnsObservation {
  const subject = { name, type: 'A' as const, server: LAB.resolver, port: 53, transport: 'udp' as const };
  const detail = { addresses, cnames: [], answers: [], authority: [] };
  return { id: probeId('dns', subject), rung: 'dns', subject, after: [], ms: 1, outcome, detail };
}

export function tcp(
  address: string,
  outcome: TcpObservation['outcome'],
  after: readonly string[] = [],
): TcpObservation {
  const subject = { address, port: 443 };
  return { id: probeId('tcp', subject), rung: 'tcp', subject, after, ms: 1, outcome, detail: {} };
}

/** A finding about 10.0.2.14, predicted by silence there; `extent` says how much it takes. */
export function finding(extent: Finding<unknown>['extent'], changes: Partial<Finding<unknown>> = {}): Finding<unknown> {
  return {
    key: 'thing-1',
    resources: ['thing-1'],
    extent,
    summary: 'Thing-1 is wrong.',
    because: [],
    facts: {},
    predicts: (one) => {
      if (one.rung !== 'tcp' || one.subject.address !== LAB.secretsAddressA) return undefined;
      return one.outcome === 'timeout' ? 'agrees' : one.outcome === 'open' ? 'disproves' : undefined;
    },
    ...changes,
  };
}

/** A cause that says what it is told to say, for the rules of the diagnosis itself. */
export function sayingCheck(
  code: CauseCode,
  outcome: Outcome<unknown> | ((target: string) => Outcome<unknown>),
  changes: Partial<AnyCheck> = {},
): AnyCheck {
  return {
    code,
    title: `The cause ${code}`,
    layer: layerOf(code),
    needs: [],
    documentation: { meaning: '', confirm: '', remedy: '', notWhen: '', sources: [] },
    evaluate: ({ target }) => (typeof outcome === 'function' ? outcome(target.id) : outcome),
    fix: () => ({
      summary: 'Repair it.',
      commands: [],
      undo: [],
      owner: 'network owner',
      unprovable: 'nobody knows how',
    }),
    demonstration: { inject: () => {} },
    ...changes,
  };
}
