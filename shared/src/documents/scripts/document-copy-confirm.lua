-- Makes a copy young again whose document still has the same version.
-- KEYS[1] catalogue  where the copy is kept
-- ARGV[1] version of the document
-- ARGV[2] how long it is kept from now on, ms
-- RETURNS 1 when it is kept, 0 when another version or none is
local known = redis.call('HGET', KEYS[1], 'version')
if not known or tonumber(known) ~= tonumber(ARGV[1]) then return 0 end
local time = redis.call('TIME')
redis.call('HSET', KEYS[1], 'at', string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000)))
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return 1
