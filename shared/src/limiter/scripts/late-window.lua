-- fragment: the quota window of a call that was admitted without Redis (limiter/late.ts says the rule). Opens one
-- where there is none. Returns its name, or '' when the call's own would already be over.
local function late_window(key, id, since, interval)
  if since + interval <= now then return '' end
  local f = redis.call('HMGET', key, 'id', 'end', 'burstEnd')
  if f[1] and now < (tonumber(f[2]) or 0) then return f[1] end
  local finish = since + interval
  redis.call('HSET', key, 'id', id, 'used', '0', 'reserved', '0', 'start', string.format('%d', since),
    'end', string.format('%d', finish), 'interval', string.format('%d', interval))
  redis.call('PEXPIREAT', key, string.format('%d', math.max(finish, tonumber(f[3]) or 0)))
  return id
end
