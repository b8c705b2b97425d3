-- Ends a lease: replaces its estimate by the truth and appends its event, in one step. Can be repeated after an unknown outcome.
-- Zero units with `release` give the reservation back; a window that empties closes again.
-- KEYS[1] limit     quota and burst window of the actor and feature
-- KEYS[2] inFlight  calls of the actor and feature that are in flight
-- KEYS[3] lease     this lease
-- KEYS[4] leases    index of the shard's leases
-- KEYS[5] outbox    where the event goes
-- ARGV[1] lease id, which is the event's id
-- ARGV[2] window that the lease was admitted in; empty when unknown
-- ARGV[3] units, the truth
-- ARGV[4] state to end in: settled or void
-- ARGV[5] life of the ended record, ms
-- ARGV[6] the event: opaque bytes; empty for none
-- RETURNS {state found ('open', 'settled', 'void', 'swept', 'none'), units that the window's counter kept, outbox entry | false}
-- @include lease
-- @include outbox
local id, units = ARGV[1], tonumber(ARGV[3])
local lease = read_lease(KEYS[3])
local state = lease and lease.state or 'none'
if state == 'settled' or state == 'void' then return { state, lease.kept or 0, false } end

-- What the counter holds of this lease by now, and of that in reservation: the estimate of an open one, what the sweeper charged, nothing.
local held, reserved = 0, 0
if state == 'open' then held, reserved = lease.estimate, lease.estimate end
if state == 'swept' then held = lease.kept end
local kept = state == 'swept' and lease.kept or 0
-- An open lease knows its window; whoever gives up an admission of unknown outcome does not.
local name = state == 'open' and lease.window or ARGV[2]
local window = open_window(KEYS[1], name)
if window then
  -- A void lease without a record was never admitted: there is nothing to give back.
  if state ~= 'none' or units > 0 then charge(KEYS[1], window, units - held, -reserved) end
  kept = units
end

redis.call('SET', KEYS[3], ARGV[4] .. ' ' .. int(kept), 'PX', ARGV[5])
redis.call('ZREM', KEYS[4], id)
redis.call('ZREM', KEYS[2], id)
local entry = false
if ARGV[6] ~= '' then
  entry = append(KEYS[5], { 'i', id, 'k', 'event', 'w', name, 'q', int(kept), 'e', ARGV[6] })
end
return { state, kept, entry }
