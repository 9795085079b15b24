-- Puts new entries behind the delayed heads of their keys.
-- ARGV: group, consumer, then id and key of each entry that has a key
-- Returns the ids that were put back.
local group, consumer, time = ARGV[1], ARGV[2], now()
local put_back = {}
for at = 3, #ARGV, 2 do
  local id = ARGV[at]
  local due = held_until(ARGV[at + 1], time)
  if due and is_held(group, consumer, id, 1) then
    call('HINCRBY', UNTRIED, id, 1)
    give_back(group, id, due)
    put_back[#put_back + 1] = id
  end
end
return put_back
