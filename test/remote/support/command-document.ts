/** A Command document as Systems Manager and its agent take it: parameters against patterns, and the script with them filled in. */

type Parameter = {
  readonly type: string;
  readonly default?: string;
  readonly allowedPattern?: string;
  readonly maxChars?: number;
};

export type CommandDocument = {
  readonly schemaVersion: string;
  readonly parameters: Readonly<Record<string, Parameter>>;
  readonly mainSteps: readonly {
    readonly action: string;
    readonly name: string;
    readonly inputs: { readonly runCommand: readonly string[]; readonly timeoutSeconds: string };
  }[];
};

/** Why the service would refuse the parameters; undefined when it takes them. */
export function refusedParameter(
  { parameters }: CommandDocument,
  given: Readonly<Record<string, readonly string[]>>,
): string | undefined {
  for (const [name, values] of Object.entries(given)) {
    const declared = parameters[name];
    if (declared === undefined) return `${name} is no parameter of the document`;
    if (values.length !== 1 || values[0] === undefined) return `${name} is no list`;
    if (!fits(declared, values[0])) return `${name} does not match its pattern`;
  }
  const missing = Object.entries(parameters).find(([name, { default: own }]) => own === undefined && !(name in given));
  return missing === undefined ? undefined : `${missing[0]} is required`;
}

/** Java's `$`, which the service uses, also matches before one last line break. */
export function fits({ allowedPattern = '', maxChars }: Parameter, value: string): boolean {
  const pattern = new RegExp(allowedPattern.replace(/\$$/, '\\n?$'));
  return pattern.test(value) && (maxChars === undefined || value.length <= maxChars);
}

/** The script of the only step, as the agent writes it to a file. */
export function scriptOf(document: CommandDocument, given: Readonly<Record<string, readonly string[]>>): string {
  const [step] = document.mainSteps;
  if (step === undefined || document.mainSteps.length > 1) throw new Error('a document of one step is wanted');
  return step.inputs.runCommand
    .join('\n')
    .replace(
      /\{\{\s*(\w+)\s*\}\}/g,
      (whole, name: string) => given[name]?.[0] ?? document.parameters[name]?.default ?? whole,
    );
}
