/** STS as a server: GetCallerIdentity, which every caller may ask, says who the lab's credentials belong to. */
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { respondToQuery } from './ec2-api.ts';
import { writeMembers } from './ec2-wire.ts';
import { callerIdentity } from './iam/caller.ts';
import { type Listen, type Listening, listenTcp } from './listen.ts';
import type { World } from './world.ts';

export type StsApiOptions = {
  /** is told the action of every call: `sts:GetCallerIdentity` */
  readonly asked?: ((action: string) => void) | undefined;
};

/** Serves `http://<address>:<port>/`. The caller is the role of the world's instance. */
export async function startStsApi(world: World, listen: Listen, options: StsApiOptions = {}): Promise<Listening> {
  const { GET_CALLER_IDENTITY } = await import('./sts-operations.ts');
  return await listenTcp(
    createServer((request, response) => {
      void respondToQuery(request, response, 'sts', world, options.asked, (action) => {
        if (action !== 'GetCallerIdentity') {
          return { status: 400, code: 'InvalidAction', message: `Could not find operation ${action}` };
        }
        const members = writeMembers(GET_CALLER_IDENTITY, callerIdentity(world));
        const result = `<${action}Result>${members}</${action}Result>`;
        const metadata = `<ResponseMetadata><RequestId>${randomUUID()}</RequestId></ResponseMetadata>`;
        return `<${action}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/">${result}${metadata}</${action}Response>`;
      });
    }),
    listen,
  );
}
