-- fragment: a call's claim of its Idempotency-Key, which reads
-- `<fingerprint of the request> <running | settled | orphaned> <lease id>`. Tells what became of the call; a released
-- one gives the key free. Only a claim of this lease's own is touched.
local function end_claim(key, id, state)
  local fingerprint, holder = string.match(redis.call('GET', key) or '', '^(%S+) %S+ (%S+)$')
  if holder ~= id then return end
  if state == 'void' then
    redis.call('DEL', key)
  else
    redis.call('SET', key, fingerprint .. ' ' .. state .. ' ' .. id, 'KEEPTTL')
  end
end
