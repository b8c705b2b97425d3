// What a fresh local cloud holds: one subscription, whose token `npm start` prints.

import { createSubscription } from '@cody-gateway/shared/directory';
import { openDocuments } from '@cody-gateway/shared/documents';

const daySeconds = 86_400;

/** Quotas of a plan for one user (shared/COMPATIBILITY.md#plan-quotas), all models. */
export async function seedDirectory({
  firestoreHost,
  projectId,
}: {
  firestoreHost: string;
  projectId: string;
}): Promise<{ id: string; token: string }> {
  // No metadata server here: the client would look for one, wait, and warn.
  process.env['METADATA_SERVER_DETECTION'] ??= 'none';
  const directory = openDocuments({ firestoreEmulatorHost: firestoreHost, googleCloudProject: projectId });
  try {
    const limit = (units: number) => ({ limit: units, intervalSeconds: daySeconds, allowedModels: ['*'] });
    return await createSubscription(directory, {
      name: 'local',
      limits: { chat_completions: limit(500), code_completions: limit(10_000), embeddings: limit(6_666_666) },
    });
  } finally {
    await directory.close();
  }
}
