-- Moves the due time of an open lease: its holder is alive; and takes down what a call with budgets has cost so far.
-- KEYS[1] inFlight  calls of the actor and feature that are in flight
-- KEYS[2] lease     this lease
-- KEYS[3] leases    index of the shard's leases
-- ARGV[1] lease id
-- ARGV[2] lease time, ms
-- ARGV[3] nano-dollars that the call has cost so far; absent for a call without budgets
-- RETURNS 1 when it stands, 0 when it has ended
-- @include now
-- @include lease
local state, _, _, _, text = read_lease(KEYS[2])
if state ~= 'open' then return 0 end
if ARGV[3] then
  local head, metered, rest = string.match(text, '^(open %S+ %d+;)(%d+)(;.*)$')
  if head and tonumber(ARGV[3]) > tonumber(metered) then redis.call('SET', KEYS[2], head .. ARGV[3] .. rest) end
end
local due = now + ARGV[2]
redis.call('ZADD', KEYS[3], 'XX', due, ARGV[1])
redis.call('ZADD', KEYS[1], 'XX', due, ARGV[1])
return 1
