/** Every form of a fleet’s summary, by the name that `--format` gives it. */
import { clean, cleanCommand, mapStrings } from '../report/clean.ts';
import { visibleJson } from '../report/visible-json.ts';
import { renderFleetHtml } from './html.ts';
import { FleetSchema, type FleetSummary } from './schema.ts';
import { type FleetTextOptions, renderFleetText } from './text.ts';

export const FLEET_FORMATS = ['text', 'json', 'html'] as const;
export type FleetFormat = (typeof FLEET_FORMATS)[number];

/** The summary in one form, ending in a line break. Strings come from reports, and so from anywhere: none can move a terminal. */
export function renderFleet(summary: FleetSummary, format: FleetFormat, options: FleetTextOptions): string {
  switch (format) {
    case 'text':
      return renderFleetText(cleanSummary(summary), options);
    case 'html':
      return renderFleetHtml(cleanSummary(summary));
    case 'json':
      // Parsed, so that keys stand in the order of the published schema.
      return visibleJson(FleetSchema.parse(summary));
  }
}

function cleanSummary(summary: FleetSummary): FleetSummary {
  const cleaned = mapStrings(summary, clean);
  for (const [index, row] of cleaned.explanation.steps.rows.entries()) {
    const fix = summary.explanation.steps.rows[index]?.fix;
    if (row.fix === undefined || fix === undefined) continue;
    row.fix.commands = fix.commands.map(cleanCommand);
    row.fix.undo = fix.undo.map(cleanCommand);
  }
  return cleaned;
}
