-- Ends a lease whose holder died: the estimate is charged, the draft becomes its event, marked as orphaned by its kind.
-- Its budgets are charged what it had cost at the last renewal and what it may have cost until the next, no more than
-- what was held at its worst.
-- KEYS[1] limit     quota and burst window of the actor and feature
-- KEYS[2] inFlight  calls of the actor and feature that are in flight
-- KEYS[3] lease     this lease
-- KEYS[4] leases    index of the shard's leases
-- KEYS[5] outbox    where the event goes
-- KEYS[6] claim     of the call's Idempotency-Key; KEYS[3] again for a call without one
-- KEYS[7]? budget   of the subscription, for a call with budgets
-- KEYS[8]? budget   of the feature, for a call with budgets
-- ARGV[1] lease id
-- ARGV[2] life of the ended record, ms
-- RETURNS {'swept', units kept} | {'standing', 0}: it is not due | {'gone', 0}: no open lease of that id, the index is
--   cleared of it
-- @include now
-- @include lease
-- @include window
local id = ARGV[1]
local due = tonumber(redis.call('ZSCORE', KEYS[4], id) or 0)
if due > now then return { 'standing', 0 } end
local state, window, estimate, _, text, money = read_lease(KEYS[3])
redis.call('ZREM', KEYS[4], id)
redis.call('ZREM', KEYS[2], id)
if state ~= 'open' then return { 'gone', 0 } end
local kept = charge(KEYS[1], window, 0, -estimate) and estimate or 0
local kept_text, estimate_text = string.format('%d', kept), string.format('%d', estimate)
local spent = ''
local row = { 'i', id, 'k', 'orphaned', 'w', window, 'q', kept_text, 's', estimate_text, 'e', string.match(text, '\n(.*)$') }
if money and KEYS[7] then
  -- @include tally
  -- @include charge-tally
  -- @include spend
  local metered, renewal, held, risk, feature_held, feature_risk =
    string.match(money, '^;(%d+);(%d+);[^;]*;%d+;(%d+);(%d+);[^;]*;%d+;(%d+);(%d+)$')
  -- The two are the same where there are two; of a budget that is not there both are 0.
  local cost = string.format('%d', math.min(metered + renewal, math.max(held + risk, feature_held + feature_risk)))
  spent = spend({ KEYS[7], KEYS[8] }, state, money, cost, '', '', '', {})
  for _, field in ipairs({ 'b', string.sub(spent, 2), 'm', cost }) do row[#row + 1] = field end
end
redis.call('SET', KEYS[3], 'swept ' .. kept_text .. spent .. ' ' .. estimate_text, 'PX', ARGV[2])
redis.call('XADD', KEYS[5], '*', unpack(row))
if KEYS[6] ~= KEYS[3] then
  -- @include claim
  end_claim(KEYS[6], id, 'orphaned')
end
return { 'swept', kept }
