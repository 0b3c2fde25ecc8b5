/** The tables of a fleet’s summary as words, for the terminal and for the page alike. */
import { placeOf } from './headline.ts';
import type { FleetSummary } from './schema.ts';

export type Table = {
  /** heads the first column */
  readonly title: string;
  /** the other columns */
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** rows that `--top` left out */
  readonly more: number;
};

/** Those that say something: a table of places with one row repeats the headline. */
export function tablesOf(summary: FleetSummary): readonly Table[] {
  const places = [
    placeTable('Zone', summary.zones),
    placeTable('Subnet', summary.subnets),
    placeTable('VPC', summary.vpcs),
    placeTable('Account', summary.accounts),
  ];
  return [causeTable(summary), resourceTable(summary), ...places, serviceTable(summary)].filter(
    ({ rows, more }) => rows.length + more > 0,
  );
}

function more({ total, rows }: { readonly total: number; readonly rows: readonly unknown[] }): number {
  return total - rows.length;
}

function causeTable({ causes }: FleetSummary): Table {
  return {
    title: 'Cause',
    columns: ['fail', 'advised', 'confirmed', 'likely', 'modelled', 'resources'],
    rows: causes.rows.map(({ code, hosts, failing, confirmed, likely, modelled, resources }) => [
      code,
      ...[failing, hosts - failing, confirmed, likely, modelled, resources].map(amount),
    ]),
    more: more(causes),
  };
}

function resourceTable({ resources }: FleetSummary): Table {
  const named = resources.rows.filter((row) => placeOf(row) !== '');
  return {
    title: 'Resource',
    columns: ['fail', 'cause'],
    rows: named.map((row) => [placeOf(row), amount(row.hosts), row.code]),
    more: more(resources),
  };
}

function placeTable(title: string, places: FleetSummary['zones']): Table {
  const rows = places.total < 2 ? [] : places.rows;
  return {
    title,
    columns: ['hosts', 'fail', 'share', 'inconclusive', 'most often'],
    rows: rows.map(({ id, hosts, blocked, degraded, inconclusive, causes }) => [
      id ?? 'not known',
      String(hosts),
      amount(blocked + degraded),
      percent(blocked + degraded, hosts),
      amount(inconclusive),
      causes[0] === undefined ? '' : `${causes[0].code} on ${causes[0].hosts}`,
    ]),
    more: rows.length === 0 ? 0 : more(places),
  };
}

function serviceTable({ services }: FleetSummary): Table {
  return {
    title: 'Service',
    columns: ['hosts', 'unreachable', 'degraded', 'unknown', 'reachable'],
    rows: services.rows.map(({ service, hosts, unreachable, degraded, unknown, reachable }) => [
      service,
      String(hosts),
      ...[unreachable, degraded, unknown, reachable].map(amount),
    ]),
    more: more(services),
  };
}

function amount(value: number): string {
  return value === 0 ? '-' : String(value);
}

/** Never rounded to all or to none of them. */
function percent(part: number, whole: number): string {
  if (part === 0) return '-';
  const rounded = Math.round((100 * part) / whole);
  if (rounded === 0) return '<1 %';
  return `${part < whole && rounded === 100 ? '>99' : rounded} %`;
}
