-- fragment: the end of a call in one window of a budget: what it costs takes the place of what was held for it. Needs
-- the fragment tally. Charged by name, however late; a window that is forgotten keeps nothing.
-- `counted`: what of `used` is this call's, `held` what of the reservations, `risk` as in the tally. `finish`: the
-- window's end, for one that is not known (a failover, a call without Redis). `limit`: that notices are percent of, nil
-- for none. Returns what was kept, and settled use and percent where a threshold was reached for the first time.
local function charge_tally(key, name, finish, cost, counted, held, risk, limit, thresholds)
  local used, reserved, at_risk, told, new
  used, reserved, at_risk, finish, told, new = read_tally(key, name, finish)
  if finish ~= 0 and finish + tally_keep <= now then
    redis.call('HDEL', key, name)
    return 0
  end
  -- A tally that was lost (a failover) has lost what it counted and held for this call, too.
  if not new then
    used, reserved, at_risk = used - counted, math.max(0, reserved - held), math.max(0, at_risk - risk)
  end
  used = used + cost
  local settled, reached = used - reserved, 0
  -- The least threshold comes first.
  local least = limit and tonumber(string.match(thresholds, '^%d*'))
  if least and settled * 100 >= least * limit and (finish == 0 or now < finish) then
    for threshold in string.gmatch(thresholds, '%d+') do
      if settled * 100 >= threshold * limit then reached = tonumber(threshold) end
    end
    local of, percent, refused = string.match(told, '(%d+) (%d+) (%d)')
    -- Where the limit has changed, percent of the old one mean nothing any more.
    local changed = tonumber(of) ~= limit
    if changed or reached > tonumber(percent) then
      told = string.format('%d %d %s', limit, reached, changed and '0' or refused)
    else
      reached = 0
    end
  end
  write_tally(key, name, used, reserved, at_risk, finish, told, new)
  if reached > 0 then return cost, settled, reached, finish end
  return cost
end
