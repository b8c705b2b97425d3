// A command line that is wrong, told apart from work that failed: exit code 2 in every program, where work that failed
// has 1.

/** The command line is wrong: nothing was done. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** @returns whether it is that, or what node's own parser of arguments throws */
export function isUsageError(error: unknown): error is Error {
  if (error instanceof UsageError) return true;
  const { code } = error as { code?: unknown };
  return error instanceof Error && typeof code === 'string' && code.startsWith('ERR_PARSE_ARGS');
}

/** Node's first sentence says what is wrong; its advice on words that begin with a dash helps nobody. */
export function usageText({ message }: Error): string {
  const [first = message] = message.split(/\.\s|\n/);
  return first.replace(/\.$/, '');
}

/**
 * For programs whose main function throws: prints what is wrong to standard error and sets the exit code.
 * @param program as it is typed, such as `npm run status --`
 */
export function endWith(error: unknown, program: string): void {
  if (isUsageError(error)) {
    console.error(`${error instanceof UsageError ? error.message : usageText(error)}\n${program} --help tells more`);
    process.exitCode = 2;
    return;
  }
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
