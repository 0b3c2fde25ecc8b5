/** The command line: every command and option, once. */
import { Command, CommanderError, Option } from 'commander';
import { DURATIONS } from '../durations.ts';
import type { HeadStart } from '../probes/head-start.ts';
import { versionLine } from '../version.ts';
import type { FleetFlags } from './fleet-command.ts';
import { type Io, isProblem, type OutputOptions, refuse, unwritable } from './io.ts';
import type { PolicyCheckFlags } from './policy-check.ts';
import type { RunOptions } from './run-command.ts';

// What a command needs is imported by its action: `--version` and `--help` load neither tables nor schemas.

type Flags = {
  readonly region?: string;
  readonly from?: string;
  readonly state?: string[];
  readonly evidence?: string[];
  readonly api?: boolean;
  readonly save?: string;
  readonly format: string;
  readonly output?: string;
  readonly timeout?: string;
  readonly deadline?: string;
  readonly concurrency?: string;
  readonly repeat?: string;
  readonly redact?: boolean;
  readonly quiet?: boolean;
  readonly verbose?: boolean;
  readonly color: boolean;
  readonly workload?: string[];
  readonly error?: string;
  readonly vpc?: string;
  readonly signed?: boolean;
  readonly most?: string;
  readonly instanceIds?: string[];
  readonly targets?: string[];
  readonly script?: boolean;
  readonly document?: string;
  readonly parameter?: string[];
  readonly outputBucket?: string;
  readonly outputFolder?: string;
};

const POLICY_CHECK_HELP = `
A file (- is standard input) holds the policy itself or what the AWS CLI prints around it: ec2 describe-vpc-endpoints,
s3api get-bucket-policy, kms get-key-policy, sqs get-queue-attributes, secretsmanager get-resource-policy, iam get-role-policy …

What is not given is not known, and may leave the answer open. Known from the request itself, unless --context or --absent says otherwise:
  --endpoint-policy  aws:SourceVpce, aws:SourceVpc and aws:VpcSourceIp are there (their values when the file tells them), aws:SourceIp is
                     absent; the caller asks directly: aws:ViaAWSService is false, aws:CalledVia, aws:SourceArn, aws:SourceAccount absent
  --principal        aws:PrincipalArn, aws:PrincipalAccount, aws:PrincipalType, aws:PrincipalIsAWSService, aws:username, aws:userid as far
                     as its form shows them; a session’s ARN does not show its role’s path
  --resource         aws:ResourceAccount when the ARN holds an account; a bucket’s does not, and whose it is decides which policies must
                     allow: --context aws:ResourceAccount=111122223333

Exit status: 0 allowed, 1 denied, 2 cannot tell, 3 bad input.
`;

const REMOTE_HELP = `
This is the one command that does not only look: Systems Manager runs the document of deploy/ssm as root on the hosts that you
name, and only on those. The document brings the binary from your bucket, checks its SHA-256 and sends the packets of
\`vpce-doctor probe\`; the AWS API is asked from here, with your credentials. A host that cannot answer costs one line, and the
others are reported. The permissions: vpce-doctor iam-policy remote.

A document that the stack of deploy/ssm has set up knows bucket, folder and checksums. The plain one must be told: --parameter Bucket=…,
Folder=…, and Sha256X64=… or Sha256Arm64=….

With --script the hosts need neither the binary nor the document: what \`vpce-doctor probe-script\` prints is sent with
AWS-RunShellScript, and uses the tools that a host has (dig, curl, openssl, bash …). It sees less (docs/probe-script.md), needs a
target or --state, and signs nothing. Who may send AWS-RunShellScript may run anything as root there: iam-policy remote --script.

Examples:
  vpce-doctor remote --instance-ids i-0123456789abcdef0 --parameter Bucket=tools --parameter Sha256X64=… secretsmanager
  vpce-doctor remote --targets Key=tag:Role,Values=web --workload ecr-pull --format json
  vpce-doctor remote --script --instance-ids i-0123456789abcdef0 secretsmanager
`;

