// Who may look at the console, and whether it runs where Google says who looks.

import { row } from './variable-row.ts';

/** Rows of the console. */
export const consoleVariables = {
  iapAudience: row(
    'CODY_GATEWAY_CONSOLE_IAP_AUDIENCE',
    'text',
    null,
    'Audience of Identity-Aware Proxy’s signed header, `/projects/NUMBER/global/backendServices/ID`: only requests that it lets in see `/console`. Not set: nobody does.',
  ),
  consoleOpen: row(
    'CODY_GATEWAY_CONSOLE_OPEN',
    'boolean',
    'false',
    'Whether `/console` is shown to requests from this machine itself without Identity-Aware Proxy: for the local cloud; without effect on Cloud Run.',
  ),
  consoleUrl: row(
    'CODY_GATEWAY_CONSOLE_URL',
    'url',
    null,
    'Where the console is, for the link in the month’s letter; set by Terraform.',
  ),
  revision: row('K_REVISION', 'text', null, 'Revision of the deployed function; set by Cloud Run, and nowhere else.'),
} as const;
