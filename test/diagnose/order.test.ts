/** The order of causes is total, and nothing in a report hangs on the order in which an API lists things. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CHECKS, checkOf } from '../../src/checks/index.ts';
import { diagnose } from '../../src/diagnose/diagnose.ts';
import { addRoute, find, healthyWorld, LAB, type World } from '../../src/lab/world.ts';
import type { Case } from '../../src/model/case.ts';
import { decodeCase, encodeCase } from '../../src/model/case-file.ts';
import { LAYER_ORDER } from '../../src/model/codes.ts';
import { probeId, type TcpObservation } from '../../src/model/observation.ts';
import type { Report, ReportCause } from '../../src/model/report.ts';
import { SLICE_NAMES, type State } from '../../src/model/state.ts';
import { renderJson } from '../../src/report/json.ts';
import { dns, modelCase, tcp } from './support.ts';

const TARGETS = [LAB.secretsHost, LAB.s3Host, 'sts.eu-west-1.amazonaws.com', 'example.com', LAB.secretsAddressB];

/** A healthy world with some faults in it. */
const brokenWorld = fc
  .uniqueArray(fc.constantFrom(...CHECKS.map((check) => check.code)), { minLength: 0, maxLength: 4 })
  .map((codes): { codes: readonly string[]; world: World } => {
    const world = healthyWorld();
    for (const code of codes) checkOf(code)?.demonstration.inject(world);
    return { codes, world };
  });

/** The same state, every list in another order. */
function shuffled(state: State, random: (below: number) => number): State {
  const mix = <T>(list: readonly T[]): T[] => {
    const out = [...list];
    for (let i = out.length - 1; i > 0; i--) {
      const j = random(i + 1);
      [out[i], out[j]] = [out[j] as T, out[i] as T];
    }
    return out;
  };
  return Object.fromEntries(
    SLICE_NAMES.map((name) => {
      const slice = state[name];
      return [name, slice.known ? { known: true, value: mix(slice.value as readonly unknown[]) } : slice];
    }),
  ) as unknown as State;
}

describe('the order of an API’s answer', () => {
  it('changes no byte of the report', () => {
    fc.assert(
      fc.property(brokenWorld, fc.array(fc.nat(), { minLength: 40, maxLength: 40 }), ({ world }, numbers) => {
        const subject = modelCase(world, TARGETS);
        let next = 0;
        const random = (below: number) => (numbers[next++ % numbers.length] ?? 0) % below;
        const other = { ...subject, state: shuffled(subject.state, random) };
        expect(renderJson(diagnose(other))).toBe(renderJson(diagnose(subject)));
      }),
      { numRuns: 40 },
    );
  });
});

