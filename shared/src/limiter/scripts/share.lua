-- fragment: whether a shard has used up its share of Redis while the queue is away (limiter/share.ts says the rule).
-- Beyond it an event has to find another way: its sender's, or a count in a fold. `own`: entries that a shard may
-- always have. `set_aside`: bytes, the line where Redis has no limit.
local function full(outbox, own, set_aside)
  if redis.call('XLEN', outbox) < tonumber(own) then return false end
  -- 5 us, and only for a shard that is behind. A server that does not tell its memory leaves each shard its own part.
  local memory = redis.pcall('INFO', 'memory')
  if type(memory) ~= 'string' then return true end
  local used, most = string.match(memory, '\nused_memory:(%d+)'), string.match(memory, '\nmaxmemory:(%d+)')
  local line = most and most ~= '0' and tonumber(most) * 0.6 or tonumber(set_aside)
  return not used or tonumber(used) >= line
end
