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

/**
 * AWS-RunShellScript, which every account has: its parameters, as `aws ssm get-document` prints them. Its schema is older (1.2),
 * where a step is called a property and named by its plugin; that name stands in the output's path.
 */
export const RUN_SHELL_SCRIPT: CommandDocument = {
  schemaVersion: '1.2',
  parameters: {
    commands: { type: 'StringList' },
    workingDirectory: { type: 'String', default: '', maxChars: 4096 },
    executionTimeout: {
      type: 'String',
      default: '3600',
      allowedPattern: '^(?:([1-9][0-9]{0,4})|(1[0-6][0-9]{4})|(17[0-1][0-9]{3})|(172[0-7][0-9]{2})|(172800))$',
    },
  },
  mainSteps: [
    {
      action: 'aws:runShellScript',
      name: '0.awsrunShellScript',
      inputs: { runCommand: ['{{ commands }}'], timeoutSeconds: '{{ executionTimeout }}' },
    },
  ],
};

/** Bytes of a document with its parameters: https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_CreateDocument.html */
export const MOST_BYTES = 65_536;

/** Why the service would refuse the parameters; undefined when it takes them. */
export function refusedParameter(
  { parameters }: CommandDocument,
  given: Readonly<Record<string, readonly string[]>>,
): string | undefined {
  for (const [name, values] of Object.entries(given)) {
    const declared = parameters[name];
    if (declared === undefined) return `${name} is no parameter of the document`;
    // What stands in two pairs of braces would be taken for the name of another parameter.
    if (values.some((value) => value.includes('{{'))) return `${name} holds the name of a parameter`;
    if (declared.type === 'StringList') continue;
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
      (whole, name: string) => given[name]?.join('\n') ?? document.parameters[name]?.default ?? whole,
    );
}
