-- Moves the due time of an open lease: its holder is alive.
-- KEYS[1] inFlight  calls of the actor and feature that are in flight
-- KEYS[2] lease     this lease
-- KEYS[3] leases    index of the shard's leases
-- ARGV[1] lease id
-- ARGV[2] lease time, ms
-- RETURNS 1 when it stands, 0 when it has ended
-- @include now
-- @include lease
if read_lease(KEYS[2]) ~= 'open' then return 0 end
local due = now + ARGV[2]
redis.call('ZADD', KEYS[3], 'XX', due, ARGV[1])
redis.call('ZADD', KEYS[1], 'XX', due, ARGV[1])
return 1
