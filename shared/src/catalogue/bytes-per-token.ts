// A guess, for what nobody has counted: not for what is charged where a provider says more.

/** English and Chinese alike have about so many in a token. */
export const bytesPerToken = 4;
