// The end of a program that does not wait for what it opened. Node writes to a pipe beside the program, so one that
// exits at once loses what its reader has not taken yet: all beyond the first 64 kB.

/** Exits when everything that was printed has been taken by whoever reads it, or nobody reads any more. */
export async function exitWith(code: number): Promise<never> {
  await Promise.all([process.stdout, process.stderr].map(taken));
  process.exit(code);
}

function taken(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    // A reader that has seen enough, such as head, is no fault of ours.
    stream.on('error', () => {
      resolve();
    });
    stream.write('', () => {
      resolve();
    });
  });
}
