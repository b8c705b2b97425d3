-- fragment: the notice that settled use has reached a threshold, level-triggered: whatever raised the use, the next end of a lease sees it.
-- `noticed` reads `<window> <percent>`, so that a new window begins without one.
local function append_notice(key, outbox, limit, thresholds, draft)
  local f = redis.call('HMGET', key, 'id', 'used', 'reserved', 'end', 'noticed')
  if not f[1] or now >= tonumber(f[4]) then return false end
  local settled = tonumber(f[2]) - tonumber(f[3])
  local reached = 0
  for threshold in string.gmatch(thresholds, '%d+') do
    threshold = tonumber(threshold)
    if settled * 100 >= threshold * limit and threshold > reached then reached = threshold end
  end
  local noticed_window, noticed = string.match(f[5] or '', '^(%S+) (%d+)$')
  if reached == 0 or (noticed_window == f[1] and tonumber(noticed) >= reached) then return false end
  redis.call('HSET', key, 'noticed', f[1] .. ' ' .. int(reached))
  local entry = append(outbox, { 'i', f[1] .. '-' .. int(reached), 'k', 'notice', 'w', f[1], 'q', int(settled), 'e', draft,
    't', int(reached), 'l', int(limit), 'u', f[4] })
  return { entry, f[1], int(reached), int(settled), f[4] }
end
