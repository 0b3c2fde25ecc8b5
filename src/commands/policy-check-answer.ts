/** The answer of `policy-check`, as data and as text. */
import type { DerivedKey } from '../policy/context.ts';
import type { Decision, PolicySide, SideAnswer } from '../policy/decide.ts';
import type { Policy } from '../policy/document.ts';
import type { JsonObject } from '../policy/edit-candidates.ts';
import type { StatementAnswer } from '../policy/evaluate.ts';
import { keysMentioned } from '../policy/mentions.ts';
import { nameOf, reasonsOf } from '../policy/reasons.ts';
import { type ContextValue, lookUp, type Request } from '../policy/request.ts';
import type { Trap } from '../policy/traps.ts';
import type { EndpointOfPolicy } from '../policy/understand.ts';
import { printable } from '../probes/text.ts';
import { indent, type Line, labelled, paint, type Style, wrap } from '../report/layout.ts';
import { groupBy, joinWords } from '../report/words.ts';
import type { PolicyFix } from './policy-check-fix.ts';

export type GivenPolicy = {
  readonly side: PolicySide;
  /** the file, as it was given */
  readonly document: string;
  readonly policy: Policy;
  /** the same as JSON */
  readonly source: JsonObject;
  /** what was taken for the policy */
  readonly what: string;
  readonly endpoint?: EndpointOfPolicy | undefined;
};

export type PolicyCheckAnswer = {
  readonly request: Request;
  readonly policies: readonly GivenPolicy[];
  readonly decision: Decision;
  readonly traps: readonly (Trap & { readonly policy: GivenPolicy })[];
  readonly derived: readonly DerivedKey[];
  /** the keys that the user gave, as he spelled them */
  readonly given: readonly string[];
  readonly fix?: PolicyFix | undefined;
};

/** The document of `--format json`; README.md says what its fields mean. */
export function policyCheckJson(answer: PolicyCheckAnswer) {
  const { request, policies, decision, traps, fix } = answer;
  return {
    decision: decision.decision,
    decidedBy: decision.decidedBy,
    denial: decision.denial ?? null,
    statements: eachStatement(answer).map(({ given, one }) => ({
      policy: given.side,
      document: given.document,
      index: one.statement.index,
      sid: one.statement.sid ?? null,
      effect: one.statement.effect,
      applies: one.applies,
      decides: decides(decision, given.side, one),
      because: reasonsOf(one, request),
    })),
    missingContext: decision.missing,
    request: {
      action: request.action,
      resource: request.resource,
      principal: request.principal === undefined ? null : nameOf(request.principal),
    },
    policies: policies.map(({ side, document, what, policy }) => ({ policy: side, document, kind: policy.kind, what })),
    context: usedKeys(answer).map(({ key, value, why }) => ({
      key,
      present: value === undefined ? null : !value.known || value.values !== undefined,
      values: value?.known ? (value.values ?? null) : null,
      from: why ?? null,
    })),
    notJudged: notJudged(answer),
    fix:
      fix === undefined
        ? null
        : {
            policy: fix.given.side,
            what: fix.edit.what,
            proven: fix.edit.proven,
            afterwards: fix.afterwards.decision,
            document: fix.edit.document,
            diff: fix.edit.diff,
            commands: fix.commands?.commands ?? [],
            undo: fix.commands?.undo ?? [],
          },
    warnings: traps.map(({ policy, statement, kind, text }) => ({
      policy: policy.side,
      document: policy.document,
      statement: statement ?? null,
      kind,
      text,
    })),
  };
}

const WORDS = {
  allowed: { word: 'ALLOWED', style: 'strong-green' },
  denied: { word: 'DENIED', style: 'strong-red' },
  unknown: { word: 'CANNOT TELL', style: 'strong-yellow' },
} as const satisfies Record<Decision['decision'], { word: string; style: Style }>;

const INDENT = 13;

