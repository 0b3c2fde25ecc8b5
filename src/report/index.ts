/** Every form that a report can take: what `--format` names, drawn. */
import type { Report } from '../model/report.ts';
import type { Format } from './formats.ts';
import { renderHtml } from './html.ts';
import { renderJson } from './json.ts';
import { renderMarkdown } from './markdown.ts';
import { renderText, type TextOptions } from './text.ts';

type Renderer = (report: Report, options: TextOptions) => string;

export const RENDERERS = {
  text: renderText,
  json: renderJson,
  markdown: renderMarkdown,
  html: renderHtml,
} as const satisfies Record<Format, Renderer>;

/** The report in one form, ending in a line break. `options` matter to `text` alone: the others know no terminal. */
export function render(report: Report, format: Format, options: TextOptions): string {
  return RENDERERS[format](report, options);
}
