-- Closes a quota window before its time, by an operator's hand: the next call opens a new one. The rows of the closed
-- window keep their sum; what is in flight belongs to it and is charged to no other, so that its rows keep nothing.
-- The burst window and the actor's version stay.
-- KEYS[1] limit  quota and burst window of the actor and feature
-- ARGV[1] name of the window that is meant: another one stays, so that a repetition does no harm
-- RETURNS 1 when it was closed, 0 when it is not the open window (any more)
if redis.call('HGET', KEYS[1], 'id') ~= ARGV[1] then return 0 end
redis.call('HDEL', KEYS[1], 'id', 'used', 'reserved', 'start', 'end', 'interval', 'noticed')
return 1
