-- fragment: appending to the shard's outbox, one by one or folded. Needs the fragment share.
-- Fields of an entry: i event id, k kind (event, orphaned, refused, noted, notice), w quota window, q units that its
-- counter kept, e event or draft, b what windows of budgets kept and which of their notices that caused, t the
-- threshold in percent that a notice is about, or that a call's settlement crossed, s the estimate of an orphaned
-- lease, and for refusals c cause, l limit, u when to come back (Unix ms), n how many it stands for.
local function append(outbox, fields)
  return redis.call('XADD', outbox, '*', unpack(fields))
end

-- Writes what was folded in a minute that is over, one row a variant, and forgets it.
local function unfold(fold, folds, outbox)
  local all = redis.call('HGETALL', fold)
  local f = {}
  for i = 1, #all, 2 do f[all[i]] = all[i + 1] end
  for name, count in pairs(f) do
    local variant = string.match(name, '^count:(.*)$')
    if variant then
      local fields = cmsgpack.unpack(f['row:' .. variant])
      fields[#fields + 1] = 'n'
      fields[#fields + 1] = count
      append(outbox, fields)
    end
  end
  redis.call('DEL', fold)
  redis.call('ZREM', folds, fold)
end

-- One by one up to five a minute, counted from then on: a client that hammers can't fill the warehouse. `by`: how many
-- it stands for; `own`, `set_aside`: the shard's share (fragment share).
local function append_folding(outbox, fold, folds, variant, fields, by, own, set_aside)
  local minute = math.floor(now / 60000)
  local seen = redis.call('HMGET', fold, 'minute', 'n')
  if seen[1] and tonumber(seen[1]) ~= minute and not full(outbox, own, set_aside) then
    unfold(fold, folds, outbox)
    seen = { false, false }
  end
  local n = (tonumber(seen[2]) or 0) + 1
  redis.call('HSET', fold, 'minute', minute, 'n', n)
  if n == 1 then redis.call('PEXPIRE', fold, 120000) end
  if n <= 5 and not full(outbox, own, set_aside) then
    fields[#fields + 1] = 'n'
    fields[#fields + 1] = by
    return append(outbox, fields)
  end
  if redis.call('HINCRBY', fold, 'count:' .. variant, by) == by then
    redis.call('HSET', fold, 'row:' .. variant, cmsgpack.pack(fields))
    redis.call('ZADD', folds, (minute + 1) * 60000, fold)
    -- What was counted stays until it is written, however long the sweeper is away.
    redis.call('PERSIST', fold)
  end
  return false
end
