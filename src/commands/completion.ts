/** `vpce-doctor completion <shell>`: a script that completes commands, options and their values, for the user's own shell. */
import type { Command } from 'commander';
import { POLICY_MODES } from '../collect/mode-calls.ts';
import { CAUSE_CODES } from '../model/codes.ts';
import { SERVICES } from '../services/service-table.ts';
import { WORKLOADS } from '../services/workloads.ts';
import { type CommandWords, commandWords, type Expected, type Known } from './command-words.ts';
import { type Io, refuse } from './io.ts';

export const SHELLS = ['bash', 'zsh', 'fish'] as const;
type Shell = (typeof SHELLS)[number];

export function completionCommand(io: Io, program: Command, shell: string): number {
  const known = SHELLS.find((one) => one === shell);
  if (known === undefined)
    return refuse(io, `There is no completion for ${JSON.stringify(shell)}; there is for ${SHELLS.join(', ')}.`);
  io.stdout(completionScript(known, program));
  return 0;
}

/** The script for one shell. It asks nobody when it is used: every word is in it. */
export function completionScript(shell: Shell, program: Command): string {
  return WRITERS[shell](commandWords(program, knownWords(program)));
}

function knownWords(program: Command): Known {
  return {
    targets: SERVICES.map(({ id }) => id),
    workload: WORKLOADS.map(({ id }) => id),
    mode: POLICY_MODES,
    code: CAUSE_CODES,
    codes: CAUSE_CODES,
    shell: SHELLS,
    command: program.commands.map((command) => command.name()),
  };
}

const WRITERS = { bash, zsh, fish } as const satisfies Record<Shell, (commands: readonly CommandWords[]) => string>;

function bash(commands: readonly CommandWords[]): string {
  return script(commands, {
    head: [
      '# bash completion for vpce-doctor. For this shell: source <(vpce-doctor completion bash). For all of them: write it',
      '# to ~/.local/share/bash-completion/completions/vpce-doctor',
      '_vpce_doctor() {',
      `  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]} command= word words=`,
      '  COMPREPLY=()',
      `  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do`,
    ],
    words: (words) => `words=${quoted(words.join(' '))}`,
    files: 'compopt -o default; return 0',
    alsoFiles: 'compopt -o default',
    nothing: 'return 0',
    tail: ['  COMPREPLY=($(compgen -W "$words" -- "$cur"))', '}', 'complete -F _vpce_doctor vpce-doctor', ''],
  });
}

function zsh(commands: readonly CommandWords[]): string {
  return script(commands, {
    head: [
      '#compdef vpce-doctor',
      '# For this shell: source <(vpce-doctor completion zsh). For all of them: write it to a folder of $fpath as _vpce-doctor.',
      '_vpce_doctor() {',
      `  local cur=$words[CURRENT] prev=$words[CURRENT-1] command= word`,
      '  local -a found',
      `  for word in "\${(@)words[2,CURRENT-1]}"; do`,
    ],
    words: (words) => `found=(${words.join(' ')})`,
    files: '_files; return',
    alsoFiles: '_files',
    nothing: 'return 1',
    tail: [
      '  compadd -- $found',
      '}',
      // Loaded from $fpath it is to complete at once; sourced, it is to be registered.
      `if [[ \${funcstack[1]-} == _vpce-doctor ]]; then _vpce_doctor; else compdef _vpce_doctor vpce-doctor; fi`,
      '',
    ],
  });
}

type Dialect = {
  readonly head: readonly string[];
  readonly words: (words: readonly string[]) => string;
  readonly files: string;
  readonly alsoFiles: string;
  readonly nothing: string;
  readonly tail: readonly string[];
};

/** bash and zsh read the same: which command, then what may follow the word before, then what may stand here. */
function script(commands: readonly CommandWords[], dialect: Dialect): string {
  const named = commands.filter(({ name }) => name !== '');
  const act = (value: Expected) =>
    value.kind === 'words'
      ? `${dialect.words(value.words)}${value.orFiles === true ? `; ${dialect.alsoFiles}` : ''}`
      : value.kind === 'files'
        ? dialect.files
        : dialect.nothing;
  const place = ({ name, argument }: CommandWords): string =>
    name === '' && argument?.kind === 'words'
      ? dialect.words([...named.map((one) => one.name), ...argument.words])
      : act(argument ?? { kind: 'anything' });
  return [
    ...dialect.head,
    `    case $word in ${named.map(({ name }) => name).join('|')}) command=$word; break ;; esac`,
    '  done',
    '  case "$command:$prev" in',
    ...commands.flatMap(({ name, options }) =>
      options.flatMap(({ names, value }) =>
        value === undefined
          ? []
          : [
              `    ${names.map((one) => `'${name}:${one}'`).join('|')}) ${act(value)}${value.kind === 'words' ? finish(dialect) : ''} ;;`,
            ],
      ),
    ),
    '  esac',
    '  case "$command:$cur" in',
    ...commands.flatMap((command) => [
      `    ${command.name}:-*) ${dialect.words(command.options.flatMap(({ names }) => names))} ;;`,
      `    ${command.name}:*) ${place(command)} ;;`,
    ]),
    '  esac',
    ...dialect.tail,
  ].join('\n');
}

/** What the script's end does, for a value: nothing else can stand there. */
function finish({ tail }: Dialect): string {
  return `; ${tail[0]?.trim()}; return 0`;
}

function fish(commands: readonly CommandWords[]): string {
  const named = commands.filter(({ name }) => name !== '');
  const all = named.map(({ name }) => name).join(' ');
  const lines = commands.flatMap((command) => {
    const when =
      command.name === '' ? `not __fish_seen_subcommand_from ${all}` : `__fish_seen_subcommand_from ${command.name}`;
    const start = `complete -c vpce-doctor -n ${quoted(when)}`;
    return [
      ...(command.name === '' ? named.map((one) => `${start} -f -a ${one.name} -d ${quoted(one.description)}`) : []),
      ...argumentsInFish(start, command.argument),
      ...command.options.map(({ names, description, value }) =>
        [start, ...names.map(flagInFish), ...valueInFish(value), '-d', quoted(description)].join(' '),
      ),
    ];
  });
  return [
    '# fish completion for vpce-doctor: vpce-doctor completion fish > ~/.config/fish/completions/vpce-doctor.fish',
    'complete -c vpce-doctor -f',
    ...lines,
    '',
  ].join('\n');
}

function flagInFish(name: string): string {
  return name.startsWith('--') ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`;
}

function valueInFish(value: Expected | undefined): string[] {
  if (value === undefined) return [];
  if (value.kind === 'words') return ['-x', '-a', quoted(value.words.join(' '))];
  return [value.kind === 'files' ? '-r -F' : '-x'];
}

function argumentsInFish(start: string, argument: Expected | undefined): string[] {
  if (argument === undefined || argument.kind === 'anything') return [];
  if (argument.kind === 'files') return [`${start} -F`];
  return [`${start} ${argument.orFiles === true ? '-F' : '-f'} -a ${quoted(argument.words.join(' '))}`];
}

/** For all three shells; none of our words holds what would end the quotes but the apostrophe of a sentence. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
