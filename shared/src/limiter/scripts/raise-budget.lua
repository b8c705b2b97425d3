-- Raises a budget's window to what the ledger says that it has settled. Never lowers one: rows may be on their way.
-- KEYS[1] budget  of an actor's subscription or feature
-- ARGV[1] name of the window
-- ARGV[2] end of the window, Unix ms; 0 for never
-- ARGV[3] settled nano-dollars by the ledger
-- RETURNS nano-dollars by which it was raised, or false when the window is over for so long that it is forgotten
-- @include now
-- @include tally
local used, reserved, risk, finish, told, new = read_tally(KEYS[1], ARGV[1], tonumber(ARGV[2]))
if finish ~= 0 and finish + tally_keep <= now then return false end
local missing = tonumber(ARGV[3]) - (used - reserved)
if missing <= 0 then return 0 end
write_tally(KEYS[1], ARGV[1], used + missing, reserved, risk, finish, told, new)
return missing
