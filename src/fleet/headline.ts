/** What a fleet’s summary says in sentences, once for all forms. */
import { capital } from '../model/text.ts';
import { count, joinWords } from '../report/words.ts';
import { kindOf } from './findings.ts';
import type { FleetSummary } from './schema.ts';

type StepRow = FleetSummary['explanation']['steps']['rows'][number];
type SpotRow = Pick<StepRow, 'code' | 'resource' | 'vpcId' | 'service' | 'onEachHost'>;

/** The first sentence: how many hosts fail, and how few things explain it. */
export function headlineOf(summary: Omit<FleetSummary, 'headline'>): string {
  const { hosts, explanation } = summary;
  const { failing, explained, unexplained, steps } = explanation;
  if (hosts.hosts === 0) return 'No report could be read.';
  if (failing === 0) return healthyHeadline(hosts);
  const [first] = steps.rows;
  const of = failing === 1 ? 'the one failing host' : `${failing} failing hosts`;
  if (first === undefined) return `No cause was found for ${failing === 1 ? of : `any of ${of}`}.`;
  if (explained === 0)
    return `No cause explains all that is wrong with ${failing === 1 ? of : `any of ${of}`}. ${first.code} is the most frequent one, on ${first.hosts}.`;
  const rest =
    unexplained === 0
      ? ''
      : ` ${capital(hostsWord(unexplained))} ${unexplained === 1 ? 'fails' : 'fail'} in ways that no cause explains.`;
  if (first.alone === 0)
    return `${count(steps.total, 'cause')} together explain ${share(explained, failing)}; none alone explains a host.${rest}`;
  const others = steps.total - 1;
  const all = explained === failing ? 'all' : String(explained);
  const more =
    others === 0 ? '' : ` With ${count(others, 'more cause')} ${all} ${explained === 1 ? 'is' : 'are'} explained.`;
  return `${subject(first)} ${hedge(first)}explains ${share(first.alone, failing)}.${more}${rest}`;
}

function healthyHeadline({ hosts, inconclusive }: FleetSummary['hosts']): string {
  if (inconclusive === 0) return hosts === 1 ? 'The one host is healthy.' : `All ${hosts} hosts are healthy.`;
  const none = hosts === 1 ? 'The one host does not fail' : `None of ${hosts} hosts fails`;
  return `${none}, but ${hosts === 1 ? 'its report is' : `${inconclusive} ${inconclusive === 1 ? 'is' : 'are'}`} inconclusive.`;
}

function share(part: number, failing: number): string {
  if (part === failing) return failing === 1 ? 'the one failing host' : `all ${failing} failing hosts`;
  return `${part} of ${failing} failing hosts`;
}

/** Nobody should change a production network on a “likely” that reads like a “certainly”. */
function hedge({ confirmed, modelled, likely }: StepRow): string {
  if (confirmed > 0) return '';
  return modelled > likely ? 'by the model ' : 'probably ';
}

function subject(step: StepRow): string {
  if (step.onEachHost) return `${step.code}, on each host by itself,`;
  const noun = NOUNS[kindOf(step.resource ?? '')];
  const where = placeOf(step);
  if (noun === undefined || step.resource === undefined)
    return `One cause, ${step.code}${where === '' ? '' : ` at ${where}`},`;
  return `One ${noun}, ${where} (${step.code}),`;
}

const NOUNS: Readonly<Record<string, string>> = {
  sg: 'security group',
  acl: 'network ACL',
  rtb: 'route table',
  vpce: 'endpoint',
  vpc: 'VPC',
  subnet: 'subnet',
  nat: 'NAT gateway',
  tgw: 'transit gateway',
  'tgw-rtb': 'transit gateway route table',
  pcx: 'peering connection',
  zone: 'hosted zone',
  'rslvr-rr': 'resolver rule',
};

/** `sg-0e1`, `10.0.0.2 in vpc-0123`, `vpc-0123 for com.amazonaws…`; empty where a spot has no name. */
export function placeOf({ resource, vpcId, service, onEachHost }: SpotRow): string {
  if (onEachHost) return 'each host';
  const at = resource === undefined ? (vpcId ?? '') : vpcId === undefined ? resource : `${resource} in ${vpcId}`;
  return service === undefined ? at : [at, `for ${service}`].filter((part) => part !== '').join(' ');
}

/** `sg-0e1: 421 failing hosts, 412 by this alone; confirmed.` */
export function whereAndHowOften(step: StepRow, index: number): string {
  const place = step.onEachHost ? 'On each host by itself' : placeOf(step);
  return `${place === '' ? '' : `${place}: `}${extentOf(step, index)}.`;
}

