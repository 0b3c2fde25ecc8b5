/** A bucket service with path-style addresses: objects by `bucket/key`, read by anyone, written and listed with a signature only. */
import { createServer } from 'node:http';
import { checkSignature } from '../../../src/lab/iam/signature.ts';
import { ANY_LOOPBACK_PORT, type Listen, type Listening, listenTcp } from '../../../src/lab/listen.ts';

export type FakeS3 = Listening & {
  readonly objects: Map<string, Buffer>;
  /** `s3:GetObject signed`, `s3:GetObject unsigned` … in the order of arrival */
  readonly actions: readonly string[];
};

export type FakeS3Options = {
  /** buckets that only signed requests may read */
  readonly closed?: readonly string[];
  /** the Region that a bucket is in, where it is not the one that is signed for */
  readonly elsewhere?: Readonly<Record<string, string>>;
  readonly listen?: Listen;
};

export async function startFakeS3(options: FakeS3Options = {}): Promise<FakeS3> {
  const objects = new Map<string, Buffer>();
  const actions: string[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const place = decodeURIComponent(new URL(request.url ?? '/', 'http://s3').pathname.slice(1));
    const bucket = place.split('/')[0] ?? '';
    const scope = /Credential=[^/]+\/\d{8}\/([a-z0-9-]+)\/s3\/aws4_request/.exec(String(request.headers.authorization));
    const action = request.method === 'PUT' ? 's3:PutObject' : 's3:GetObject';
    actions.push(`${action} ${scope === null ? 'unsigned' : 'signed'}`);
    const refuse = (status: number, code: string, headers = {}) => {
      response.writeHead(status, { 'content-type': 'application/xml', ...headers });
      response.end(`<?xml version="1.0"?><Error><Code>${code}</Code><Message>no</Message></Error>`);
    };
    const region = options.elsewhere?.[bucket];
    if (region !== undefined && scope !== null && scope[1] !== region)
      return refuse(400, 'AuthorizationHeaderMalformed', { 'x-amz-bucket-region': region });
    if (scope === null && (action === 's3:PutObject' || options.closed?.includes(bucket)))
      return refuse(403, 'AccessDenied');
    if (scope !== null) {
      const { method = '', url: target = '' } = request;
      const headers = request.headers as Record<string, string>;
      const signed = await checkSignature({ method, target, headers, body: Buffer.concat(chunks) }, Date.now());
      if (!signed.ok) return refuse(403, 'SignatureDoesNotMatch');
    }
    if (bucket === 'forbidden') return refuse(403, 'AccessDenied');
    if (action === 's3:PutObject') {
      objects.set(place, Buffer.concat(chunks));
      return response.end();
    }
    const found = objects.get(place);
    if (found === undefined) return refuse(404, 'NoSuchKey');
    response.end(found);
  });
  const listening = await listenTcp(server, options.listen ?? ANY_LOOPBACK_PORT);
  return { ...listening, objects, actions };
}
