-- Ends a lease: replaces its estimate by the actual usage, what its budgets hold for it by what it cost, and appends
-- its event, in one step. Can be repeated after an unknown outcome. Zero units with `release` give the reservation
-- back; a quota window that empties closes again.
-- KEYS[1] limit     quota and burst window of the actor and feature
-- KEYS[2] inFlight  calls of the actor and feature that are in flight
-- KEYS[3] lease     this lease
-- KEYS[4] leases    index of the shard's leases
-- KEYS[5] outbox    where the event goes
-- KEYS[6] claim     of the call's Idempotency-Key; KEYS[3] again for a call without one
-- KEYS[7]? budget   of the subscription, for a call with budgets
-- KEYS[8]? budget   of the feature, for a call with budgets
-- ARGV[1] lease id, which is the event's id
-- ARGV[2] window that the lease was admitted in; empty when unknown; `@<admitted ms>+<interval ms>` of a call that was
--   admitted without Redis
-- ARGV[3] units actually used
-- ARGV[4] state to end in: settled or void
-- ARGV[5] life of the ended record, ms
-- ARGV[6] the event: opaque bytes; empty for none
-- ARGV[7] settled units from which on a notice may be due; empty or absent for never
-- ARGV[8] thresholds of notices in percent, such as `90,95,100`
-- ARGV[9] limit of the quota window that they are percent of, units
-- ARGV[10] the notice: opaque bytes
-- ARGV[11] entries that a shard may always have; absent where there is no event
-- ARGV[12] bytes of Redis that are set aside for events; as ARGV[11]
-- ARGV[13] what the call cost, nano-dollars; empty where nobody knows: what is held for it, at its worst, is charged;
--   absent, as all that follows, for a call without budgets
-- ARGV[14] budget windows of the call, as far as its holder knows: `<window>;<end>` for each of the two
-- ARGV[15] limits that notices of budgets are percent of: `<nano-dollars>;<nano-dollars>`, none for no notices
-- ARGV[16] thresholds of notices of budgets in percent
-- ARGV[17] the notice of a budget: opaque bytes
-- RETURNS {state found ('open', 'settled', 'void', 'swept', 'none'), units that the window's counter kept, outbox
--   entry | 'full' | false, notice {outbox entry, window, percent, settled units, window end ms} | false, of a call
--   that was admitted without Redis its window or '', and of a call with budgets: what their windows kept
--   (limiter/scripts/lease.lua, without the first `;`), and where it caused notices `;<percent>;<percent>`,
--   nano-dollars by which the cost was above what was held at its worst, notices {outbox entry, place, window, percent,
--   settled, limit, window end ms} of budgets}
-- @include now
-- @include lease
-- @include window
local call = redis.call
local id, units = ARGV[1], tonumber(ARGV[3])
local state, window, estimate, kept, record, money = read_lease(KEYS[3])
if state == 'settled' or state == 'void' then
  return { state, kept, false, false, string.match(record, '^%S+ %S+ (%S+)') or '', string.sub(money or '', 2), 0, {} }
end

-- An open lease knows its window; whoever gives up an admission of unknown outcome does not.
window = window or ARGV[2]
local late = string.byte(ARGV[2], 1) == 64
if late and string.byte(window, 1) == 64 then
  local since, interval = string.match(window, '^@(%d+)%+(%d+)$')
  window = ''
  if units > 0 then
    -- @include late-window
    window = late_window(KEYS[1], id, tonumber(since), tonumber(interval))
  end
end
local settled, finish, noticed
-- A void lease without a record was never admitted: there is nothing to give back.
if state ~= 'none' or units > 0 then
  -- What the counter holds of this lease so far: the estimate of an open one (in reservation too), what the sweeper
  -- charged, or nothing.
  settled, finish, noticed = charge(KEYS[1], window, units - estimate - kept, -estimate)
  if settled then kept = units end
end

local spent, kept_money, above, budget_notices = '', '', 0, {}
if ARGV[13] then
  -- @include tally
  -- @include charge-tally
  -- @include spend
  spent, above = spend({ KEYS[7], KEYS[8] }, state, money, ARGV[13], ARGV[14], ARGV[15], ARGV[16], budget_notices)
  kept_money = string.sub(spent, 2)
  if #budget_notices > 0 then
    local reached = { '', '' }
    for _, n in ipairs(budget_notices) do reached[tonumber(n[2])] = n[4] end
    kept_money = kept_money .. ';' .. reached[1] .. ';' .. reached[2]
  end
end

local kept_text = string.format('%d', kept)
local ended = ARGV[4] .. ' ' .. kept_text .. spent
if late then ended = ended .. ' ' .. window end
call('SET', KEYS[3], ended, 'PX', ARGV[5])
call('ZREM', KEYS[4], id)
call('ZREM', KEYS[2], id)
if KEYS[6] ~= KEYS[3] then
  -- @include claim
  end_claim(KEYS[6], id, ARGV[4])
end

local notice = false
if settled and ARGV[7] and ARGV[7] ~= '' and settled >= tonumber(ARGV[7]) then
  -- @include notice
  notice = append_notice(KEYS[1], window, settled, finish, noticed, KEYS[5], ARGV[9], ARGV[8], ARGV[10])
end
local entry = false
if ARGV[6] ~= '' then
  -- @include share
  if full(KEYS[5], ARGV[11], ARGV[12]) then
    entry = 'full'
  elseif spent ~= '' then
    entry = call('XADD', KEYS[5], '*', 'i', id, 'k', 'event', 'w', window, 'q', kept_text, 'e', ARGV[6], 'b', kept_money,
      't', notice and notice[3] or '0')
  elseif notice then
    entry = call('XADD', KEYS[5], '*', 'i', id, 'k', 'event', 'w', window, 'q', kept_text, 'e', ARGV[6], 't', notice[3])
  else
    entry = call('XADD', KEYS[5], '*', 'i', id, 'k', 'event', 'w', window, 'q', kept_text, 'e', ARGV[6])
  end
end
if ARGV[13] then
  for _, n in ipairs(budget_notices) do
    n[1] = call('XADD', KEYS[5], '*', 'i', id .. '-' .. n[2], 'k', 'notice', 'w', n[3], 'q', n[5], 'e', ARGV[17], 't', n[4], 'l', n[6],
      'u', n[7], 'o', n[2])
  end
  return { state, kept, entry, notice, late and window or '', kept_money, above, budget_notices }
end
if late then return { state, kept, entry, notice, window } end
return { state, kept, entry, notice }
