// fast-check for tests that assert: what is drawn where a change is judged (`CI`) is the same each time, so that a
// failure is the change's and not luck's; elsewhere, and once a night (.github/workflows/nightly.yml), it is new.

import fc from 'fast-check';

const [given, judged] = [process.env['GATEWAY_FUZZ_SEED'], process.env['CI'] !== undefined];

/** A failing run prints its seed; given as GATEWAY_FUZZ_SEED it draws the same. */
export const seed = given !== undefined ? Number(given) : judged ? 20_261_128 : Math.floor(Math.random() * 2 ** 31);

fc.configureGlobal({ ...fc.readConfigureGlobal(), seed });

export default fc;
