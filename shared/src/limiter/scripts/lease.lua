-- fragment: the record of a lease.
-- An open lease reads `open <window> <estimate> <feature> <actor>`, with an Idempotency-Key ` <name of its claim>`,
-- and after a line feed the draft of its event: opaque bytes.
-- An ended one reads `settled <kept>`, `void <kept>` or `swept <kept> <estimate>`; `kept` is what the window's counter
-- kept of it. Returns state ('none' without a record), window of an open one, its estimate, what was kept of an ended
-- one, the record.
local function read_lease(key)
  local text = redis.call('GET', key) or 'none 0'
  local state, second, third = string.match(text, '^(%S+) (%S+) ?(%d*)')
  if state == 'open' then return state, second, tonumber(third), 0, text end
  return state, nil, 0, tonumber(second), text
end
