/** The forms that a report can take, by name: apart from what draws them, so that reading `--format` loads none of it. */
export const FORMATS = ['text', 'json', 'markdown', 'html'] as const;
export type Format = (typeof FORMATS)[number];

/** What is left of a report when everything went but the verdict, the first cause and the first target fits into this. */
export const LEAST_BYTES = 4_000;
