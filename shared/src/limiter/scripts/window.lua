-- fragment: the quota window that a lease charges.
-- Moves the counter by `by` and the reservation by `reserved_by`, as long as the window of that name is open; nothing
-- is charged to another one. A window that nothing uses any more closes again. Returns its settled units, end and
-- `noticed`, or nil.
local function charge(key, name, by, reserved_by)
  local f = redis.call('HMGET', key, 'id', 'used', 'reserved', 'end', 'noticed')
  if f[1] ~= name or not (f[2] and f[3]) or now >= (tonumber(f[4]) or 0) then return nil end
  local used, reserved = f[2] + by, math.max(0, f[3] + reserved_by)
  if used <= 0 then
    redis.call('HDEL', key, 'id', 'used', 'reserved', 'start', 'end', 'interval')
  elseif by == 0 then
    redis.call('HSET', key, 'reserved', string.format('%d', reserved))
  else
    redis.call('HSET', key, 'used', string.format('%d', used), 'reserved', string.format('%d', reserved))
  end
  return used - reserved, f[4], f[5]
end
