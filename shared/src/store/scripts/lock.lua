-- Renews or gives up a lock, as long as it is still the holder's.
-- KEYS[1] lock  of the job
-- ARGV[1] who holds it
-- ARGV[2] how long from now, ms; 0 gives it up
-- RETURNS 1 when it was the holder's, 0 when not
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
if tonumber(ARGV[2]) > 0 then
  redis.call('PEXPIRE', KEYS[1], ARGV[2])
else
  redis.call('DEL', KEYS[1])
end
return 1
