-- Ends hand-overs, each only if it still holds.
-- ARGV: group, consumer, ordered, then id, count and how of each: 'ack', 'release', or ms to wait
-- Returns 1 or 0 for each.
local group, consumer, ordered, time = ARGV[1], ARGV[2], ARGV[3] == '1', now()
local results = {}
for at = 4, #ARGV, 3 do
  local id, count, how = ARGV[at], ARGV[at + 1], ARGV[at + 2]
  if not is_held(group, consumer, id, count) then
    results[#results + 1] = 0
  else
    results[#results + 1] = 1
    if how == 'ack' then
      -- At once: the same hand-over may be named twice.
      call('XACK', STREAM, group, id)
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
return results
