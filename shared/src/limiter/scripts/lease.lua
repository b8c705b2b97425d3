-- fragment: the record of a lease and the window it charges.
-- An open lease reads `open <window> <estimate> <feature> <actor>` and, after a line feed, the draft of its event: opaque bytes.
-- An ended one reads `settled <kept>`, `void` or `swept <kept> <estimate>`; `kept` is what the window's counter kept of it.
local now_parts = redis.call('TIME')
local now = now_parts[1] * 1000 + math.floor(now_parts[2] / 1000)

local function int(n)
  return string.format('%.0f', n)
end

local function read_lease(key)
  local text = redis.call('GET', key)
  if not text then return nil end
  local head, draft = text, ''
  local cut = string.find(text, '\n', 1, true)
  if cut then head, draft = string.sub(text, 1, cut - 1), string.sub(text, cut + 1) end
  local parts = {}
  for part in string.gmatch(head, '%S+') do parts[#parts + 1] = part end
  return { state = parts[1], window = parts[2], kept = tonumber(parts[2]), estimate = tonumber(parts[3]) or 0, draft = draft }
end

-- The window's numbers while it is still the one of that name and still open; nil otherwise: nothing is charged to another window.
local function open_window(key, name)
  local f = redis.call('HMGET', key, 'id', 'used', 'reserved', 'end')
  if f[1] ~= name or now >= tonumber(f[4]) then return nil end
  return { used = tonumber(f[2]), reserved = tonumber(f[3]) }
end

-- Moves the counter by `by` and the reservation by `reserved`; a window that nothing uses any more closes again.
local function charge(key, window, by, reserved)
  local used = window.used + by
  if used <= 0 then
    redis.call('HDEL', key, 'id', 'used', 'reserved', 'start', 'end', 'interval')
  else
    redis.call('HSET', key, 'used', int(used), 'reserved', int(math.max(0, window.reserved + reserved)))
  end
end