const FLEET_HELP = `
A report is what vpce-doctor --format json prints; a case file of --save is diagnosed first. A folder is read with all folders in it:
.json, .ndjson and .jsonl files, also with .gz, and the files named stdout that Run Command puts into a bucket. Each host counts once, by
its newest report.

Exit status: 0 all hosts healthy, 1 some degraded or blocked, 2 nothing worse than inconclusive or not read, 3 no report could be read.

Examples:
  vpce-doctor fleet reports/
  aws s3 cp --quiet s3://bucket/all.ndjson - | vpce-doctor fleet --format html -o fleet.html
`;

const DEADLINE = `(default: ${DURATIONS.deadline / 1000})`;

const collectMany = (value: string, before: string[] | undefined) => [...(before ?? []), value];

/**
 * Parses the arguments and runs the command.
 * @returns the exit status: 0 healthy, 1 degraded or blocked, 2 inconclusive, 3 usage or internal error
 */
export async function main(argv: readonly string[], io: Io): Promise<number> {
  let status = 0;
  const set = (value: number) => {
    status = value;
  };
  const program = buildProgram(io, set);
  const [first, topic] = argv;
  // Commander says nothing at all to help about help, or about a command that there is not.
  const aboutHelp = first === 'help' && topic !== undefined && /^(help$|-)/.test(topic);
  if (first === 'help' && topic !== undefined && !aboutHelp && !isCommand(program, topic)) {
    const meant = await nearestCommand(program, topic);
    const hint = meant === undefined ? '.' : `; did you mean ${meant}?`;
    return refuse(io, `"${topic}" is no command${hint} Try vpce-doctor --help.`);
  }
  try {
    await program.parseAsync(aboutHelp ? ['--help'] : [...argv], { from: 'user' });
    return status;
  } catch (error) {
    if (error instanceof CommanderError) {
      // `help COMMAND` ends with the status that the process has set for the worst case.
      if (error.exitCode === 0 || error.code === 'commander.help') return 0;
      const line = error.message.replace(/^error: /, '').replace(/\s*\n\s*/g, ' ');
      const where = first !== undefined && isCommand(program, first) ? `vpce-doctor ${first}` : 'vpce-doctor';
      return refuse(io, `${line}${/[.?)]$/.test(line) ? '' : '.'} Try ${where} --help.`);
    }
    throw error;
  }
}

