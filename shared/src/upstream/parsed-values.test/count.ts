// Counts the values that JSON.parse makes in one turn of the event loop, for tests of who reads what others wrote.

/**
 * The most values that one turn parsed while some work ran. Of texts that are no JSON, too: what is parsed up to the
 * fault is work all the same. Brackets and commas are taken for values wherever they stand.
 */
export async function countParsed(work: () => Promise<void>): Promise<number> {
  const { parse } = JSON;
  let [most, inTurn, isOpen] = [0, 0, false];
  JSON.parse = (text: string, ...rest: never[]): unknown => {
    if (!isOpen) setImmediate(() => ([inTurn, isOpen] = [0, false]));
    isOpen = true;
    inTurn += 1 + (text.match(/[,[{]/g)?.length ?? 0);
    most = Math.max(most, inTurn);
    return parse(text, ...rest) as unknown;
  };
  try {
    await work();
    return most;
  } finally {
    JSON.parse = parse;
  }
}
