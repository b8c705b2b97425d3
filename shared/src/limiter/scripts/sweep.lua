-- Ends a lease whose holder died: the estimate is charged, the draft becomes its event, marked as orphaned by its kind.
-- KEYS[1] limit     quota and burst window of the actor and feature
-- KEYS[2] inFlight  calls of the actor and feature that are in flight
-- KEYS[3] lease     this lease
-- KEYS[4] leases    index of the shard's leases
-- KEYS[5] outbox    where the event goes
-- KEYS[6] claim     of the call's Idempotency-Key; KEYS[3] again for a call without one
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
local state, window, estimate, _, text = read_lease(KEYS[3])
redis.call('ZREM', KEYS[4], id)
redis.call('ZREM', KEYS[2], id)
if state ~= 'open' then return { 'gone', 0 } end
local kept = charge(KEYS[1], window, 0, -estimate) and estimate or 0
local kept_text, estimate_text = string.format('%d', kept), string.format('%d', estimate)
redis.call('SET', KEYS[3], 'swept ' .. kept_text .. ' ' .. estimate_text, 'PX', ARGV[2])
redis.call('XADD', KEYS[5], '*', 'i', id, 'k', 'orphaned', 'w', window, 'q', kept_text, 's', estimate_text, 'e', string.match(text, '\n(.*)$'))
if KEYS[6] ~= KEYS[3] then
  -- @include claim
  end_claim(KEYS[6], id, 'orphaned')
end
return { 'swept', kept }
