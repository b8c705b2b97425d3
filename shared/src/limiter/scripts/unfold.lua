-- Writes the folded rows of one identity and name, if their minute is over.
-- KEYS[1] outbox  where they go
-- KEYS[2] fold    the identity's counts
-- KEYS[3] folds   index of the shard's folds
-- ARGV[1] entries that a shard may always have
-- ARGV[2] bytes of Redis that are set aside for events
-- RETURNS 1 when written, 0 when the minute still runs or the outbox is full
-- @include now
-- @include share
-- @include outbox
local due = tonumber(redis.call('ZSCORE', KEYS[3], KEYS[2]) or 0)
if due > now or full(KEYS[1], ARGV[1], ARGV[2]) then return 0 end
unfold(KEYS[2], KEYS[3], KEYS[1])
return 1
