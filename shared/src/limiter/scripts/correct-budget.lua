-- An operator's correction: moves the settled use of a budget's window and appends the event that explains it, in one
-- step. Can be repeated after an unknown outcome: it leaves the record of an ended lease.
-- KEYS[1] budget  of an actor's subscription or feature
-- KEYS[2] lease   of the correction's own id
-- KEYS[3] outbox  where the event goes
-- ARGV[1] event id
-- ARGV[2] name of the window
-- ARGV[3] end of the window, Unix ms; 0 for never
-- ARGV[4] nano-dollars by which its use moves, below 0 for a refund; 0 for what moves no counter
-- ARGV[5] place of the budget: 1 the subscription's, 2 the feature's
-- ARGV[6] life of the record, ms
-- ARGV[7] the event: opaque bytes
-- ARGV[8] entries that a shard may always have
-- ARGV[9] bytes of Redis that are set aside for events
-- ARGV[10] 1: what is given back may not be more than what calls that ended have used
-- RETURNS {'corrected', settled nano-dollars, nano-dollars kept, outbox entry} | {'known'}: an earlier try did it |
--   {'full'}: nothing was done, since there is no room for the event |
--   {'short', settled nano-dollars}: nothing was done, since less than that was used
-- @include now
-- @include lease
-- @include share
-- @include tally
-- @include charge-tally
if read_lease(KEYS[2]) ~= 'none' then return { 'known' } end
if full(KEYS[3], ARGV[8], ARGV[9]) then return { 'full' } end
if ARGV[10] == '1' then
  local used, reserved = read_tally(KEYS[1], ARGV[2], tonumber(ARGV[3]))
  if used - reserved + tonumber(ARGV[4]) < 0 then return { 'short', used - reserved } end
end
local kept = charge_tally(KEYS[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4]), 0, 0, 0, nil, '')
local spent = ARGV[2] .. ';' .. string.format('%d', kept)
spent = ARGV[5] == '1' and spent .. ';;0' or ';0;' .. spent
redis.call('SET', KEYS[2], 'settled 0;' .. spent, 'PX', ARGV[6])
local entry = redis.call('XADD', KEYS[3], '*', 'i', ARGV[1], 'k', 'event', 'w', '', 'q', '0', 'e', ARGV[7], 'b', spent)
local used, reserved = read_tally(KEYS[1], ARGV[2], tonumber(ARGV[3]))
return { 'corrected', used - reserved, kept, entry }
