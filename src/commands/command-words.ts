/** What can stand on the command line, read off the declared commands: what completion scripts and the manual page are made of. */
import type { Argument, Command, Option } from 'commander';

/** What may follow an option, or stand as an argument. */
export type Expected =
  | { readonly kind: 'files' }
  | { readonly kind: 'words'; readonly words: readonly string[]; readonly orFiles?: boolean }
  /** whatever the user has in mind: an address, a number */
  | { readonly kind: 'anything' };

export type OptionWords = {
  /** with their dashes, the long one last */
  readonly names: readonly string[];
  readonly description: string;
  /** undefined when nothing follows it */
  readonly value: Expected | undefined;
};

export type CommandWords = {
  /** empty for what stands before any command */
  readonly name: string;
  readonly description: string;
  readonly options: readonly OptionWords[];
  readonly argument: Expected | undefined;
};

/** Words that tables know, by the placeholder that stands for them: `targets` in `[targets...]`, `code` in `[code]`. */
export type Known = Readonly<Record<string, readonly string[]>>;

const FILES = /^(file|path|report)s?$/;

/** The program itself first, then each of its commands as they are declared. */
export function commandWords(program: Command, known: Known): CommandWords[] {
  return [program, ...program.commands].map((command) => {
    const [argument] = command.registeredArguments;
    return {
      name: command === program ? '' : command.name(),
      description: command.description(),
      options: [...command.options, helpOf(command)].map((option) => ({
        names: [option.short, option.long].filter((name) => name !== undefined && name !== null),
        description: option.description,
        value: following(option, known),
      })),
      argument: argument && argumentWords(argument, known),
    };
  });
}

/** `targets, or a case file` says that a file may stand there, too. */
function argumentWords(argument: Argument, known: Known): Expected {
  const value = expected(argument.name(), known);
  return value.kind === 'words' && /\bfiles?\b/.test(argument.description) ? { ...value, orFiles: true } : value;
}

function helpOf(command: Command): Option {
  return command.createOption('-h, --help', 'display help for command');
}

function following(option: Option, known: Known): Expected | undefined {
  const placeholder = /[<[]([^>\]]+)[>\]]$/.exec(option.flags)?.[1];
  if (placeholder === undefined) return undefined;
  // A format's description is the list of them: `text, json, markdown or html`.
  const listed = /^\w+(?:, \w+)* or \w+$/.test(option.description) ? option.description.split(/, | or /) : undefined;
  return listed === undefined ? expected(placeholder, known) : { kind: 'words', words: listed };
}

function expected(placeholder: string, known: Known): Expected {
  const name = placeholder.replace(/\.\.\.$/, '');
  const words = known[name];
  if (words !== undefined) return { kind: 'words', words };
  return FILES.test(name) ? { kind: 'files' } : { kind: 'anything' };
}
