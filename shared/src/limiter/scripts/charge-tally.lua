-- fragment: the end of a call in one window of a budget: what it costs takes the place of what was held for it. Needs
-- the fragment tally. Charged by name, however late; a window that is forgotten keeps nothing.
-- `counted`: what of `used` is this call's, `held` what of the reservations, `risk` as in the tally. `finish`: the
-- window's end, for one that is not known (a failover, a call without Redis). `limit`: that notices are percent of, nil
-- for none. Returns what was kept, and settled use and percent where a threshold was reached for the first time.
local function charge_tally(key, name, finish, cost, counted, held, risk, limit, thresholds)
  local t = read_tally(key, name, finish)
  if t.finish ~= 0 and t.finish + tally_keep <= now then
    redis.call('HDEL', key, name)
    return 0
  end
  -- A tally that was lost (a failover) has lost what it counted and held for this call, too.
  if not t.new then
    t.used, t.reserved, t.risk = t.used - counted, math.max(0, t.reserved - held), math.max(0, t.risk - risk)
  end
  t.used = t.used + cost
  local settled, reached = t.used - t.reserved, 0
  if limit and (t.finish == 0 or now < t.finish) then
    for threshold in string.gmatch(thresholds, '%d+') do
      threshold = tonumber(threshold)
      if settled * 100 >= threshold * limit and threshold > reached then reached = threshold end
    end
    -- Where the limit has changed, percent of the old one mean nothing any more.
    if reached > 0 and (t.limit ~= limit or reached > t.percent) then
      if t.limit ~= limit then t.limit, t.refused = limit, 0 end
      t.percent = reached
    else
      reached = 0
    end
  end
  write_tally(key, name, t)
  if reached > 0 then return cost, settled, reached, t.finish end
  return cost
end
