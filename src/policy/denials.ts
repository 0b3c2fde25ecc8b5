/** What the words of a refusal say: which policy, what action, whose credentials; from an answer, a log line or a pasted text. */
import type { CredentialProblem, Denial, DenyingPolicy } from '../model/denial.ts';
import { actionOfOperation } from './operations.ts';

const MAX_TEXT = 20_000;
const MAX_WORDS = 300;

/**
 * Pure. Reads any text: the body of an answer (XML, JSON, plain), a line of a log, the error of any SDK, CLI or agent. The
 * phrases: IAM User Guide, troubleshoot_access-denied; the codes: IAM CommonErrors, S3 ErrorResponses, EC2 errors-overview.
 * `undefined`: the words are about something else. A clock that is off is no matter of access, though services answer it with
 * 403 (`RequestTimeTooSkewed`, `Signature expired`); and an unsigned request's `MissingAuthenticationToken` is what it asked for.
 * Every expression has bounded repeats only: the work grows with the text's length and no faster.
 */
export function readDenial(text: string): Denial | undefined {
  const words = plainWords(text.slice(0, MAX_TEXT));
  return ofPhrase(words) ?? ofCredentials(words) ?? ofCode(words);
}

/** An answer to an HTTP request, as far as it says why. */
export type DenyingAnswer = {
  readonly status: number;
  /** the service's own code, from a header or the body */
  readonly errorType?: string | undefined;
  readonly body?: string | undefined;
};

/** The same for the answer to a request that was signed. */
export function readDenialOf({ status, errorType, body = '' }: DenyingAnswer): Denial | undefined {
  if (status < 400) return undefined;
  const missing = /^MissingAuthenticationToken(?:Exception)?$/.test(errorType ?? '');
  const text = errorType === undefined ? body : `${errorType}: ${body}`;
  // Signed, and the service saw no signature: something on the way took it off, or it was not where the service looks.
  if (missing)
    return { kind: 'credentials', problem: 'missing', code: errorType, text: shownFrom(plainWords(text), 0) };
  const read = readDenial(text);
  if (read === undefined || errorType === undefined) return read;
  return { ...read, code: errorType };
}

/**
 * The same for the answer to a request that was not signed: it counts only where the words name a policy or an action. Services
 * refuse whoever does not sign, whatever the policies.
 */
export function readUnsignedDenialOf(answer: DenyingAnswer): Denial | undefined {
  const read = readDenialOf(answer);
  return read?.kind === 'policy' && (read.by !== undefined || read.action !== undefined) ? read : undefined;
}

