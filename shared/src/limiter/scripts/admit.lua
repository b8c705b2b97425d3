-- Reserves an estimate in the actor's quota window and opens a lease; or refuses, consuming nothing but the burst mark. The same lease id
-- again answers the same. Order as the reference's: burst, then quota (spec actors §3.2); a burst refusal leaves no mark.
-- KEYS[1] limit     quota and burst window of the actor and feature
-- KEYS[2] inFlight  calls of the actor and feature that are in flight
-- KEYS[3] lease     this lease
-- KEYS[4] leases    index of the shard's leases
-- KEYS[5] outbox    where a refusal's event goes
-- KEYS[6] fold      the actor's refusals of this feature in this minute
-- KEYS[7] folds     index of the shard's folds
-- ARGV[1] lease id, made by the caller
-- ARGV[2] limit of the quota window, units
-- ARGV[3] interval of the quota window, ms
-- ARGV[4] estimate, units
-- ARGV[5] limit of the burst window, calls
-- ARGV[6] interval of the burst window, ms
-- ARGV[7] cap of calls in flight
-- ARGV[8] lease time, ms
-- ARGV[9] life of the lease's record, ms
-- ARGV[10] feature
-- ARGV[11] actor, without blanks
-- ARGV[12] draft of the event: opaque bytes
-- ARGV[13] version of the actor where another interval in a newer version opens a new window (users, design §5); empty where it moves the end
-- RETURNS {'admitted', window, remaining, window end ms, now ms}
-- RETURNS {'refused', 'quota' | 'burst' | 'in-flight', limit, retry at ms, now ms, outbox entry | false}
-- RETURNS {'ended', state}: the lease of that id has ended; a late repetition of an admission that was given up
-- @include lease
-- @include outbox
local id, limit, interval, estimate = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local f = redis.call('HMGET', KEYS[1], 'id', 'used', 'reserved', 'end', 'interval', 'burst', 'burstEnd', 'version')
local window, used, reserved, finish = f[1], tonumber(f[2]), tonumber(f[3]), tonumber(f[4])
local version, known_version = tonumber(ARGV[13]), tonumber(f[8]) or 0

local lease = read_lease(KEYS[3])
if lease then
  if lease.state ~= 'open' then return { 'ended', lease.state } end
  if lease.window ~= window then return { 'admitted', lease.window, 0, now, now } end
  return { 'admitted', window, math.max(0, limit - used), finish, now }
end

local function refuse(cause, refused_limit, retry_at)
  local entry = append_folding(KEYS[5], KEYS[6], KEYS[7], cause,
    { 'i', id, 'k', 'refused', 'w', '', 'q', '0', 'e', ARGV[12], 'c', cause, 'l', int(refused_limit), 'u', int(retry_at) }, 1)
  return { 'refused', cause, refused_limit, retry_at, now, entry }
end

local burst, burst_end = tonumber(f[6]) or 0, tonumber(f[7]) or 0
if now >= burst_end then burst, burst_end = 0, now + tonumber(ARGV[6]) end
if burst >= tonumber(ARGV[5]) then return refuse('burst', tonumber(ARGV[5]), burst_end) end
-- Counts what is due later than now: a dead holder's slot frees itself.
if redis.call('ZCOUNT', KEYS[2], '(' .. int(now), '+inf') >= tonumber(ARGV[7]) then
  return refuse('in-flight', tonumber(ARGV[7]), now + 5000)
end

-- An instance that still has the actor of yesterday must not undo what a newer one began.
if version and version < known_version and f[5] then interval = tonumber(f[5]) end
if not window or now >= finish or (version and tonumber(f[5]) ~= interval) then
  window, used, reserved, finish = id, 0, 0, now + interval
elseif tonumber(f[5]) ~= interval then
  finish = math.min(finish, now + interval)
end

if used + estimate > limit then
  redis.call('HSET', KEYS[1], 'burst', int(burst + 1), 'burstEnd', int(burst_end))
  if not f[1] then redis.call('PEXPIREAT', KEYS[1], int(burst_end)) end
  return refuse('quota', limit, finish)
end

used = used + estimate
local fields = { 'used', int(used), 'reserved', int(reserved + estimate), 'burst', int(burst + 1), 'burstEnd', int(burst_end) }
if window == id or tonumber(f[5]) ~= interval then
  for _, field in ipairs({ 'id', window, 'end', int(finish), 'interval', int(interval) }) do fields[#fields + 1] = field end
  if window == id then
    fields[#fields + 1] = 'start'
    fields[#fields + 1] = int(now)
  end
end
local window_changed = #fields > 8
if version and version > known_version then
  fields[#fields + 1] = 'version'
  fields[#fields + 1] = int(version)
end
redis.call('HSET', KEYS[1], unpack(fields))
if window_changed then redis.call('PEXPIREAT', KEYS[1], int(math.max(finish, burst_end))) end
local due = int(now + tonumber(ARGV[8]))
redis.call('SET', KEYS[3], 'open ' .. window .. ' ' .. int(estimate) .. ' ' .. ARGV[10] .. ' ' .. ARGV[11] .. '\n' .. ARGV[12], 'PX', ARGV[9])
redis.call('ZADD', KEYS[4], due, id)
redis.call('ZADD', KEYS[2], due, id)
redis.call('PEXPIRE', KEYS[2], ARGV[9])
return { 'admitted', window, limit - used, finish, now }
