-- fragment: the record of a lease.
-- An open lease reads `open <window> <estimate>[<money>] <feature> <actor>`, with an Idempotency-Key
-- ` <name of its claim>`, and after a line feed the draft of its event: opaque bytes. Its money, of a call with
-- budgets, reads `;<metered>;<renewal>` and for the subscription's budget and the feature's each
-- `;<window>;<end>;<held>;<risk>` (no window: no such budget): what the call has cost so far, what it may cost between
-- two renewals, and what the window's tally holds for it.
-- An ended one reads `settled <kept>`, `void <kept>` or `swept <kept> <estimate>`; `kept` is what the window's counter
-- kept of it, then of a call with budgets `;<window>;<nano-dollars that its tally kept>` for each of the two. Returns
-- state ('none' without a record), window of an open one, its estimate, what was kept of an ended one, the record, and
-- its money or nil.
local function read_lease(key)
  local text = redis.call('GET', key) or 'none 0'
  local state, second, third, money = string.match(text, '^(%S+) ([^%s;]+) ?(%d*)(;?%S*)')
  if string.byte(money) ~= 59 then money = nil end
  if state == 'open' then return state, second, tonumber(third), 0, text, money end
  return state, nil, 0, tonumber(second), text, money
end
