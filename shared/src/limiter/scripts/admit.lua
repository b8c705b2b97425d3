-- Reserves an estimate in the actor's quota window and opens a lease; or refuses, consuming nothing but the burst
-- mark. The same lease id again answers the same. Burst is asked before quota (shared/COMPATIBILITY.md#burst-size); a
-- burst refusal leaves no mark.
-- KEYS[1] limit     quota and burst window of the actor and feature
-- KEYS[2] inFlight  calls of the actor and feature that are in flight
-- KEYS[3] lease     this lease
-- KEYS[4] leases    index of the shard's leases
-- KEYS[5] outbox    where a refusal's event goes
-- KEYS[6] fold      the actor's refusals of this feature in this minute
-- KEYS[7] folds     index of the shard's folds
-- KEYS[8] claim     of the call's Idempotency-Key; KEYS[3] again for a call without one
-- ARGV[1] lease id, made by the caller
-- ARGV[2] limit of the quota window, units
-- ARGV[3] interval of the quota window, ms
-- ARGV[4] estimate, units
-- ARGV[5] limit of the burst window, calls
-- ARGV[6] interval of the burst window, ms
-- ARGV[7] cap of calls in flight
-- ARGV[8] lease time, ms
-- ARGV[9] the rest of the lease's record (limiter/scripts/lease.lua), from the feature on
-- ARGV[10] version of the actor where another interval in a newer version opens a new window (users); empty where it
--   moves the end
-- ARGV[11] entries that a shard's outbox may always have
-- ARGV[12] bytes of Redis that are set aside for events
-- ARGV[13] fingerprint of the request, without blanks; absent for a call without an Idempotency-Key
-- ARGV[14] life of the claim, ms
-- RETURNS {'admitted', window, remaining, window end ms, now ms}
-- RETURNS {'refused', 'quota' | 'burst' | 'in-flight', limit, retry at ms, now ms, outbox entry | false}
-- RETURNS {'claimed', 'other' | 'running' | 'settled' | 'orphaned', lease id}: the key is another call's, of another
--   request or of the same
-- RETURNS {'ended', state}: the lease of that id has ended; a late repetition of an admission that was given up
-- @include now
local call = redis.call
local claims = KEYS[8] ~= KEYS[3]
if claims then
  local fingerprint, state, holder = string.match(call('GET', KEYS[8]) or '', '^(%S+) (%S+) (%S+)$')
  if holder and holder ~= ARGV[1] then return { 'claimed', fingerprint == ARGV[13] and state or 'other', holder } end
end
local id, limit, interval, estimate = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local f = call('HMGET', KEYS[1], 'id', 'used', 'reserved', 'end', 'interval', 'burst', 'burstEnd')
local window, used, reserved, finish, known_interval = f[1], tonumber(f[2]), tonumber(f[3]), tonumber(f[4]), tonumber(f[5])
-- A window with missing fields counts as none, so that it locks nobody out.
if not (used and reserved and finish) then window = nil end
local burst, burst_end = tonumber(f[6]) or 0, tonumber(f[7]) or 0
local expiry = math.max(finish or 0, burst_end)

if now >= burst_end then burst, burst_end = 0, now + ARGV[6] end
local version, known_version = tonumber(ARGV[10]), 0
if version then
  known_version = tonumber(call('HGET', KEYS[1], 'version')) or 0
  -- An instance that still has the actor of yesterday must not undo what a newer one began.
  if version < known_version and known_interval then interval = known_interval end
end
local opens = not window or now >= finish or (version and known_interval ~= interval)
local moves = not opens and known_interval ~= interval
if opens then
  window, used, reserved, finish = id, 0, 0, now + interval
elseif moves then
  finish = math.min(finish, now + interval)
end

local cause, refused_limit, retry_at
local cap = tonumber(ARGV[7])
if burst >= tonumber(ARGV[5]) then
  cause, refused_limit, retry_at = 'burst', tonumber(ARGV[5]), burst_end
-- Counts what is due later than now: a dead holder's slot frees itself. Mostly there are too few to need counting.
elseif call('ZCARD', KEYS[2]) >= cap and call('ZCOUNT', KEYS[2], '(' .. now, '+inf') >= cap then
  cause, refused_limit, retry_at = 'in-flight', cap, now + 5000
elseif used + estimate > limit then
  cause, refused_limit, retry_at = 'quota', limit, finish
end

local known
if cause then
  known = call('EXISTS', KEYS[3]) == 1
else
  known = not call('SET', KEYS[3], 'open ' .. window .. ' ' .. ARGV[4] .. ' ' .. ARGV[9], 'NX')
end
if known then
  -- @include lease
  local state, name = read_lease(KEYS[3])
  if state ~= 'open' then return { 'ended', state } end
  if name ~= f[1] then return { 'admitted', name, 0, now, now } end
  return { 'admitted', name, math.max(0, limit - f[2]), tonumber(f[4]), now }
end

if cause then
  -- @include share
  -- @include outbox
  if cause == 'quota' then
    call('HSET', KEYS[1], 'burst', burst + 1, 'burstEnd', burst_end)
    -- The end moves now: a window that is used up would else be moved on by each refusal.
    if moves then call('HSET', KEYS[1], 'end', finish, 'interval', interval) end
    local new_expiry = math.max(moves and finish or tonumber(f[4]) or 0, burst_end)
    if new_expiry ~= expiry then call('PEXPIRE', KEYS[1], new_expiry - now) end
  end
  local entry = append_folding(KEYS[5], KEYS[6], KEYS[7], cause,
    { 'i', id, 'k', 'refused', 'w', '', 'q', 0, 'e', string.match(ARGV[9], '\n(.*)$'), 'c', cause, 'l', refused_limit, 'u', retry_at }, 1,
    ARGV[11], ARGV[12])
  return { 'refused', cause, refused_limit, retry_at, now, entry }
end

used = used + estimate
-- As text: Redis's own conversion of Lua's numbers is dearer, and half of them has not changed.
local used_text, reserved_text = string.format('%d', used), string.format('%d', reserved + estimate)
local burst_text, burst_end_text = string.format('%d', burst + 1), burst == 0 and string.format('%d', burst_end) or f[7]
if opens then
  call('HSET', KEYS[1], 'id', id, 'used', used_text, 'reserved', reserved_text, 'end', finish, 'interval', interval, 'burst', burst_text,
    'burstEnd', burst_end_text, 'start', now)
elseif moves then
  call('HSET', KEYS[1], 'used', used_text, 'reserved', reserved_text, 'end', finish, 'interval', interval, 'burst', burst_text,
    'burstEnd', burst_end_text)
else
  call('HSET', KEYS[1], 'used', used_text, 'reserved', reserved_text, 'burst', burst_text, 'burstEnd', burst_end_text)
end
if version and version > known_version then call('HSET', KEYS[1], 'version', version) end
local new_expiry = math.max(finish, burst_end)
if new_expiry ~= expiry then call('PEXPIRE', KEYS[1], new_expiry - now) end
local due = string.format('%d', now + ARGV[8])
call('ZADD', KEYS[4], due, id)
call('ZADD', KEYS[2], due, id)
if claims then call('SET', KEYS[8], ARGV[13] .. ' running ' .. id, 'PX', ARGV[14]) end
return { 'admitted', window, limit - used, finish, now }
