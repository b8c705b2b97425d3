// The function `diagnostics`: what every function answers about itself, at the deployment's one hostname; also who answers for unknown paths.

import { defineFunction } from '@cody-gateway/shared/serve';

export const handler = defineFunction('diagnostics', () => []);
