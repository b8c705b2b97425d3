-- fragment: the notice that settled use has reached a threshold, level-triggered: whatever raised the use, the next
-- end of a lease sees it. `noticed` reads `<window> <percent>`, so that a new window begins without one.
local function append_notice(key, window, settled, finish, noticed, outbox, limit, thresholds, draft)
  local reached = 0
  for threshold in string.gmatch(thresholds, '%d+') do
    threshold = tonumber(threshold)
    if settled * 100 >= threshold * limit and threshold > reached then reached = threshold end
  end
  local noticed_window, percent = string.match(noticed or '', '^(%S+) (%d+)$')
  if reached == 0 or (noticed_window == window and tonumber(percent) >= reached) then return false end
  local reached_text, settled_text = string.format('%d', reached), string.format('%d', settled)
  redis.call('HSET', key, 'noticed', window .. ' ' .. reached_text)
  local entry = redis.call('XADD', outbox, '*', 'i', window .. '-' .. reached_text, 'k', 'notice', 'w', window, 'q', settled_text, 'e', draft,
    't', reached_text, 'l', limit, 'u', finish)
  return { entry, window, reached_text, settled_text, finish }
end
