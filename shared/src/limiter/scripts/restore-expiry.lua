-- Gives a counter that lost its expiry one again, or forgets it where all it counts is over. Our scripts set both in
-- one step; a hand, a restored dump or another tool may not.
-- KEYS[1] limit  quota and burst window of an actor and feature
-- RETURNS 1 when it had none, 0 when there was nothing to mend
-- @include now
if redis.call('PTTL', KEYS[1]) ~= -1 then return 0 end
local f = redis.call('HMGET', KEYS[1], 'end', 'burstEnd')
local expiry = math.max(tonumber(f[1]) or 0, tonumber(f[2]) or 0)
if expiry > now then
  redis.call('PEXPIRE', KEYS[1], expiry - now)
else
  redis.call('DEL', KEYS[1])
end
return 1