/** The same for people. What comes out of files is made safe to print. */
export function policyCheckText(answer: PolicyCheckAnswer, options: { width: number; color: boolean }): string {
  const { request, policies, decision, traps, fix } = answer;
  const { word, style } = WORDS[decision.decision];
  const part = (label: string, text: string, labelStyle?: Style): readonly Line[] =>
    labelled({ text: label, style: labelStyle }, INDENT, wrap(text, options.width - INDENT));
  const caller = request.principal === undefined ? '' : `, asked by ${nameOf(request.principal)}`;
  const lines: Line[] = [
    ...part(word, `${request.action} on ${request.resource}${caller}.`, style),
    ...indent(wrap(sentenceOf(answer), options.width - INDENT), INDENT),
  ];
  for (const given of policies) {
    lines.push(
      [],
      ...part(
        LABELS[given.side],
        `${given.document === '-' ? 'standard input' : given.document}: ${given.what}`,
        'bold',
      ),
    );
    for (const { one } of eachStatement(answer).filter((each) => each.given === given)) {
      const { sid, index, effect } = one.statement;
      const name = `${index + 1} ${effect}${sidOf(sid)}`;
      const verdict = { yes: 'applies', no: 'does not apply', unknown: 'may apply' }[one.applies];
      const weight = { yes: ', and decides', no: '', unknown: ', and the answer hangs on it' }[one.applies];
      const text = `${name} ${verdict}${decides(decision, given.side, one) ? weight : ''}.`;
      lines.push(...indent(wrap(text, options.width - INDENT), INDENT));
      for (const reason of reasonsOf(one, request))
        lines.push(...indent(wrap(reason, options.width - INDENT - 2), INDENT + 2));
    }
  }
  const keys = usedKeys(answer);
  if (keys.length > 0) lines.push([]);
  for (const [i, { key, value, why }] of keys.entries())
    lines.push(...part(i === 0 ? 'Context' : '', `${key} ${valueText(value)}${why === undefined ? '' : ` (${why})`}.`));
  if (fix !== undefined) lines.push([], ...fixLines(fix, part));
  if (traps.length > 0) lines.push([]);
  for (const { policy, text } of traps) lines.push(...part('Warning', `${LABELS[policy.side]}: ${text}`, 'yellow'));
  lines.push([], ...part('Not judged', `${joinWords(notJudged(answer))}.`));
  const safe = lines.map((line) => line.map((span) => ({ ...span, text: printable(span.text) })));
  return paint(safe, options.color);
}

type Part = (label: string, text: string, labelStyle?: Style) => readonly Line[];

/** The diff and the commands stand as they are, so that they can be read by tools and pasted: neither wrapped nor indented. */
function fixLines({ given, edit, afterwards, commands }: PolicyFix, part: Part): readonly Line[] {
  const side = LABELS[given.side];
  const then = {
    allowed: 'The request is allowed then.',
    denied: `It is denied all the same then, by ${SIDES[afterwards.decidedBy]}.`,
    unknown: 'Whether the request is allowed then hangs on what is not known.',
  }[afterwards.decision];
  const raw = (text: string): readonly Line[] => text.split('\n').map((line) => [{ text: line }]);
  return [
    ...part('Fix', `${side}: ${edit.what} ${then}`, 'bold'),
    [],
    ...raw(edit.diff),
    ...(commands === undefined ? [] : [[], ...commands.commands.flatMap(raw)]),
  ];
}

const LABELS = { endpoint: 'Endpoint', resource: 'Resource', identity: 'Identity' } as const satisfies Record<
  PolicySide,
  string
>;
const SIDES = {
  endpoint: 'the endpoint’s policy',
  resource: 'the resource’s policy',
  identity: 'the caller’s own policies',
} as const satisfies Record<PolicySide, string>;

function sentenceOf(answer: PolicyCheckAnswer): string {
  const { decision } = answer;
  const deciding = decidingStatements(answer);
  if (decision.decision === 'unknown') return openSentence(decision.missing, deciding);
  if (decision.decision === 'denied')
    return decision.denial === 'explicit'
      ? `Denied by ${deciding}.`
      : `No statement of ${SIDES[decision.decidedBy]} allows it.`;
  return deciding === '' ? 'A root user is denied only by a Deny.' : `Allowed by ${deciding}.`;
}

