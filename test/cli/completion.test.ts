/** The completion scripts, in the shells themselves where they are installed. */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { CHECKS } from '../../src/checks/index.ts';
import { SERVICES } from '../../src/services/service-table.ts';
import { WORKLOADS } from '../../src/services/workloads.ts';
import { emptyFolder, run } from './support/run.ts';

type Line = readonly [typed: string, offered: readonly string[]];

const services = (start: string) => SERVICES.flatMap(({ id }) => (id.startsWith(start) ? [id] : []));
const codes = (start: string) => CHECKS.flatMap(({ code }) => (code.startsWith(start) ? [code] : []));

/** What is typed, the cursor at its end, and what must be offered: all of it, and nothing else. */
const LINES: readonly Line[] = [
  ['vpce-doctor expl', ['explain']],
  ['vpce-doctor secretsm', services('secretsm')],
  ['vpce-doctor --form', ['--format']],
  ['vpce-doctor --format m', ['markdown']],
  ['vpce-doctor --format html --workload ecr', WORKLOADS.flatMap(({ id }) => (id.startsWith('ecr') ? [id] : []))],
  ['vpce-doctor probe ssmm', services('ssmm')],
  ['vpce-doctor probe --no-a', []],
  ['vpce-doctor --no-a', ['--no-api']],
  ['vpce-doctor explain endpoint-sg', codes('endpoint-sg')],
  ['vpce-doctor demo tls-name-mismatch endpoint-nacl', codes('endpoint-nacl')],
  ['vpce-doctor policy-check --gate', ['--gateway']],
  ['vpce-doctor policy-check --format ', ['json', 'text']],
  ['vpce-doctor collect --timeo', []],
  ['vpce-doctor remote --workload ecr', WORKLOADS.flatMap(({ id }) => (id.startsWith('ecr') ? [id] : []))],
  ['vpce-doctor remote --document ', []],
  ['vpce-doctor remote --output-bucket ', []],
  ['vpce-doctor remote --parameter ', []],
  ['vpce-doctor iam-policy ', ['bucket', 'probe', 'remote', 'run']],
  ['vpce-doctor iam-policy --scr', ['--script']],
  ['vpce-doctor completion ', ['bash', 'fish', 'zsh']],
  ['vpce-doctor collect -o here', ['here.json']],
  ['vpce-doctor diagnose here', ['here.json']],
];

/** For each shell what prints the offers for `words`, the last of them the one to complete. */
const ASK = {
  bash: `source ./script; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); compopt() { files=1; }; files=
    _vpce_doctor; [[ $files ]] && COMPREPLY+=($(compgen -f -- "\${COMP_WORDS[COMP_CWORD]}")); printf '%s\\n' "\${COMPREPLY[@]}"`,
  zsh: `words=("$@"); CURRENT=$#; compdef() { :; }
    compadd() { shift; for one in "$@"; do [[ $one == $words[CURRENT]* ]] && print -r -- $one; done }
    _files() { compadd -- *(N) }; source ./script; _vpce_doctor`,
  fish: `source ./script; complete -C (string join ' ' -- $argv) | string split -f1 \\t`,
} as const;

describe.each(Object.keys(ASK) as (keyof typeof ASK)[])('in %s', (shell) => {
  const installed = spawnSync(shell, ['-c', 'true']).status === 0;
  // bash is everywhere; CI brings the other two.
  test.skipIf(!installed && shell !== 'bash')('offers what can stand there', async () => {
    const folder = emptyFolder();
    const { status, stdout, stderr } = await run(['completion', shell]);
    expect([status, stderr]).toEqual([0, '']);
    writeFileSync(join(folder, 'script'), stdout);
    writeFileSync(join(folder, 'here.json'), '{}');
    for (const [typed, offered] of LINES) {
      const args =
        shell === 'fish' ? ['-c', ASK[shell], ...typed.split(' ')] : ['-c', ASK[shell], shell, ...typed.split(' ')];
      const ran = spawnSync(shell, args, {
        cwd: folder,
        encoding: 'utf8',
        env: { PATH: process.env['PATH'], HOME: folder },
      });
      expect(ran.stderr, typed).toBe('');
      const found = ran.stdout.split('\n').filter((line) => line !== '');
      expect([...new Set(found)].toSorted(), typed).toEqual(offered.toSorted());
    }
  });
});

test('names the shells that there are', async () => {
  expect(await run(['completion', 'powershell'])).toEqual({
    status: 3,
    stdout: '',
    stderr: 'vpce-doctor: There is no completion for "powershell"; there is for bash, zsh, fish.\n',
  });
  expect(await run(['completion'])).toMatchObject({ status: 3, stderr: expect.stringMatching(/shell/) });
});
