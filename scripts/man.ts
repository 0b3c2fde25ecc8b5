/** docs/vpce-doctor.1, the manual page: the help of every command as it is declared, in the form that `man` reads. */
import type { Command } from 'commander';
import type { Io } from '../src/commands/io.ts';
import { buildProgram } from '../src/commands/program.ts';
import { realHost } from '../src/host.ts';
import { TOOL } from '../src/version.ts';

const ENVIRONMENT: readonly (readonly [string, string])[] = [
  ['AWS_*', 'Region, profile, credentials, proxies and endpoints, read as the AWS SDKs read them.'],
  ['NO_COLOR', 'When it is set, nothing is coloured.'],
  [
    'VPCE_DOCTOR_ONLY',
    'The only networks that may be contacted, as CIDR blocks between spaces. What lies elsewhere is not probed.',
  ],
  [
    'VPCE_DOCTOR_OWN_VARIABLES',
    'Names of variables, between spaces, that are set for this run alone: no evidence of how applications are set up.',
  ],
  ['VPCE_DOCTOR_DEBUG', 'When it is set, an internal error comes with its stack.'],
];

/** The whole page. */
export function manualPage(): string {
  const program = buildProgram(SILENT, () => {});
  const [exitStatus = '', ...examples] = after(program).split('\n\n');
  return [
    `.TH VPCE\\-DOCTOR 1 "" "vpce\\-doctor ${TOOL.version}" "User Commands"`,
    '.SH NAME',
    `vpce\\-doctor \\- find out why a client in a VPC cannot use a service through its VPC endpoint`,
    '.SH SYNOPSIS',
    ...[program, ...program.commands].flatMap((command) => [
      `.B ${roff(fullName(command))}`,
      roff(usage(command)),
      '.br',
    ]),
    '.SH DESCRIPTION',
    roff(program.description()),
    '.PP',
    roff(
      'Without a command it probes the targets from this host, asks the EC2 API what is set up, and prints one report.',
    ),
    ...described(program),
    '.SH COMMANDS',
    ...program.commands.flatMap((command) => [
      `.SS "${roff(`${fullName(command)} ${usage(command)}`)}"`,
      roff(sentence(command.description())),
      ...described(command),
      ...verbatim(after(command)),
    ]),
    '.SH EXIT STATUS',
    roff(exitStatus.replace(/^Exit status: /, '')),
    '.SH ENVIRONMENT',
    ...ENVIRONMENT.flatMap(([name, text]) => ['.TP', `.B ${roff(name)}`, roff(text)]),
    '.SH EXAMPLES',
    ...verbatim(examples.join('\n\n').replace(/^Examples:\n/, '')),
    '.SH SEE ALSO',
    roff('The causes, one by one: vpce-doctor explain.'),
    '',
  ].join('\n');
}

const SILENT: Io = {
  host: realHost({ env: {} }),
  stdout: () => {},
  stderr: () => {},
  columns: undefined,
  showsProgress: false,
  signal: new AbortController().signal,
};

/** Arguments and options: those of the program under a heading of their own. */
function described(command: Command): string[] {
  const lines = [
    ...command.registeredArguments
      .filter(({ description }) => description !== '')
      .map((one) => [`[${one.name()}]`, one.description] as const),
    ...command.options.map((one) => [one.flags, one.description] as const),
  ].flatMap(([term, text]) => ['.TP', `.B ${roff(term)}`, roff(sentence(text))]);
  return command.parent === null ? ['.SH OPTIONS', ...lines] : lines;
}

function fullName(command: Command): string {
  return command.parent === null ? command.name() : `${command.parent.name()} ${command.name()}`;
}

/** Without `[command]`: the commands are listed. */
function usage(command: Command): string {
  return command.usage().replace(' [command]', '');
}

/** What `addHelpText` puts behind the help. */
function after(command: Command): string {
  let all = '';
  command.configureOutput({ writeOut: (text) => (all += text) });
  command.outputHelp();
  return all.slice(command.helpInformation().length).trim();
}

function sentence(text: string): string {
  const first = `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`;
  return /[.!?]$/.test(first) ? first : `${first}.`;
}

function verbatim(text: string): string[] {
  return text === ''
    ? []
    : ['.PP', '.nf', ...text.split('\n').map((line) => (line === '' ? '.sp' : roff(line))), '.fi'];
}

/** Text that stands for itself, on one line. */
function roff(text: string): string {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll('"', '\\(dq')
    .replaceAll('`', '\\(ga')
    .replaceAll("'", '\\(aq')
    .replace(/[^\x20-\x7e]/gu, (sign) => `\\[u${sign.codePointAt(0)?.toString(16).toUpperCase().padStart(4, '0')}]`)
    .replace(/^[.']/, '\\&$&');
}