/** Every command and option, declared; `set` gets the exit status of the one that is parsed. */
export function buildProgram(io: Io, set: (status: number) => void): Command {
  const program = new Command('vpce-doctor')
    .description(
      'Find out, from inside the VPC, why a client cannot use a service through its VPC endpoint, and what exactly must change.',
    )
    .version(versionLine(`${process.platform}-${process.arch}`))
    .exitOverride()
    .configureOutput({ writeOut: io.stdout, writeErr: () => {}, outputError: () => {} })
    .showSuggestionAfterError(true)
    .enablePositionalOptions()
    .helpCommand('help [command]', 'the options of one command')
    .argument(
      '[targets...]',
      'service, vpce-… id, host[:port], address[:port] or URL; every endpoint of the VPC when none is given',
    )
    .addHelpText(
      'after',
      `
Exit status: 0 healthy, 1 degraded or blocked, 2 inconclusive, 3 usage or internal error.

Examples:
  vpce-doctor                                       every endpoint of this VPC
  vpce-doctor secretsmanager sts                    two services, in the Region of this host
  vpce-doctor --workload ecr-pull                   everything that pulling an image needs
  vpce-doctor --error 'dial tcp 10.0.2.14:443: i/o timeout'
  vpce-doctor demo endpoint-sg-blocks-client        a broken VPC on this machine, diagnosed
`,
    );
  targetOptions(program);
  stateOptions(program);
  probeOptions(program);
  program.option('--no-api', 'do not ask the EC2 API');
  signedOption(program);
  reportOptions(program, true);
  program.action(async (targets: string[], flags: Flags) => {
    if (targets[0]?.endsWith('.json'))
      return set(refuse(io, `${targets[0]} looks like a case file: replay it with vpce-doctor diagnose ${targets[0]}`));
    const meant = await commandMeant(program, targets[0]);
    if (meant !== undefined)
      return set(refuse(io, `"${targets[0]}" is no command and no target; did you mean the command ${meant}?`));
    await diagnoseHere(io, set, targets, flags, (output) => ({ useApi: flags.api !== false, output }));
  });

  const probe = program.command('probe').description('the packet half: no AWS API at all').argument('[targets...]');
  targetOptions(probe);
  stateOptions(probe);
  probeOptions(probe);
  signedOption(probe);
  probe.option('-o, --output <file>', 'write the evidence to a file');
  reportOptions(probe, false);
  probe.action(async (targets: string[], _own: Flags, command: Command) => {
    const flags = flagsOf(command);
    // What it writes to a file is the evidence; the report of `probe` is printed.
    await diagnoseHere(io, set, targets, flags, (output) => ({
      useApi: false,
      output: { ...output, output: undefined },
      evidence: flags.output,
    }));
  });

  const probeScript = program
    .command('probe-script')
    .description('print a shell script that makes the packet half’s observations where nothing can be installed')
    .argument('[targets...]');
  targetOptions(probeScript);
  probeScript
    .option('--region <region>', 'the Region whose hosts are meant')
    .option('--state <path>', 'AWS CLI output: the endpoints’ interfaces are probed too; repeatable', collectMany)
    .option('--deadline <seconds>', 'the script ends by then with what it knows (default: 60)')
    .option('--concurrency <n>', 'questions side by side (default: 16)')
    .option('-q, --quiet', 'no warnings on standard error')
    .option('-o, --output <file>', 'write the script to a file')
    .addHelpText(
      'after',
      `
The script needs a POSIX shell (bash, dash, BusyBox) and asks with what it finds of dig, nslookup, getent, bash, nc, curl and
openssl; what has no tool is skipped, and said. It prints one JSON document on standard output, also after Ctrl-C.

  vpce-doctor probe-script --region eu-west-1 ssm sts > probe.sh
  sh probe.sh > evidence.json                                      on the host in question
  vpce-doctor diagnose --evidence evidence.json --state state.json
`,
    );
  probeScript.action(async (targets: string[], _own: Flags, command: Command) => {
    const flags = flagsOf(command);
    const { regionFrom } = await import('./arguments.ts');
    const region = regionFrom(flags.region);
    if (isProblem(region)) return set(refuse(io, region.problem));
    const { probeScriptCommand } = await import('./probe-script.ts');
    set(await probeScriptCommand(io, { targets, ...common(flags), region, file: flags.output }));
  });

  const collect = program
    .command('collect')
    .description('the API half: one document with everything the diagnosis reads, from anywhere with credentials')
    .option('-o, --output <file>', 'write to a file instead of standard output')
    .option('--vpc <id>', 'the VPC to read; this host’s own when not given')
    .option('--region <region>', 'the Region to read')
    .option('--deadline <seconds>', `the whole run ends by then ${DEADLINE}`);
  collect.action(async (_own: Flags, command: Command) => {
    const flags = flagsOf(command);
    const { regionFrom } = await import('./arguments.ts');
    const region = regionFrom(flags.region);
    if (isProblem(region)) return set(refuse(io, region.problem));
    const problem = await unwritable('-o', flags.output);
    if (problem !== undefined) return set(refuse(io, problem.problem));
    const { collectCommand } = await import('./collect-command.ts');
    set(await collectCommand(io, { region, vpc: flags.vpc, file: flags.output, deadline: flags.deadline }));
  });

  const diagnose = program
    .command('diagnose')
    .description('diagnose state files and evidence, or replay a case file: asks nobody, sends nothing')
    .argument('[targets...]', 'targets, or a case file');
  targetOptions(diagnose);
  stateOptions(diagnose);
  diagnose.option('--evidence <file>', 'evidence of `probe -o` or of a probe script; repeatable', collectMany);
  reportOptions(diagnose, true);
  diagnose.action(async (targets: string[], _own: Flags, command: Command) => {
    const flags = flagsOf(command);
    const { diagnoseCommand } = await import('./diagnose-command.ts');
    await withReport(io, set, flags, (output, region) =>
      diagnoseCommand(io, { targets, ...common(flags), region, output }),
    );
  });

  program
    .command('explain')
    .description('one cause’s page, or the list of all')
    .argument('[code]')
    .action(async (code: string | undefined, _own: Flags, command: Command) => {
      flagsOf(command);
      const { explainCommand } = await import('./explain-command.ts');
      set(explainCommand(io, code));
    });

  const demo = program
    .command('demo')
    .description('an embedded VPC on this machine, healthy or with these faults, diagnosed for real')
    .argument('[codes...]');
  probeOptions(demo);
  signedOption(demo);
  reportOptions(demo, true);
  demo.action(async (codes: string[], _own: Flags, command: Command) => {
    const flags = flagsOf(command);
    const { demoCommand } = await import('./demo-command.ts');
    await withReport(io, set, flags, (output, region) =>
      demoCommand(io, { codes, ...common(flags), useApi: true, signed: flags.signed === true, region, output }),
    );
  });

  const remote = program
    .command('remote')
    .description('run `probe` on other hosts by Systems Manager Run Command, and report for each; needs named hosts')
    .argument('[targets...]')
    .option('--instance-ids <ids>', 'the hosts, between commas; repeatable', collectMany)
    .option(
      '--targets <selection>',
      'the hosts by tag: Key=tag:NAME,Values=VALUE,…; repeatable: all must hold',
      collectMany,
    )
    .option('--document <name>', 'the Command document, by name or ARN (default: vpce-doctor)')
    .option('--parameter <name=value>', 'a parameter of the document, like Bucket=tools; repeatable', collectMany)
    .option('--script', 'send a shell script with AWS’s own document instead: nothing has to be there beforehand')
    .option('--output-bucket <name>', 'where Run Command leaves what is longer than 24,000 bytes')
    .option('--output-folder <prefix>', 'the folder in that bucket');
  targetOptions(remote);
  remote
    .option('--region <region>', 'the Region of the hosts')
    .option('--state <path>', 'AWS CLI output to use as state: file or folder; repeatable', collectMany)
    .option('--no-api', 'do not ask the EC2 API')
    .option('--timeout <seconds>', 'how long one probe waits (default: 2 to 6, by kind)')
    .option(
      '--deadline <seconds>',
      `all hosts have answered by then, or are left out (default: ${DURATIONS.remoteDeadline / 1000})`,
    )
    .option('--concurrency <n>', 'busy probes at once (default: 16)')
    .option('--repeat <n>', 'connections to each address, spread over the source ports (default: 1)');
  signedOption(remote);
  reportOptions(remote, true);
  remote.addHelpText('after', REMOTE_HELP);
  remote.action(async (targets: string[], _own: Flags, command: Command) => {
    const flags = flagsOf(command);
    const { remoteCommand } = await import('./remote-command.ts');
    await withReport(io, set, flags, (output, region) =>
      remoteCommand(io, {
        targets,
        ...common(flags),
        instanceIds: flags.instanceIds,
        hostTargets: flags.targets,
        script: flags.script === true,
        document: flags.document,
        parameters: flags.parameter,
        outputBucket: flags.outputBucket,
        outputFolder: flags.outputFolder,
        useApi: flags.api !== false,
        signed: flags.signed === true,
        region,
        output,
      }),
    );
  });

  const policyCheck = program
    .command('policy-check')
    .description('try policies on one request before they are deployed: asks nobody, sends nothing')
    .option('--endpoint-policy <file>', 'the endpoint’s policy; FILE#vpce-id where the file lists several endpoints')
    .option('--resource-policy <file>', 'the policy on the bucket, key, queue, topic, secret or API')
    .option('--identity-policy <file>', 'a policy of the caller; repeatable', collectMany)
    .requiredOption('--action <action>', 'what is done, like s3:GetObject')
    .requiredOption('--resource <arn>', 'to what, like arn:aws:s3:::bucket/key')
    .option('--principal <principal>', 'who asks: an ARN, an account id (its root user), a service’s name, * unsigned')
    .option('--context <key=value>', 'a condition key of the request; repeatable, also for several values', collectMany)
    .option('--absent <key>', 'a condition key that the request does not carry; repeatable', collectMany)
    .option('--gateway', 'the endpoint is a gateway endpoint')
    .addOption(new Option('--format <format>', 'text or json').default('text'))
    .option('--no-color', 'no colour')
    .addHelpText('after', POLICY_CHECK_HELP);
  policyCheck.action(async (_own: Flags, command: Command) => {
    const flags = flagsOf(command) as unknown as PolicyCheckFlags;
    const { policyCheckCommand } = await import('./policy-check.ts');
    set(await policyCheckCommand(io, flags));
  });

  const fleet = program
    .command('fleet')
    .description('many reports into one: which cause, where, on how many hosts')
    .argument('[reports...]', 'reports: files, folders, - for standard input, where one stands on each line')
    .addOption(new Option('--format <format>', 'text, json or html').default('text'))
    .option('-o, --output <file>', 'write to a file instead of standard output')
    .addOption(new Option('--top <n>', 'rows of each table').default('10'))
    .option('--redact', 'replace account ids and principals')
    .option('-q, --quiet', 'no warnings on standard error')
    .option('--no-color', 'no colour')
    .addHelpText('after', FLEET_HELP);
  fleet.action(async (reports: string[], _own: Flags, command: Command) => {
    const flags = flagsOf(command) as unknown as FleetFlags;
    const { fleetCommand } = await import('./fleet-command.ts');
    set(await fleetCommand(io, reports, flags));
  });

  program
    .command('iam-policy')
    .description('the least IAM policy that a run needs, as JSON')
    .argument('[mode]', 'run, probe, remote, or bucket for -o s3://…', 'run')
    .option('--signed', 'with what a run with --signed asks for beside it')
    .option('--script', 'for remote --script: AWS-RunShellScript instead of the document')
    .action(async (mode: string, _own: Flags, command: Command) => {
      const { signed = false, script = false } = flagsOf(command);
      const { POLICY_MODES, policyOf } = await import('../collect/mode-calls.ts');
      const known = POLICY_MODES.find((one) => one === mode);
      if (known === undefined)
        return set(refuse(io, `${JSON.stringify(mode)} is no mode: give one of ${POLICY_MODES.join(', ')}`));
      if (signed && known !== 'run') return set(refuse(io, `--signed belongs to the mode run, not to ${known}`));
      if (script && known !== 'remote') return set(refuse(io, `--script belongs to the mode remote, not to ${known}`));
      io.stdout(`${JSON.stringify(policyOf(known, { signed, script }), null, 2)}\n`);
    });

  program
    .command('completion')
    .description('a script that completes commands and options on the command line of bash, zsh or fish')
    .argument('<shell>')
    .action(async (shell: string, _own: Flags, command: Command) => {
      flagsOf(command);
      const { completionCommand } = await import('./completion.ts');
      set(completionCommand(io, program, shell));
    });
  return program;
}

