/** Every form that a report can take, once: the command line's `--format` is this table. */
import type { Report } from '../model/report.ts';
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
} as const satisfies Record<string, Renderer>;

export type Format = keyof typeof RENDERERS;
export const FORMATS = Object.keys(RENDERERS) as readonly Format[];

/** The report in one form, ending in a line break. `options` matter to `text` alone: the others know no terminal. */
export function render(report: Report, format: Format, options: TextOptions): string {
  return RENDERERS[format](report, options);
}
