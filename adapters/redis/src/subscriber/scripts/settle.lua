-- Ends hand-overs, each only if it still holds.
-- ARGV: group, consumer, ordered, lowest id, highest id, then id, count and how of each: 'ack',
-- 'release', or ms to wait
-- Returns 1 or 0 for each.
local group, consumer, ordered, time = ARGV[1], ARGV[2], ARGV[3] == '1', now()
local FIRST = 6

-- One look at everything between the ids is much cheaper than one for each; where too much else
-- lies between, the rest is looked up singly.
local most = 2 * (#ARGV - FIRST + 1) / 3
local counts = {}
local between = call('XPENDING', STREAM, group, ARGV[4], ARGV[5], most, consumer)
for _, entry in ipairs(between) do counts[entry[1]] = entry[4] end
local is_all = #between < most

local function still_holds(id, count)
  if counts[id] == nil and not is_all then return is_held(group, consumer, id, count) end
  return counts[id] == tonumber(count)
end

local results, acked = {}, {}
for at = FIRST, #ARGV, 3 do
  local id, count, how = ARGV[at], ARGV[at + 1], ARGV[at + 2]
  if not still_holds(id, count) then
    results[#results + 1] = 0
  else
    results[#results + 1] = 1
    -- The same hand-over may be named twice.
    counts[id] = false
    if how == 'ack' then
      acked[#acked + 1] = id
      if count ~= '1' then call('HDEL', UNTRIED, id) end
    elseif how == 'release' then
      call('HINCRBY', UNTRIED, id, 1)
      give_back(group, id)
    elseif how == '0' then
      give_back(group, id)
    else
      local due = string.format('%.0f', time + tonumber(how))
      local key = ordered and key_of(id)
      if key and tonumber(call('HGET', HELD, key) or 0) < tonumber(due) then
        call('HSET', HELD, key, due)
      end
      give_back(group, id, due)
    end
  end
end
if #acked > 0 then call('XACK', STREAM, group, unpack(acked)) end
return results