/**
 * A command's options, with those that stand before its name (`vpce-doctor --region eu-west-1 probe …`). One that the
 * command does not have is refused: an option must never be ignored in silence.
 */
function flagsOf(command: Command): Flags {
  const own: Record<string, unknown> = command.opts();
  for (const { program, option } of optionsBefore(command)) {
    const name = option.attributeName();
    if (!command.options.some((candidate) => candidate.attributeName() === name))
      command.error(`option '${option.long}' does not belong to '${command.name()}'`);
    const [before, after]: unknown[] = [program.getOptionValue(name), own[name]];
    if (command.getOptionValueSource(name) !== 'cli') own[name] = before;
    else if (Array.isArray(before) && Array.isArray(after)) own[name] = [...before, ...after];
  }
  return own as Flags;
}

function optionsBefore(command: Command): { program: Command; option: Option }[] {
  const program = command.parent;
  if (program === null) return [];
  return program.options
    .filter((option) => program.getOptionValueSource(option.attributeName()) === 'cli')
    .map((option) => ({ program, option }));
}

/** The command that a word is a misspelling of, when it is no target either. */
async function commandMeant(program: Command, word: string | undefined): Promise<string | undefined> {
  if (word === undefined) return undefined;
  const { parseTarget } = await import('../services/parse-target.ts');
  return parseTarget(word).ok ? undefined : await nearestCommand(program, word);
}

