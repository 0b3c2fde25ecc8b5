/** A call of the AWS CLI, taken apart. */

/** The options of a command line. */
export type Call = {
  readonly all: (option: string) => readonly string[];
  readonly one: (option: string) => string | undefined;
  readonly has: (option: string) => boolean;
};

/** A required option's value. */
export function need(call: Call, option: string): string {
  const value = call.one(option);
  if (value === undefined) throw new Error(`MissingParameter: --${option}`);
  return value;
}