/** Kinds of policies as AWS words them, the longer before what is a part of them. */
const KINDS: readonly (readonly [RegExp, DenyingPolicy])[] = [
  [/^VPC endpoint polic/i, 'endpoint-policy'],
  [/^service control polic/i, 'service-control-policy'],
  [/^resource control polic/i, 'resource-control-policy'],
  [/^permissions? boundar/i, 'permissions-boundary'],
  // One of AWS's own examples has "sessions policy".
  [/^sessions? polic/i, 'session-policy'],
  [/^role trust polic/i, 'role-trust-policy'],
  [/^resource-based polic/i, 'resource-policy'],
  [/^identity-based polic/i, 'identity-policy'],
];
/** How both phrases begin; the documentation's own example of a trust policy says "because the". */
const BECAUSE = /\b(?:because (?:no|the) |with an explicit deny in (?:an?|the) )(?=[a-z -]{3,30}(?:polic|boundar))/i;
const EXPLICIT = /\bwith an explicit deny\b/i;
/** Without the colon: `Not authorized to perform sts:AssumeRoleWithWebIdentity`. */
const NOT_AUTHORIZED = /\bnot authorized to perform:? {0,3}["']?([a-z0-9-]{1,64}:[a-z0-9*]{1,128})/i;

/** `User: … is not authorized to perform: … on resource: … because no … policy allows …` and what is left of it in logs. */
function ofPhrase(words: string): Denial | undefined {
  const asked = NOT_AUTHORIZED.exec(words);
  const because = BECAUSE.exec(words);
  if (asked === null && because === null) return undefined;
  const reason = because === null ? undefined : reasonOf(words.slice(because.index), because[0].length);
  const action = asked?.[1] ?? reason?.action;
  const before = asked === null ? '' : words.slice(Math.max(0, asked.index - 2200), asked.index);
  const principal = /\bUser: (\S{1,2048}) is $/.exec(before)?.[1];
  const after = asked === null ? '' : words.slice(asked.index + asked[0].length, because?.index ?? undefined);
  const resource = resourceOf(after, because !== null && asked !== null && because.index > asked.index);
  const start = before.lastIndexOf('User: ');
  const from = asked === null ? (because?.index ?? 0) : start < 0 ? asked.index : asked.index - before.length + start;
  return {
    kind: 'policy',
    ...known('by', reason?.by),
    ...known('explicit', reason?.explicit ?? (EXPLICIT.test(after) ? true : undefined)),
    ...known('principal', principal),
    ...known('action', action === undefined ? undefined : canonical(action)),
    ...known('resource', resource),
    ...known('policyArn', reason?.policyArn),
    ...known('code', codeIn(words)),
    text: withoutEnd(shownFrom(words, from)),
  };
}

/** Without the end of the JSON string and object that the words stood in. */
function withoutEnd(shown: string): string {
  return shown.includes('{') ? shown : shown.replace(/"? ?\}{1,3}$/, '');
}

type Reason = {
  readonly by?: DenyingPolicy | undefined;
  readonly explicit: boolean;
  readonly action?: string | undefined;
  readonly policyArn?: string | undefined;
};

/** @param from the phrase and what follows it; its first `length` characters are the beginning of the phrase */
function reasonOf(from: string, length: number): Reason {
  const explicit = EXPLICIT.test(from.slice(0, length));
  const kind = from.slice(length, length + 120);
  // A service that called another on the caller's behalf names the policy of the first hop, and then the one that denies.
  const through = /^[a-z -]{3,40} transitively through an? /i.exec(kind)?.[0] ?? '';
  const by = KINDS.find(([pattern]) => pattern.test(kind.slice(through.length)))?.[1];
  const rest = from.slice(length, length + 700);
  const policyArn = /^[a-z -]{3,60}: {0,2}(arn:[a-z-]{3,12}:[^\s"'<>,]{1,512})/i
    .exec(rest)?.[1]
    ?.replace(/[.)\]]{1,3}$/, '');
  const action = /^[a-z -]{3,60} allows the ([a-z0-9-]{1,64}:[a-z0-9*]{1,128}) action/i.exec(rest)?.[1];
  return { by, explicit, action, policyArn };
}

/**
 * An ARN, or `*`. A key of S3 may have spaces: where the phrase goes on behind it, the ARN is all that stands between.
 * @param whole whether the text ends where the phrase goes on
 */
function resourceOf(after: string, whole: boolean): string | undefined {
  const on = /^["']? {0,3}on resource(?:\(s\))?:? {0,3}["']?/i.exec(after);
  if (on === null) return undefined;
  const rest = after.slice(on[0].length, on[0].length + 2100);
  const end = EXPLICIT.exec(rest);
  const text = whole || end !== null ? rest.slice(0, end?.index ?? rest.length).trim() : /^\S{1,2048}/.exec(rest)?.[0];
  const resource = text?.replace(/["'<>,;.)\]}\\]{1,8}$/, '');
  return resource !== undefined && /^(?:arn:[a-z-]{3,12}:|\*$)/.test(resource) ? resource : undefined;
}

/** [what the text has, the problem, the code that stands for it]; expired before invalid, because both may be said. */
const CREDENTIALS: readonly (readonly [RegExp, CredentialProblem])[] = [
  [/\b(ExpiredToken(?:Exception)?|RequestExpired|TokenRefreshRequired)\b/, 'expired'],
  [
    /security token included in the request is expired|provided token has expired|authorization token has expired|SSO session [^\n]{0,80}has expired|Token has expired and refresh failed/i,
    'expired',
  ],
  [
    /\b(InvalidClientTokenId|UnrecognizedClientException|InvalidAccessKeyId|SignatureDoesNotMatch|InvalidSignatureException|IncompleteSignature(?:Exception)?|AuthFailure|InvalidToken|InvalidIdentityToken)\b/,
    'invalid',
  ],
  [
    /security token included in the request is invalid|not able to validate the provided access credentials|Access Key Id you provided does not exist|request signature we calculated does not match/i,
    'invalid',
  ],
  [
    /\b(NoCredentialProviders|NoCredentialsError|CredentialsProviderError|CredentialsEndpointError|NoAuthHandlerFound)\b/,
    'missing',
  ],
  [
    /Unable to locate credentials|Could not load credentials from any providers|Unable to load (?:AWS )?credentials from any|Missing credentials in config|no EC2 IMDS role found|failed to load credentials|no valid providers in chain/i,
    'missing',
  ],
  // Only an SDK that was told to sign words it so; an API answers an unknown path of its own with the bare words.
  [/\((MissingAuthenticationToken)(?:Exception)?\) when calling|api error (MissingAuthenticationToken)/, 'missing'],
];
/** The clock's matter (HOST_CLOCK), not that of the credentials. */
const CLOCK = /RequestTimeTooSkewed|RequestInTheFuture|Signature expired|Signature not yet current/i;

function ofCredentials(words: string): Denial | undefined {
  if (CLOCK.test(words)) return undefined;
  for (const [pattern, problem] of CREDENTIALS) {
    const found = pattern.exec(words);
    if (found === null) continue;
    const code = found[1] ?? found[2] ?? codeIn(words);
    return { kind: 'credentials', problem, ...known('code', code), text: messageAt(words, found.index) };
  }
  return undefined;
}

/** Codes of a refusal that names no policy. */
const CODES =
  /\b(AccessDeniedException|AccessDeniedFault|AccessDenied|KMSAccessDeniedException|UnauthorizedOperation|AuthorizationErrorException|AuthorizationError|NotAuthorizedException|UnauthorizedAccessException|AllAccessDisabled)\b/;
/** Words behind such a code that are about something else. */
const NO_REFUSAL = /Unable to determine service\/operation name to be authorized/i;
const KMS =
  /The ciphertext refers to a (?:customer master|KMS) key that does not exist, does not exist in this region, or you are not allowed/i;
/** S3's words without its code, as its clients print them. */
const S3_WORDS =
  /\b403\b[^\n]{0,80}Access Denied|Access Denied \(Service: (?:Amazon )?S3|calling the HeadObject operation: Forbidden|calling the HeadBucket operation: Forbidden|operation error S3: Head(?:Object|Bucket), [^\n]{0,60}StatusCode: 403/;
const GATEWAY = /\bForbiddenException\b/;
const DOCKER = /error parsing HTTP 403 response body/;
const PULL = /\bpull|layer|blob|CannotPull|manifest/i;
const FORBIDDEN = /Status code: 403\b|\b403 Forbidden|HTTPS? Error 403\b|ERROR 403\b|error: 403\b/i;

function ofCode(words: string): Denial | undefined {
  if (NO_REFUSAL.test(words) || CLOCK.test(words)) return undefined;
  const kms = KMS.exec(words);
  const docker = DOCKER.exec(words);
  const found = kms ?? CODES.exec(words) ?? S3_WORDS.exec(words) ?? GATEWAY.exec(words) ?? forbiddenByS3(words);
  if (found === null) return undefined;
  const pulls = docker !== null && PULL.test(words);
  // Only S3 answers a registry's client in XML.
  const action = actionOfOperation(words) ?? (pulls ? 's3:GetObject' : objectRead(words));
  return {
    kind: 'policy',
    ...known('action', action),
    ...known('resource', action === 's3:GetObject' ? objectIn(words) : undefined),
    ...known('code', codeIn(words) ?? GATEWAY.exec(words)?.[0]),
    text: docker === null ? messageAt(words, found.index) : shownFrom(words, docker.index),
  };
}

/** A download that S3 refused: the client (dnf, yum, wget, curl) prints the status and the object's URL. */
function forbiddenByS3(words: string): RegExpExecArray | null {
  return OBJECT_URL.test(words) ? FORBIDDEN.exec(words) : null;
}

function objectRead(words: string): string | undefined {
  return FORBIDDEN.test(words) && OBJECT_URL.test(words) ? 's3:GetObject' : undefined;
}

/** An object by a host of its bucket (AmazonS3 userguide, VirtualHosting); no query, which may hold a signature. */
const OBJECT_URL =
  /\bhttps?:\/\/([a-z0-9][a-z0-9.-]{1,62})\.s3[.-](?:dualstack\.|fips\.|accelerate\.)?(?:([a-z]{2,4}(?:-[a-z]{2,10}){1,2}-\d)\.)?amazonaws\.com(\.cn)?\/([^\s?#"'<>\\)]{1,1024})/i;

function objectIn(words: string): string | undefined {
  const [, bucket, region, china, key] = OBJECT_URL.exec(words) ?? [];
  if (bucket === undefined || key === undefined) return undefined;
  const partition = china !== undefined ? 'aws-cn' : region?.startsWith('us-gov-') ? 'aws-us-gov' : 'aws';
  return `arn:${partition}:s3:::${bucket}/${key.replace(/[.,:;]{1,4}$/, '')}`;
}

/** Where clients put the service's code: the AWS CLI, XML, JSON, Go, Java, JavaScript. */
const CODE_PLACES = [
  /\(([A-Z][\w.]{2,60})\) when calling the /,
  /<Code> ?([\w.]{3,60}) ?<\/Code>/,
  /"(?:__type|code|Code)" ?: ?"(?:[\w.]{1,80}#)?(\w{3,60})"/,
  /\bapi error ([A-Z]\w{2,60}):/,
  /\bError Code: ([A-Z][\w.]{2,60})/,
  /\b([A-Z]\w{2,60}(?:Exception|Operation|Error|Denied|Fault)): /,
];

function codeIn(words: string): string | undefined {
  for (const place of CODE_PLACES) {
    const code = place.exec(words)?.[1]?.replace(/^(?:Client|Server)\./, '');
    // Wrappers of agents and languages stand before the service's own code.
    if (
      code !== undefined &&
      !/^(?:Client|Runtime|Resource(?:Initialization)?|CannotPullContainer|Request|Operation|S3|ServiceOperation)(?:Error|Exception)$/.test(
        code,
      )
    )
      return code;
  }
  return CODES.exec(words)?.[1];
}

/** `SNS:Publish` and `sns:publish` are one action; prefixes are written in lower case. */
function canonical(action: string): string {
  const colon = action.indexOf(':');
  return action.slice(0, colon).toLowerCase() + action.slice(colon);
}

function known<K extends string, V>(key: K, value: V | undefined): { readonly [key in K]?: V } {
  return (value === undefined ? {} : { [key]: value }) as { readonly [key in K]?: V };
}

const ENTITIES: Readonly<Record<string, string>> = {
  quot: '"',
  apos: "'",
  lt: '<',
  gt: '>',
  amp: '&',
  '#39': "'",
  '#34': '"',
};

/** One line in plain characters: escapes of strings within strings undone, space of any kind made one. */
function plainWords(text: string): string {
  return text
    .replace(/&(quot|apos|lt|gt|amp|#39|#34);/g, (entity, name: string) => ENTITIES[name] ?? entity)
    .replace(/\\u003c/gi, '<')
    .replace(/\\u003e/gi, '>')
    .replace(/\\{1,8}["']/g, '"')
    .replace(/\\{1,4}[nrt]/g, ' ')
    .replace(/\s{1,100}/g, ' ');
}

/**
 * What must never be shown, though services send it back: S3's SignatureDoesNotMatch has the key id, the string that was signed
 * and the signature; IncompleteSignature quotes the Authorization header; a presigned URL has all in its query.
 */
const SECRETS: readonly (readonly [RegExp, string])[] = [
  [/\b(Bearer|Basic) [\w.~+/=-]{6,8000}/gi, '$1 …'],
  [/\bAWS [A-Za-z0-9]{16,40}:\S{1,200}/g, 'AWS …'],
  [
    /<(AWSAccessKeyId|StringToSign|StringToSignBytes|SignatureProvided|CanonicalRequest|CanonicalRequestBytes|Token-0|Token|X-Amz-[\w-]{1,40})>[^<]{0,20000}(?:<\/\1>|$)/gi,
    '<$1>…</$1>',
  ],
  [
    /(?<![a-z])(X-Amz-[\w-]{1,40}|AWSAccessKeyId|Signature|(?:session|security)_?token|(?:secret_?)?access_?key(?:_?id)?|Authorization|Credential|SignedHeaders)(["']? ?[=:] ?["']?)[^\s"'&<>]{1,8000}/gi,
    '$1$2…',
  ],
  [
    /\b(The (?:Canonical String for this request should have been|String-to-Sign should have been)) .{0,20000}$/i,
    '$1 …',
  ],
  [/\bAWS4-HMAC-SHA256\b.{0,8000}$/, 'AWS4-HMAC-SHA256 …'],
  [/\b(Encoded authorization failure message: ?)\S{1,20000}/gi, '$1…'],
  [/\b(?:AKIA|ASIA|ABIA|ACCA|AROA|AIDA|AGPA|AIPA|ANPA|ANVA)[A-Z0-9]{12,64}\b/g, '…'],
  // What people paste along: query strings, URLs with a password, pieces of tokens. `secret:` is a part of ARNs.
  [/\b((?:pass(?:word|wd)?|pwd)["']? ?[=:] ?["']?|(?:token|secret)=)[^\s"'&<>]{1,8000}/gi, '$1…'],
  [/(:\/\/)[^\s/@"'<>]{1,2000}@/g, '$1…@'],
  [/\b(slash-delimited elements, e\.g\. \S{1,80} got )\S{1,8000}/gi, '$1…'],
  [/\b(?:eyJ|IQoJ|FwoG|FQoG)[\w+/=%.-]{12,20000}/g, '…'],
  [/(?<![\w+/=.:-])(?=[^A-Z\s]{0,39}[A-Z])(?=\D{0,39}\d)[A-Za-z0-9+/]{40}(?![\w+/=])/g, '…'],
  // Session tokens, signatures and secrets are long runs of base64 or hexadecimal digits; no word of a sentence is.
  [/(?<![\w:/.-])[A-Za-z0-9+/=]{60,20000}(?![\w])/g, '…'],
  [/\b[0-9a-f]{64}\b/g, '…'],
];

/** The error of an XML or JSON body: its code and its message, and nothing else that the service sends along. */
const XML_ERROR = /<Code> ?([\w.]{1,60}) ?<\/Code> ?<Message>([^<]{1,2000})<\/Message>/;
const JSON_MESSAGE = /"[Mm]essage" ?: ?"([^"]{1,2000})"/;

/** The message that has a word at this place. */
function messageAt(words: string, index: number): string {
  const xml = XML_ERROR.exec(words);
  if (xml !== null && index <= xml.index + xml[0].length) return shownFrom(`${xml[1]}: ${xml[2]}`, 0);
  const json = JSON_MESSAGE.exec(words);
  if (json !== null) return shownFrom(`${codeIn(words) ?? ''}: ${json[1]}`.replace(/^: /, ''), 0);
  const opening = words.lastIndexOf('An error occurred (', index);
  return shownFrom(words, opening >= 0 && index - opening < 60 ? opening : index);
}

/** The words from a place on: without what is secret, printable, and cut. */
function shownFrom(words: string, from: number): string {
  let shown = words.slice(Math.max(0, from), Math.max(0, from) + 4000);
  for (const [pattern, instead] of SECRETS) shown = shown.replace(pattern, instead);
  shown = shown
    .replace(/[\p{C}]/gu, '\uFFFD')
    .replace(/ {2,50}/g, ' ')
    .trim();
  return shown.length <= MAX_WORDS
    ? shown
    : `${shown
        .slice(0, MAX_WORDS - 1)
        .toWellFormed()
        .trimEnd()}…`;
}