/** `statement 1 (Sid) of the endpoint’s policy and statement 2 of …`; with the file where a side has several policies. */
function decidingStatements(answer: PolicyCheckAnswer): string {
  const { decision, policies } = answer;
  const found = eachStatement(answer).filter(({ given, one }) => decides(decision, given.side, one));
  const parts = groupBy(found, ({ given }) => `${given.side} ${given.document}`).map(([, statements]) => {
    const { side, document } = statements[0]?.given ?? { side: decision.decidedBy, document: '' };
    const several = policies.filter((one) => one.side === side).length > 1;
    const names = statements.map(({ one: { statement } }) => `statement ${statement.index + 1}${sidOf(statement.sid)}`);
    return `${joinWords(names)} of ${SIDES[side]}${several ? ` (${document})` : ''}`;
  });
  return joinWords(parts);
}

function sidOf(sid: string | undefined): string {
  return sid === undefined ? '' : ` (${sid})`;
}

/** What nobody knows, and how to say it. */
function openSentence(missing: readonly string[], statements: string): string {
  if (missing.length === 0) return `It hangs on ${statements}.`;
  const who = missing.includes('principal');
  const own = missing.includes('identity policy');
  const keys = missing.filter((one) => one !== 'principal' && one !== 'identity policy');
  const open = [...keys, ...(who ? ['who asks'] : []), ...(own ? ['the caller’s own policies'] : [])];
  const ways = [
    ...(keys.length > 0 ? ['--context KEY=VALUE or --absent KEY'] : []),
    ...(who ? ['--principal'] : []),
    ...(own ? ['--identity-policy'] : []),
  ];
  return `It hangs on ${joinWords(open)}. Give ${joinWords(ways)}.`;
}

function eachStatement({ policies, decision }: PolicyCheckAnswer): { given: GivenPolicy; one: StatementAnswer }[] {
  return policies.flatMap((given) => {
    const answered = decision.answers.find((each: SideAnswer) => each.policy === given.policy);
    return (answered?.answer.statements ?? []).map((one) => ({ given, one }));
  });
}

/** Whether the decision rests on this statement; on none where nothing allows. */
function decides(decision: Decision, side: PolicySide, { statement, applies }: StatementAnswer): boolean {
  switch (decision.decision) {
    case 'allowed':
      return side === decision.decidedBy && statement.effect === 'Allow' && applies === 'yes';
    case 'denied':
      return decision.denial === 'explicit' && statement.effect === 'Deny' && applies === 'yes';
    case 'unknown':
      return applies === 'unknown' && (statement.effect === 'Deny' || decision.open.includes(side));
  }
}

type UsedKey = {
  readonly key: string;
  readonly value: ContextValue | undefined;
  readonly why: string | undefined;
};

/** What is known of every key that the policies ask for, and what the user gave besides. */
function usedKeys({ policies, request, derived, given }: PolicyCheckAnswer): readonly UsedKey[] {
  const mentioned = keysMentioned(policies.map(({ policy }) => policy));
  const isIn = (keys: readonly string[], key: string) => keys.some((one) => one.toLowerCase() === key.toLowerCase());
  const others = given.filter((key) => !isIn(mentioned, key));
  return [...mentioned, ...others].map((key) => {
    const why = derived.find((one) => one.key.toLowerCase() === key.toLowerCase())?.why;
    return { key, value: lookUp(request.context, key), why: isIn(given, key) ? 'as you say' : why };
  });
}

function valueText(value: ContextValue | undefined): string {
  if (value === undefined) return 'is not known';
  if (!value.known && value.path !== undefined)
    return `is ${value.path.before}…${value.path.after}, with a path that is not known`;
  if (!value.known) return 'is there, with a value that is not known';
  return value.values === undefined ? 'is absent' : `is ${value.values.map((one) => JSON.stringify(one)).join(', ')}`;
}

function notJudged({ policies }: PolicyCheckAnswer): readonly string[] {
  const sides = new Set(policies.map(({ side }) => side));
  return [
    ...(['endpoint', 'resource', 'identity'] as const).filter((side) => !sides.has(side)).map((side) => SIDES[side]),
    'the organization’s control policies',
    'permissions boundaries',
    'session policies',
    'KMS grants',
    'S3 ACLs',
  ];
}
