/** Which paths are worth drawing beside a cause, and which gate on them is that cause's own. */
import type { CauseCode } from '../model/codes.ts';
import type { Hop, HopList, Report, ReportCause } from '../model/report.ts';
import { groupBy, unique } from './words.ts';

/** One gate as it is drawn. */
export type DrawnHop = {
  readonly label: string;
  /** `ok`, `57 % blocked`; empty where the drawing says it */
  readonly state: string;
  readonly result: Hop['result'];
  /** this gate is what the cause is about */
  readonly own: boolean;
  /** another cause that this gate belongs to, by rank */
  readonly otherCause?: number | undefined;
};

export type DrawnPath = {
  readonly target: string;
  readonly to: string;
  /** from the client to the interface */
  readonly out: readonly DrawnHop[];
  /** from the interface to the client; empty when the way back was not evaluated */
  readonly back: readonly DrawnHop[];
  /** ends of other paths that look the same but for their end */
  readonly alike: readonly string[];
  /** notes of the gates that do not simply pass, when they are too long to be drawn */
  readonly notes: readonly string[];
};

/** The gates that a code can be blamed for. A gate that is not listed is told apart by its resource alone. */
const GATE_CODES: ReadonlyMap<string, readonly CauseCode[]> = new Map<string, readonly CauseCode[]>([
  ['client-sg-egress', ['client-sg-blocks-egress', 'sg-reference-not-honoured']],
  ['client-nacl-egress', ['client-nacl-blocks-egress']],
  ['client-nacl-return', ['client-nacl-blocks-return']],
  ['endpoint-nacl-ingress', ['endpoint-nacl-blocks-ingress']],
  ['endpoint-nacl-return', ['endpoint-nacl-blocks-return']],
  ['endpoint-sg-ingress', ['endpoint-sg-blocks-client', 'sg-reference-not-honoured']],
  ['route', ['gateway-route-missing', 'route-overrides-endpoint', 'route-blackhole', 'route-missing']],
  ['endpoint-route-return', ['route-overrides-endpoint', 'route-blackhole', 'return-route-missing']],
  ['transit', ['transit-path-broken']],
  ['transit-return', ['transit-path-broken']],
  ['internet-route', ['no-internet-path', 'public-path-used', 'route-blackhole']],
]);

/** A partial gate's note fits into the drawing up to here (`57 % blocked`). */
const SHORT_NOTE = 28;
const TOLD_BELOW = new Set<Hop['result']>(['block', 'partial', 'unknown']);
const SAME_SUBNET = 'same subnet: not evaluated';

/**
 * The paths of the cause's targets on which the cause can be seen, those that look alike drawn once. Empty for causes
 * that sit on no gate: a wrong DNS answer is not seen on the path that the packets then do not take.
 */
export function pathsOf(report: Report, cause: ReportCause): readonly DrawnPath[] {
  const paths = report.targets
    .filter((target) => cause.targets.includes(target.id))
    .flatMap((target) => target.hops.map((list) => ({ target, list })))
    .filter(({ list }) => list.hops.some((hop) => belongs(hop, cause)))
    .map(({ target, list }) => drawPath(report, cause, target.id, list));
  return groupBy(paths, looks).flatMap(([, [first, ...rest]]) => {
    if (first === undefined) return [];
    const ends = unique(rest.map((path) => path.to)).filter((to) => to !== first.to);
    return [{ ...first, alike: ends }];
  });
}

/** What two paths must share to be drawn as one: the client and every gate, not the end. */
function looks(path: DrawnPath): string {
  const gates = [...path.out.slice(1), ...path.back].filter((hop) => hop.result !== 'end');
  return JSON.stringify([path.out.at(0), gates]);
}

function drawPath(report: Report, cause: ReportCause, target: string, list: HopList): DrawnPath {
  const middle = list.hops.findIndex((hop, index) => index > 0 && hop.result === 'end');
  const cut = middle === -1 ? list.hops.length : middle + 1;
  const draw = (hop: Hop): DrawnHop => drawHop(report, cause, target, hop);
  const back = list.hops.slice(cut);
  const start = list.hops.at(0);
  const closes = back.length === 0 || start === undefined || start.result !== 'end' || back.at(-1)?.result === 'end';
  return {
    target,
    to: list.to,
    out: withoutRepeats(list.hops.slice(0, cut).map(draw)),
    back: withoutRepeats([...back, ...(closes ? [] : [start])].map(draw)),
    alike: [],
    notes: unique(list.hops.flatMap((hop) => longNote(hop))),
  };
}

/** Gates that were not evaluated for one and the same reason are one stretch of the way. */
function withoutRepeats(hops: readonly DrawnHop[]): readonly DrawnHop[] {
  return hops.filter((hop, index) => {
    const before = hops[index - 1];
    return hop.result !== 'skipped' || before?.result !== 'skipped' || before.label !== hop.label;
  });
}

function drawHop(report: Report, cause: ReportCause, target: string, hop: Hop): DrawnHop {
  const own = belongs(hop, cause);
  const other = own
    ? undefined
    : report.causes.find((c) => c !== cause && c.targets.includes(target) && belongs(hop, c));
  const label = hop.result === 'skipped' ? SAME_SUBNET : hop.label;
  return { label, state: stateOf(hop), result: hop.result, own, otherCause: other?.rank };
}

function stateOf(hop: Hop): string {
  switch (hop.result) {
    case 'pass':
      return 'ok';
    case 'partial':
      return hop.note !== undefined && hop.note.length <= SHORT_NOTE ? hop.note : 'in part';
    case 'unknown':
      return 'unknown';
    case 'skipped':
    case 'block':
    case 'end':
      return '';
  }
}

/** The cause blocks, or narrows, this very gate. */
function belongs(hop: Hop, cause: ReportCause): boolean {
  if (hop.result !== 'block' && hop.result !== 'partial') return false;
  const codes = GATE_CODES.get(hop.gate);
  if (codes !== undefined && !codes.includes(cause.code)) return false;
  if (hop.resource !== undefined) return cause.resources.includes(hop.resource);
  return codes !== undefined;
}

function longNote(hop: Hop): readonly string[] {
  if (hop.result === 'skipped' && hop.note !== undefined) return [hop.note];
  if (hop.note === undefined || !TOLD_BELOW.has(hop.result)) return [];
  if (hop.result === 'partial' && hop.note.length <= SHORT_NOTE) return [];
  return [`${hop.label}: ${hop.note}`];
}