function isCommand(program: Command, word: string): boolean {
  return program.commands.some((command) => command.name() === word);
}

async function nearestCommand(program: Command, word: string): Promise<string | undefined> {
  const { nearest } = await import('../services/suggest.ts');
  return nearest(
    word,
    program.commands.map((command) => command.name()),
    1,
  )[0];
}

function targetOptions(command: Command): void {
  command
    .option(
      '--workload <workload>',
      'what this workload needs (ssm, ecr-pull, ecs-fargate, eks-node …); repeatable',
      collectMany,
    )
    .option('--error <text>', 'take the targets from a pasted error line');
}

function stateOptions(command: Command): void {
  command
    .option('--region <region>', 'the Region to work in')
    .option('--from <client>', 'the client: eni-…, i-… or an IP address')
    .option('--state <path>', 'AWS CLI output to use as state: file or folder; repeatable', collectMany);
}

function probeOptions(command: Command): void {
  command
    .option('--timeout <seconds>', 'how long one probe waits (default: 2 to 6, by kind)')
    .option('--deadline <seconds>', `the whole run ends by then with what it knows ${DEADLINE}`)
    .option('--concurrency <n>', 'busy probes at once (default: 16)')
    .option('--repeat <n>', 'connections to each address, spread over the source ports (default: 1)');
}

