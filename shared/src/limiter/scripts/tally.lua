-- fragment: one window of a budget: a field of the key `budget`, named after the window, that reads
-- `<used> <reserved> <risk> <end> <limit> <percent> <refused>`, amounts in nano-dollars. `used` has the reservations in
-- it; `risk` is what calls in flight may cost beyond what is reserved for them; `end` in Unix ms, 0 for never. What was
-- told of the window last: for which limit, which threshold in percent, whether (1) that a call was refused.
-- A window counts by its name, however late: forty days after its end it is forgotten.
local tally_keep = 3456000000

-- Told is kept as the text `<limit> <percent> <refused>`: mostly nobody looks at it, and taking it apart is dear.
-- Returns used, reserved, risk, end, told, and whether it is a new one.
local function read_tally(key, name, finish)
  local used, reserved, risk, known_end, told =
    string.match(redis.call('HGET', key, name) or '', '^(%S+) (%d+) (%d+) (%d+) (%d+ %d+ %d)$')
  if not used then return 0, 0, 0, finish, '0 0 0', true end
  return tonumber(used), tonumber(reserved), tonumber(risk), tonumber(known_end), told, false
end

local function write_tally(key, name, used, reserved, risk, finish, told, new)
  redis.call('HSET', key, name, string.format('%d %d %d %d ', used, reserved, risk, finish) .. told)
  if not new then return end
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
