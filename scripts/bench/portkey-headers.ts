// Loaded into Portkey's gateway where it streams: its 1.15.2 adds headers to the answer that `fetch` gave it, which
// takes none, and so refuses each streamed call with a 500. Here the answer is one that takes them, once a call.

const { fetch: fetchAsItIs, Response } = globalThis;

globalThis.fetch = async (...args) => {
  const answer = await fetchAsItIs(...args);
  return new Response(answer.body, {
    status: answer.status,
    statusText: answer.statusText,
    headers: new Headers(answer.headers),
  });
};
