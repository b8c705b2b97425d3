-- fragment: the end of a call in its budgets. Needs the fragments tally and charge-tally.
-- `keys`: of the subscription's budget and the feature's. `state` and `money` as read_lease has them, the rest as
-- settle.lua's arguments; a notice is put into `notices`, its place for the outbox entry still empty. Returns what the
-- windows kept, as the ended lease has it, and by how much the cost was above what was held at its worst.
local function spend(keys, state, money, cost, windows, limits, thresholds, notices)
  -- Whoever gives up an admission, or comes so late that its record may be gone, must not change what the sweeper has
  -- written a row for.
  if state == 'swept' and money and windows == ';;;' then return money, 0 end
  local names, ends, counted, held, risk = {}, {}, { 0, 0 }, { 0, 0 }, { 0, 0 }
  names[1], ends[1], names[2], ends[2] = string.match(windows, '^([^;]*);(%d*);([^;]*);(%d*)$')
  if state == 'open' and money then
    names[1], ends[1], held[1], risk[1], names[2], ends[2], held[2], risk[2] =
      string.match(money, '^;%d+;%d+;([^;]*);(%d+);(%d+);(%d+);([^;]*);(%d+);(%d+);(%d+)$')
    counted = held
  elseif state == 'swept' and money then
    names[1], counted[1], names[2], counted[2] = string.match(money, '^;([^;]*);(%-?%d+);([^;]*);(%-?%d+)$')
  end
  local limit = { string.match(limits, '^(%d*);(%d*)$') }
  local spent, above = '', 0
  for place = 1, 2 do
    local name, kept = names[place] or '', 0
    if name ~= '' then
      local most = held[place] + risk[place]
      -- Swept and nobody knows better: what the sweeper charged.
      local by = tonumber(cost) or (state == 'swept' and tonumber(counted[place]) or most)
      if state == 'open' then above = math.max(above, by - most) end
      local settled, percent, finish
      kept = tonumber(counted[place])
      -- A void lease without a record was never admitted: there is nothing to give back.
      if state == 'open' or by ~= kept then
        kept, settled, percent, finish = charge_tally(keys[place], name, tonumber(ends[place]) or 0, by, counted[place], held[place],
          risk[place], tonumber(limit[place]), thresholds)
      end
      if settled then
        notices[#notices + 1] = { false, string.format('%d', place), name, string.format('%d', percent), string.format('%d', settled),
          limit[place], string.format('%d', finish) }
      end
    end
    spent = spent .. ';' .. name .. ';' .. string.format('%d', kept)
  end
  return spent, above
end
