-- Renews leases, each only if its hand-over still holds, and with them the ownership of an ordered
-- group.
-- ARGV: group, consumer, ordered, lease in ms, idle in ms to set, then id and count of each
-- Returns 1 or 0 for each.
local group, consumer, ordered, lease, idle = ARGV[1], ARGV[2], ARGV[3] == '1', ARGV[4], ARGV[5]
local results, any = {}, false
for at = 6, #ARGV, 2 do
  local id = ARGV[at]
  if is_held(group, consumer, id, ARGV[at + 1]) then
    call('XCLAIM', STREAM, group, consumer, 0, id, 'IDLE', idle, 'JUSTID')
    results[#results + 1] = 1
    any = true
  else
    results[#results + 1] = 0
  end
end
-- What still holds was never taken by a new owner: there was none since it was handed out.
if ordered and any then call('SET', OWNER, consumer, 'PX', lease) end
return results
