-- fragment: a shard's share of Redis while the queue is away. Beyond it an event has to find another way: its sender's, or a count in a fold.
local function full(outbox)
  return redis.call('XLEN', outbox) >= 20000
end