/** `421 failing hosts, 412 by this alone; confirmed on 400 and likely on 21; with the above 430 explained` */
export function extentOf(step: StepRow, index: number): string {
  const alone =
    step.alone === step.hosts
      ? step.hosts === 1
        ? 'by this alone'
        : 'all by this alone'
      : step.alone === 0
        ? 'never alone'
        : `${step.alone} by this alone`;
  const standings = (['confirmed', 'likely', 'modelled'] as const).filter((standing) => step[standing] > 0);
  const sure =
    standings.length === 1
      ? (standings[0] ?? '')
      : joinWords(standings.map((standing) => `${standing} on ${step[standing]}`));
  const sum = index === 0 ? '' : `; with the above ${step.together} explained`;
  return `${count(step.hosts, 'failing host')}, ${alone}; ${sure}${sum}`;
}

/** Where the failures are together. */
export function togetherSentences({ together, explanation, hosts }: FleetSummary): readonly string[] {
  const { failing } = explanation;
  return together.map(({ where, id, hosts: there }) => {
    const place = where === 'zone' || where === 'account' ? `${where} ${id}` : id;
    const others = there - failing;
    const share = others === 0 ? 'where every host fails' : `where ${others} more ${others === 1 ? 'does' : 'do'} not`;
    return `All ${failing} failing hosts are in ${place}, ${share}; ${hostsWord(hosts.hosts - there)} elsewhere ${hosts.hosts - there === 1 ? 'does' : 'do'} not fail.`;
  });
}

/** `ec2:DescribeNetworkAcls was denied on 120 hosts: 3 causes stay undecided` */
export function undecidedSentences({ undecided }: FleetSummary): readonly string[] {
  return undecided.rows.map(({ action, why, hosts, matters, causes }) => {
    const weight = matters === 0 ? 'cannot change a verdict' : `could change the verdict of ${hostsWord(matters)}`;
    return `${action} ${WHYS[why] ?? `has no answer (${why})`} on ${hostsWord(hosts)}: it would decide ${count(causes.length, 'cause')}, and ${weight}.`;
  });
}

const WHYS: Readonly<Record<string, string>> = {
  denied: 'was denied',
  throttled: 'was throttled',
  timeout: 'did not answer in time',
  unreachable: 'was out of reach',
  'no-credentials': 'could not be called without credentials',
  failed: 'failed',
  'not-asked': 'was not called',
  'not-given': 'was not among the documents given',
  'not-visible': 'does not show what others own',
  'not-found': 'does not list what was looked for',
};

/** What was read, part by part. */
export function readingParts({ reports, hosts, complete }: FleetSummary): readonly string[] {
  return [
    `${count(hosts.hosts, 'host')} in ${count(reports.read, 'report')}`,
    ...(reports.superseded === 0 ? [] : [`${reports.superseded} superseded by newer ones`]),
    ...(reports.unreadable === 0 ? [] : [`${reports.unreadable} not read`]),
    ...(reports.oldest === undefined || reports.newest === undefined
      ? []
      : [
          reports.oldest === reports.newest
            ? `started ${reports.oldest}`
            : `started ${reports.oldest} to ${reports.newest}`,
        ]),
    ...(complete ? [] : ['interrupted: not all was read']),
  ];
}

/** What a reader must know before he trusts the figures. */
export function cautions({ explanation, reports, versions }: FleetSummary): readonly string[] {
  const { unexplained, unexplainedExamples, steps, fewest } = explanation;
  return [
    ...(unexplained === 0
      ? []
      : [
          `${capital(hostsWord(unexplained))} ${unexplained === 1 ? 'fails' : 'fail'} in ways that no cause explains: ${namesOf(unexplainedExamples, unexplained)}.`,
        ]),
    ...(steps.total > 1 && !fewest
      ? ['A smaller set of causes may explain the same hosts: that these are the fewest is not proven.']
      : []),
    ...(reports.unnamed === 0
      ? []
      : [
          `${count(reports.unnamed, 'report')} ${reports.unnamed === 1 ? 'does' : 'do'} not say whose ${reports.unnamed === 1 ? 'it is' : 'they are'}: each counts as a host.`,
        ]),
    ...(versions.total < 2
      ? []
      : [
          `${count(versions.total, 'version')} of vpce-doctor: ${joinWords(versions.rows.map(({ version, hosts }) => `${version} on ${hosts}`))}.`,
        ]),
  ];
}

/** `i-1, i-2 and 40 more` */
export function namesOf(names: readonly string[], hosts: number): string {
  const more = hosts - names.length;
  if (names.length === 0) return `${hostsWord(hosts)} without a name`;
  return more <= 0 ? joinWords(names) : joinWords([...names, `${more} more`]);
}

function hostsWord(hosts: number): string {
  return count(hosts, 'host');
}