function signedOption(command: Command): void {
  command.option(
    '--signed',
    'also sign one harmless read call per service with this host’s credentials; sent to AWS’s own hosts only',
  );
}

function reportOptions(command: Command, withFile: boolean): void {
  command
    .addOption(new Option('--format <format>', 'text, json, markdown or html').default('text'))
    .option('--most <bytes>', 'JSON on one line, cut to so many bytes; what is left out is told in its warnings')
    .option('--save <file>', 'save the case, to be replayed by `diagnose`')
    .option('--redact', 'replace account ids and principals')
    .option('-q, --quiet', 'no warnings on standard error')
    .option('-v, --verbose', 'everything: each observation, path and call')
    .option('--no-color', 'no colour');
  if (withFile) command.option('-o, --output <file>', 'write the report to a file, or to s3://BUCKET/KEY or …/FOLDER/');
}

/** Probes and diagnoses from this host: with the API or without. */
async function diagnoseHere(
  io: Io,
  set: (status: number) => void,
  targets: readonly string[],
  flags: Flags,
  how: (output: OutputOptions) => Pick<RunOptions, 'useApi' | 'output' | 'evidence'>,
): Promise<void> {
  await withFirstQuestions(io, targets, flags, async (started) => {
    const { runCommand } = await import('./run-command.ts');
    const own = { targets, started, ...common(flags), signed: flags.signed === true };
    await withReport(io, set, flags, (output, region) => runCommand(io, { ...own, region, ...how(output) }));
  });
}

/** Asks what needs no plan while the rest is loaded. Nothing is asked early that other options might forbid or limit. */
async function withFirstQuestions(
  io: Io,
  targets: readonly string[],
  flags: Flags,
  act: (started: HeadStart | undefined) => Promise<void>,
): Promise<void> {
  if (flags.from !== undefined || flags.timeout !== undefined || flags.deadline !== undefined) return act(undefined);
  const { headStart } = await import('../probes/head-start.ts');
  const end = new AbortController();
  try {
    await act(await headStart(io.host, targets, AbortSignal.any([io.signal, end.signal])));
  } finally {
    // A question whose answer nobody waits for any more, because an option was wrong, must not hold the process.
    end.abort();
  }
}

/** The options that every run has. */
function common(flags: Flags) {
  return {
    workload: flags.workload,
    error: flags.error,
    state: flags.state,
    evidence: flags.evidence as never,
    from: flags.from,
    timeout: flags.timeout,
    deadline: flags.deadline,
    concurrency: flags.concurrency,
    repeat: flags.repeat,
    quiet: flags.quiet === true,
    save: { save: flags.save, redact: flags.redact === true },
  };
}

async function withReport(
  io: Io,
  set: (status: number) => void,
  flags: Flags,
  run: (output: OutputOptions, region: string | undefined) => Promise<number>,
): Promise<void> {
  const { formatFrom, mostFrom, regionFrom } = await import('./arguments.ts');
  const format = formatFrom(flags.format);
  if (typeof format !== 'string') return set(refuse(io, format.problem));
  const region = regionFrom(flags.region);
  if (isProblem(region)) return set(refuse(io, region.problem));
  const most = mostFrom(flags.most, format);
  if (isProblem(most)) return set(refuse(io, most.problem));
  const problem = (await unwritable('-o', flags.output)) ?? (await unwritable('--save', flags.save));
  if (problem !== undefined) return set(refuse(io, problem.problem));
  if (flags.save !== undefined && flags.save === flags.output)
    return set(refuse(io, `-o and --save name the same file, ${flags.save}: give two.`));
  set(await run({ format, output: flags.output, color: flags.color, verbose: flags.verbose === true, most }, region));
}
