-- Ends a lease whose holder died: the estimate is charged, the draft becomes its event, marked as orphaned by its kind.
-- KEYS[1] limit     quota and burst window of the actor and feature
-- KEYS[2] inFlight  calls of the actor and feature that are in flight
-- KEYS[3] lease     this lease
-- KEYS[4] leases    index of the shard's leases
-- KEYS[5] outbox    where the event goes
-- ARGV[1] lease id
-- ARGV[2] life of the ended record, ms
-- RETURNS {'swept', units kept} | {'standing', 0}: it is not due | {'gone', 0}: no open lease of that id, the index is cleared of it
-- @include lease
-- @include outbox
local id = ARGV[1]
local due = tonumber(redis.call('ZSCORE', KEYS[4], id) or 0)
if due > now then return { 'standing', 0 } end
local lease = read_lease(KEYS[3])
redis.call('ZREM', KEYS[4], id)
redis.call('ZREM', KEYS[2], id)
if not lease or lease.state ~= 'open' then return { 'gone', 0 } end
local kept = 0
local window = open_window(KEYS[1], lease.window)
if window then
  charge(KEYS[1], window, 0, -lease.estimate)
  kept = lease.estimate
end
redis.call('SET', KEYS[3], 'swept ' .. int(kept) .. ' ' .. int(lease.estimate), 'PX', ARGV[2])
append(KEYS[5], { 'i', id, 'k', 'orphaned', 'w', lease.window, 'q', int(kept), 's', int(lease.estimate), 'e', lease.draft })
return { 'swept', kept }
