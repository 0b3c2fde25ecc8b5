/** The forms that a report can take, by name: apart from what draws them, so that reading `--format` loads none of it. */
export const FORMATS = ['text', 'json', 'markdown', 'html'] as const;
export type Format = (typeof FORMATS)[number];
