-- Reserves an estimate in the actor's quota window, and what the call may cost in its budgets, and opens a lease; or
-- refuses, consuming nothing but the burst mark. The same lease id again answers the same. Burst is asked before quota
-- (shared/COMPATIBILITY.md#burst-size), budgets after it; a burst refusal leaves no mark.
-- KEYS[1] limit     quota and burst window of the actor and feature
-- KEYS[2] inFlight  calls of the actor and feature that are in flight
-- KEYS[3] lease     this lease
-- KEYS[4] leases    index of the shard's leases
-- KEYS[5] outbox    where a refusal's event goes
-- KEYS[6] fold      the actor's refusals of this feature in this minute
-- KEYS[7] folds     index of the shard's folds
-- KEYS[8] claim     of the call's Idempotency-Key; KEYS[3] again for a call without one
-- KEYS[9]? budget   of the subscription, for a call with budgets
-- KEYS[10]? budget  of the feature, for a call with budgets
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
-- ARGV[13] fingerprint of the request, without blanks; absent or empty for a call without an Idempotency-Key
-- ARGV[14] life of the claim, ms
-- ARGV[15] the most that the call may cost, nano-dollars; absent, as all that follows, for a call without budgets
-- ARGV[16] what it probably costs
-- ARGV[17] what it costs as soon as it is sent
-- ARGV[18] what it may cost between two renewals of its lease
-- ARGV[19] the subscription's budget (limiter/scripts/weigh.lua), or empty
-- ARGV[20] the feature's budget, or empty
-- ARGV[21] the notice of the first refusal in a budget's window: opaque bytes; empty for none
-- RETURNS {'admitted', window, remaining, window end ms, now ms, money of the lease's record | nothing}
-- RETURNS {'refused', cause, limit, retry at ms, now ms, outbox entry | false}, by a budget then also {its place (1 the
--   subscription's, 2 the feature's), window, window end ms, settled, reserved, notice's outbox entry | false}
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

local money, tallies, refusing, write = '', nil, nil, nil
if ARGV[15] and not cause then
  -- @include tally
  -- @include weigh
  tallies, write = {}, hold
  local budgets, stated = { KEYS[9], KEYS[10] }, { ARGV[19], ARGV[20] }
  money = ';' .. ARGV[17] .. ';' .. ARGV[18]
  for place = 1, 2 do
    local t = weigh(budgets[place], stated[place], tonumber(ARGV[15]), tonumber(ARGV[16]))
    if not t then
      money = money .. ';;0;0;0'
    else
      t.place = place
      tallies[#tallies + 1] = t
      money = money .. string.format(';%s;%d;%d;%d', t.name, t.finish, t.hold, t.at_risk)
      if t.cause and (not refusing or t.grave > refusing.grave) then refusing = t end
    end
  end
  if refusing then
    cause, refused_limit = refusing.cause, refusing.stated
    -- A window without an end: somebody may raise the limit.
    retry_at = cause == 'budget-held' and now + 5000 or refusing.finish > 0 and refusing.finish or now + 86400000
  end
end

local known
if cause then
  known = call('EXISTS', KEYS[3]) == 1
else
  known = not call('SET', KEYS[3], 'open ' .. window .. ' ' .. ARGV[4] .. money .. ' ' .. ARGV[9], 'NX')
end
if known then
  -- @include lease
  local state, name, _, _, _, held = read_lease(KEYS[3])
  if state ~= 'open' then return { 'ended', state } end
  if name ~= f[1] then return { 'admitted', name, 0, now, now, held } end
  return { 'admitted', name, math.max(0, limit - f[2]), tonumber(f[4]), now, held }
end

if cause then
  -- @include share
  -- @include outbox
  if cause == 'quota' or refusing then
    call('HSET', KEYS[1], 'burst', burst + 1, 'burstEnd', burst_end)
    -- A changed interval moves the end in the same step, or each refusal of a used-up window would move it on.
    if moves then call('HSET', KEYS[1], 'end', finish, 'interval', interval) end
    local new_expiry = math.max(moves and finish or tonumber(f[4]) or 0, burst_end)
    if new_expiry ~= expiry then call('PEXPIRE', KEYS[1], new_expiry - now) end
  end
  local row = { 'i', id, 'k', 'refused', 'w', '', 'q', 0, 'e', string.match(ARGV[9], '\n(.*)$'), 'c', cause, 'l', refused_limit, 'u', retry_at }
  local notice = false
  if refusing then
    local kept = refusing.place == 1 and refusing.name .. ';0;;0' or ';0;' .. refusing.name .. ';0'
    for _, field in ipairs({ 'b', kept, 'm', ARGV[15], 'r', refusing.settled, 'o', refusing.place }) do row[#row + 1] = field end
    local of, percent, told = string.match(refusing.told, '(%d+) (%d+) (%d)')
    if tonumber(of) ~= refusing.stated then percent, told = 0, '0' end
    if told == '0' then
      refusing.told = string.format('%d %d 1', refusing.stated, percent)
      write(refusing, 0, 0)
      if ARGV[21] ~= '' then
        notice = call('XADD', KEYS[5], '*', 'i', id .. '-' .. cause, 'k', 'notice', 'w', refusing.name, 'q', refusing.settled, 'e', ARGV[21],
          'c', cause, 'l', refused_limit, 'u', refusing.finish, 'o', refusing.place)
      end
    end
  end
  local entry = append_folding(KEYS[5], KEYS[6], KEYS[7], cause, row, 1, ARGV[11], ARGV[12])
  if not refusing then return { 'refused', cause, refused_limit, retry_at, now, entry } end
  return { 'refused', cause, refused_limit, retry_at, now, entry, refusing.place, refusing.name, refusing.finish, refusing.settled,
    refusing.reserved, notice }
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
if not tallies then return { 'admitted', window, limit - used, finish, now } end
for _, t in ipairs(tallies) do
  write(t, t.hold, t.at_risk)
end
return { 'admitted', window, limit - used, finish, now, money }
