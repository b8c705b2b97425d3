-- fragment: one window of a budget: a field of the key `budget`, named after the window, that reads
-- `<used> <reserved> <risk> <end> <limit> <percent> <refused>`, amounts in nano-dollars. `used` has the reservations in
-- it; `risk` is what calls in flight may cost beyond what is reserved for them; `end` in Unix ms, 0 for never. What was
-- told of the window last: for which limit, which threshold in percent, whether (1) that a call was refused.
-- A window counts by its name, however late: forty days after its end it is forgotten.
local tally_keep = 3456000000

local function read_tally(key, name, finish)
  local used, reserved, risk, known_end, limit, percent, refused =
    string.match(redis.call('HGET', key, name) or '', '^(%S+) (%d+) (%d+) (%d+) (%d+) (%d+) (%d)$')
  if not used then return { used = 0, reserved = 0, risk = 0, finish = finish, limit = 0, percent = 0, refused = 0, new = true } end
  return { used = tonumber(used), reserved = tonumber(reserved), risk = tonumber(risk), finish = tonumber(known_end),
    limit = tonumber(limit), percent = tonumber(percent), refused = tonumber(refused) }
end

local function write_tally(key, name, t)
  redis.call('HSET', key, name, string.format('%d %d %d %d %d %d %d', t.used, t.reserved, t.risk, t.finish, t.limit, t.percent, t.refused))
  if not t.new then return end
  local all, expiry = redis.call('HGETALL', key), 0
  for i = 1, #all, 2 do
    local finish = tonumber(string.match(all[i + 1], '^%S+ %S+ %S+ (%d+) ')) or 0
    if finish == 0 then
      expiry = nil
    elseif finish + tally_keep <= now then
      redis.call('HDEL', key, all[i])
    elseif expiry then
      expiry = math.max(expiry, finish + tally_keep)
    end
  end
  if expiry then
    redis.call('PEXPIRE', key, string.format('%d', expiry - now))
  else
    redis.call('PERSIST', key)
  end
end