describe('the order of causes (design.md, "From evidence to rank")', () => {
  const SEVERITIES = ['blocking', 'degrading', 'advice'];
  const STANDINGS = ['confirmed', 'likely', 'modelled'];
  /** What goes before, smaller first; a consequence stands behind its equals. */
  const keyOf = (cause: ReportCause) => [
    SEVERITIES.indexOf(cause.severity),
    STANDINGS.indexOf(cause.standing),
    checkOf(cause.code)?.consequence === true ? 1 : 0,
    LAYER_ORDER.indexOf(cause.layer),
    -cause.targets.length,
    -cause.explains.length,
  ];
  const inOrder = (a: ReportCause, b: ReportCause): boolean => {
    const [left, right] = [keyOf(a), keyOf(b)];
    const at = left.findIndex((value, i) => value !== right[i]);
    return at < 0 ? a.code <= b.code : (left[at] ?? 0) < (right[at] ?? 0);
  };

  it('is by severity, standing, layer, targets, observations and code, and ranks count from 1', () => {
    const several = { seen: 0 };
    fc.assert(
      fc.property(brokenWorld, ({ world }) => {
        const { causes }: Report = diagnose(modelCase(world, TARGETS));
        expect(causes.map((cause) => cause.rank)).toEqual(causes.map((_, i) => i + 1));
        causes.slice(1).forEach((cause, i) => {
          const before = causes[i];
          if (before !== undefined) expect(inOrder(before, cause), `${before.code} before ${cause.code}`).toBe(true);
        });
        if (causes.length > 2) several.seen++;
      }),
      { numRuns: 40 },
    );
    expect(several.seen).toBeGreaterThan(10);
  });

  it('does not hang on how often a question could be repeated', () => {
    const world = healthyWorld();
    addRoute(world, LAB.clientRouteTable, {
      DestinationCidrBlock: `${LAB.secretsAddressA}/32`,
      NetworkInterfaceId: 'eni-dead0001',
      State: 'blackhole',
    });
    const own = structuredClone(find(world, 'networkAcls', LAB.publicAcl));
    for (const acl of world.api.networkAcls)
      acl.Associations = acl.Associations?.filter(({ SubnetId }) => SubnetId !== LAB.endpointSubnetB) ?? [];
    const denied = {
      RuleNumber: 50,
      Egress: false,
      RuleAction: 'deny',
      Protocol: '-1',
      CidrBlock: '10.0.1.0/24',
    } as const;
    world.api.networkAcls.push({
      ...own,
      NetworkAclId: 'acl-b0000001',
      Associations: [{ SubnetId: LAB.endpointSubnetB, NetworkAclId: 'acl-b0000001' }],
      Entries: [denied, ...(own.Entries ?? [])],
    });
    const codes = (more: readonly TcpObservation[]) => {
      const [a, b] = [LAB.secretsAddressA, LAB.secretsAddressB].map((address) => tcp(address, 'timeout'));
      const found = dns(LAB.secretsHost, 'answered', LAB.secretsAddressA, LAB.secretsAddressB);
      const observations = [found, a, b, ...more] as Case['observations'];
      return diagnose({ ...modelCase(world), probed: true, observations }).causes.map(({ code }) => code);
    };
    const once = codes([]);
    expect(once).toContain('route-blackhole');
    expect(once.length).toBeGreaterThan(1);
    for (const address of [LAB.secretsAddressA, LAB.secretsAddressB]) {
      const again = [40_000, 50_000].map((localPort): TcpObservation => {
        const one = tcp(address, 'timeout');
        const subject = { ...one.subject, localPort };
        return { ...one, subject, id: probeId('tcp', subject) };
      });
      expect(codes(again)).toEqual(once);
    }
  });

  it('does not hang on the order in which causes are looked for', () => {
    fc.assert(
      fc.property(brokenWorld, ({ world }) => {
        const subject = modelCase(world, TARGETS);
        const codes = (report: Report) =>
          report.causes.map((cause) => `${cause.rank} ${cause.code} ${cause.fix.proof}`);
        expect(codes(diagnose(subject, [...CHECKS].reverse()))).toEqual(codes(diagnose(subject)));
      }),
      { numRuns: 40 },
    );
  });
});

describe('a case file', () => {
  const replayed = (subject: Case): Case => {
    const read = decodeCase(encodeCase(subject), 'a case');
    if (!read.ok) throw new Error(read.problem);
    return read.case;
  };

  it('read again gives the same report and the same file', () => {
    fc.assert(
      fc.property(brokenWorld, ({ world }) => {
        const subject = replayed(modelCase(world, TARGETS));
        const again = replayed(subject);
        expect(encodeCase(again)).toBe(encodeCase(subject));
        expect(renderJson(diagnose(again))).toBe(renderJson(diagnose(subject)));
      }),
      { numRuns: 40 },
    );
  });

  it('is left as it was by being diagnosed', () => {
    fc.assert(
      fc.property(brokenWorld, ({ world }) => {
        const subject = modelCase(world, TARGETS);
        const before = encodeCase(subject);
        diagnose(subject);
        expect(encodeCase(subject)).toBe(before);
      }),
      { numRuns: 40 },
    );
  });
});
