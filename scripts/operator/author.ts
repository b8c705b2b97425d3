// Who writes, and why: what the audit record of a write says. On a real project the credentials tell who, and nobody
// else.

import { hostname, userInfo } from 'node:os';
import type { Author } from '@cody-gateway/shared/documents';
import { GoogleAuth, OAuth2Client } from 'google-auth-library';
import { UsageError } from './command.ts';
import type { Deployment } from './deployment.ts';
import { ask, canAsk } from '../terminal/question.ts';

/** For the help of commands that write. */
export const reasonHelp = `  --reason <text>  why, for the audit record (audit list shows them)
`;

const reasonLengthMax = 500;
/** The address of an account is not in a token that asks for the platform alone. */
const scopes = ['https://www.googleapis.com/auth/cloud-platform', 'https://www.googleapis.com/auth/userinfo.email'];

/**
 * @param reason as given with `--reason`; at a terminal it is asked for where it is missing
 * @throws UsageError without a reason; Error when the credentials don't tell whose they are
 */
export async function readAuthor(reason: string | undefined, deployment: Deployment): Promise<Author> {
  const why = (reason ?? '').trim() || (canAsk() && ((await ask('Why? (for the audit record) ')) ?? '')) || '';
  if (why === '') throw new UsageError('--reason is missing: say why, for those who read the audit records');
  if (why.length > reasonLengthMax || /\p{Cc}/u.test(why))
    throw new UsageError(`--reason is not one line of at most ${reasonLengthMax} characters`);
  // An emulator asks nobody for credentials.
  if (deployment.firestoreEmulatorHost !== null) return { who: `${userInfo().username}@${hostname()}`, why };
  return { who: await account(deployment), why };
}

async function account({ name }: Deployment): Promise<string> {
  let email: string | undefined;
  try {
    const token = await new GoogleAuth({ scopes }).getAccessToken();
    if (token) ({ email } = await new OAuth2Client().getTokenInfo(token));
  } catch (error) {
    const message = error instanceof Error ? error.message : '';
    if (message.includes('default credentials'))
      throw new Error(`no credentials for ${name}: log in with gcloud auth application-default login`, {
        cause: error,
      });
    throw new Error(
      'who writes could not be found out, and no write goes without its audit record: log in again with gcloud auth application-default login',
      { cause: error },
    );
  }
  if (email === undefined)
    throw new Error(
      'these credentials do not tell whose they are: log in with gcloud auth application-default login --scopes=openid,https://www.googleapis.com/auth/userinfo.email,https://www.googleapis.com/auth/cloud-platform',
    );
  return email;
}
