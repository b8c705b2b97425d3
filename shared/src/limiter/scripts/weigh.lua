-- fragment: what a call would do to one budget at its admission. Needs the fragment tally.
-- `stated` reads `<limit> <overshoot> <1 hard | 0 soft>`, then for each window ` <name> <start> <end | 0>`: the last
-- that has begun counts (the first, where none has). Returns nil for no budget, else the tally with `name`, `key`,
-- what it would `hold`, what it may cost beyond that (`at_risk`), and of a refusal its `cause`.
local function weigh(key, stated, worst, expected)
  local limit, overshoot, hard, windows = string.match(stated, '^(%d+) (%d+) (%d)(.*)$')
  if not limit then return nil end
  limit, overshoot = tonumber(limit), tonumber(overshoot)
  local name, finish
  for window, start, ends in string.gmatch(windows, ' (%S+) (%d+) (%d+)') do
    if not name or now >= tonumber(start) then name, finish = window, tonumber(ends) end
  end
  local t = read_tally(key, name, finish)
  t.key, t.name, t.stated = key, name, limit
  local may_risk = worst - expected
  t.hold, t.at_risk = worst, 0
  if overshoot > 0 and t.risk + may_risk <= overshoot then t.hold, t.at_risk = expected, may_risk end
  t.settled = t.used - t.reserved
  if hard == '0' then return t end
  if t.settled >= limit then
    t.cause, t.grave = 'budget-used-up', 3
  elseif t.settled + (may_risk <= overshoot and expected or worst) > limit then
    t.cause, t.grave = 'budget-too-dear', 2
  elseif t.used + t.hold > limit then
    t.cause, t.grave = 'budget-held', 1
  end
  return t
end
