/**
 * Takes account ids and the names of principals out of a case, so that it can be shown around. Addresses and resource
 * ids stay: the diagnosis calculates with them, and they mean nothing to anybody without access to the account.
 */

import type { Case } from './case.ts';
import { encodeCase } from './case-file.ts';

/**
 * The same case with placeholders: `account-1` for the first account id that appears in the case file, `account-2` for
 * the next; likewise `principal-1` for names of roles, users, groups and sessions and for their unique ids. Equal values get
 * equal placeholders, so that ARNs which were equal still are, also inside policy documents. Names with wildcards stay: a
 * pattern that no longer matches what it matched would change the diagnosis.
 */
export function redactCase(subject: Case): Case {
  // In the order of the file, so that equal cases get equal placeholders however they were built.
  const ordered = JSON.parse(encodeCase(subject)) as Case;
  return redactTexts(ordered);
}

/** The same for any plain data, in the order of its fields. */
export function redactTexts<T>(ordered: T): T {
  const texts = stringsOf(ordered);
  const accounts = numbering('account', texts);
  for (const text of texts) {
    for (const [, , account] of text.matchAll(STANDALONE_ACCOUNT)) if (account !== undefined) accounts.nameOf(account);
  }
  const principals = numbering('principal', texts);
  return mapStrings(ordered, (text) => redactPrincipals(redactAccounts(text, accounts), principals)) as T;
}

/** A UUID's last part can be twelve digits, and so can a stretch of a resource id. Neither is an account. */
const KEPT = String.raw`\b[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\b|\b[a-z][a-z0-9]*(?:-[a-z]+)*-[0-9a-f]{17}\b`;
/** Where nothing but an account id has this form: between signs, or after an encoded colon. */
const STANDALONE_ACCOUNT = new RegExp(`(${KEPT})|(?:(?<![0-9A-Za-z])|(?<=%3[aA]))(\\d{12})(?![0-9A-Za-z])`, 'g');
/** Inside a longer word, as in a bucket name `logs123456789012`: only for ids that are known to be accounts. */
const ANY_ACCOUNT = new RegExp(`(${KEPT})|(?<!\\d)(\\d{12})(?!\\d)`, 'g');

function redactAccounts(text: string, accounts: Numbering): string {
  return text.replace(ANY_ACCOUNT, (match: string, _kept: string | undefined, account: string | undefined) =>
    account !== undefined && accounts.has(account) ? accounts.nameOf(account) : match,
  );
}

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html: ARNs, and prefixes of unique ids. */
const PRINCIPAL_ARN =
  /(arn:[\w-]+:(?:iam|sts)::[\w-]*:(?:user|role|assumed-role|federated-user|group|instance-profile)\/)([\w+=,.@/*?-]+)/g;
const PRINCIPAL_ID =
  /\b((?:AKIA|ASIA|AROA|AIDA|AGPA|AIPA|ANPA|ANVA|ABIA|ACCA)[A-Z0-9]{12,})(?::([\w+=,.@-]+(?![\w+=,.@*?-])))?/g;

function redactPrincipals(text: string, principals: Numbering): string {
  const arns = text.replace(PRINCIPAL_ARN, (_match, head: string, path: string) => {
    const names = path.split('/').map((name) => (/[*?]|^$/.test(name) ? name : principals.nameOf(name)));
    return head + names.join('/');
  });
  return arns.replace(PRINCIPAL_ID, (_match, id: string, session: string | undefined) =>
    [id, session].flatMap((part) => (part === undefined ? [] : [principals.nameOf(part)])).join(':'),
  );
}

type Numbering = { readonly has: (value: string) => boolean; readonly nameOf: (value: string) => string };

/** Gives out `<word>-1`, `<word>-2` …; begins after the highest that a case already holds, and leaves those as they are. */
function numbering(word: string, texts: readonly string[]): Numbering {
  const placeholder = new RegExp(String.raw`\b${word}-(\d{1,6})\b`, 'g');
  const isPlaceholder = new RegExp(String.raw`^${word}-\d{1,6}$`);
  let last = 0;
  for (const text of texts) for (const [, number] of text.matchAll(placeholder)) last = Math.max(last, Number(number));
  const names = new Map<string, string>();
  return {
    has: (value) => names.has(value),
    nameOf: (value) => {
      if (isPlaceholder.test(value)) return value;
      const known = names.get(value);
      if (known !== undefined) return known;
      last += 1;
      const name = `${word}-${last}`;
      names.set(value, name);
      return name;
    },
  };
}

function stringsOf(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  if (typeof value !== 'object' || value === null) return [];
  return Object.values(value).flatMap(stringsOf);
}

function mapStrings(value: unknown, change: (text: string) => string): unknown {
  if (typeof value === 'string') return change(value);
  if (Array.isArray(value)) return value.map((inner) => mapStrings(inner, change));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, mapStrings(inner, change)]));
}
