-- Keeps a copy of a document, unless a newer one is kept already: readers and writers may come in any order.
-- KEYS[1] actor|catalogue  where the copy is kept
-- ARGV[1] version of the document
-- ARGV[2] body: opaque bytes
-- ARGV[3] how long it is kept, ms
-- ARGV[4] `kept`: only where a copy is kept by now; empty: in any case
-- RETURNS 1 when it is kept, 0 when not
local version = tonumber(ARGV[1])
local known = redis.call('HGET', KEYS[1], 'version')
if known and tonumber(known) > version then return 0 end
if not known and ARGV[4] == 'kept' then return 0 end
local time = redis.call('TIME')
redis.call('HSET', KEYS[1], 'version', ARGV[1], 'body', ARGV[2], 'at', string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000)))
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return 1
