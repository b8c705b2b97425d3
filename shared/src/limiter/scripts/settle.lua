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
-- ARGV[7] thresholds of notices in percent, such as `90,95,100`; empty or absent for none
-- ARGV[8] limit of the quota window that they are percent of, units
-- ARGV[9] the notice: opaque bytes
-- RETURNS {state found ('open', 'settled', 'void', 'swept', 'none'), units that the window's counter kept, outbox entry | 'full' | false,
--   notice {outbox entry, window, percent, settled units, window end ms} | false}
-- @include lease
-- @include outbox
-- @include notice
local id, units = ARGV[1], tonumber(ARGV[3])
local lease = read_lease(KEYS[3])
local state = lease and lease.state or 'none'
if state == 'settled' or state == 'void' then return { state, lease.kept or 0, false, false } end

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
local notice = false
if (ARGV[7] or '') ~= '' then notice = append_notice(KEYS[1], KEYS[5], tonumber(ARGV[8]), ARGV[7], ARGV[9]) end
local entry = false
if ARGV[6] ~= '' and full(KEYS[5]) then
  entry = 'full'
elseif ARGV[6] ~= '' then
  local fields = { 'i', id, 'k', 'event', 'w', name, 'q', int(kept), 'e', ARGV[6] }
  if notice then
    fields[#fields + 1] = 't'
    fields[#fields + 1] = notice[3]
  end
  entry = append(KEYS[5], fields)
end
return { state, kept, entry, notice }
