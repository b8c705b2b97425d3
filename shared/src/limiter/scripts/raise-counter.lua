-- Raises a counter to what the ledger says that its window has settled. Never lowers one: rows may be on their way.
-- KEYS[1] limit  quota and burst window of an actor and feature
-- ARGV[1] name of the window; another one, or one that is over, is left alone
-- ARGV[2] settled units by the ledger
-- RETURNS units by which it was raised, or false when the window is not open any more
-- @include now
local f = redis.call('HMGET', KEYS[1], 'id', 'used', 'reserved', 'end')
if f[1] ~= ARGV[1] or not (f[2] and f[3]) or now >= (tonumber(f[4]) or 0) then return false end
local missing = tonumber(ARGV[2]) - (f[2] - f[3])
if missing <= 0 then return 0 end
redis.call('HINCRBY', KEYS[1], 'used', string.format('%d', missing))
return missing
