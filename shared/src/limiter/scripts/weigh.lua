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
    if name and now < tonumber(start) then break end
    name, finish = window, tonumber(ends)
  end
  local used, reserved, risk, told, new
  used, reserved, risk, finish, told, new = read_tally(key, name, finish)
  local may_risk, hold, at_risk, settled = worst - expected, worst, 0, used - reserved
  if overshoot > 0 and risk + may_risk <= overshoot then hold, at_risk = expected, may_risk end
  local cause, grave
  if hard == '1' then
    if settled >= limit then
      cause, grave = 'budget-used-up', 3
    elseif settled + (may_risk <= overshoot and expected or worst) > limit then
      cause, grave = 'budget-too-dear', 2
    elseif used + hold > limit then
      cause, grave = 'budget-held', 1
    end
  end
  return { key = key, name = name, stated = limit, used = used, reserved = reserved, risk = risk, finish = finish,
    told = told, new = new, settled = settled, hold = hold, at_risk = at_risk, cause = cause, grave = grave }
end

-- Writes it with so much more that is held, and at risk.
local function hold(t, more, at_risk)
  write_tally(t.key, t.name, t.used + more, t.reserved + more, t.risk + at_risk, t.finish, t.told, t.new)
end
