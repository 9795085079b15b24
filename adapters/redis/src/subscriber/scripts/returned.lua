-- Hands out what came back, oldest first; takes or renews the ownership of an ordered group.
-- ARGV: group, consumer, ordered, lease in ms, most, idle consumers are forgotten after ms
-- Returns {owner, ms until somebody else's ownership ends}, or
-- {'', ms until the next delay ends or -1, last delivered id, {{id, fields, count, attempt}…}}.
local group, consumer, ordered, lease = ARGV[1], ARGV[2], ARGV[3] == '1', ARGV[4]
local most, forgotten = tonumber(ARGV[5]), tonumber(ARGV[6])
-- Says NOGROUP, whether the stream or the group is missing.
call('XPENDING', STREAM, group)

local is_new_owner = false
if ordered then
  local owner = call('GET', OWNER)
  if owner and owner ~= consumer then return { owner, call('PTTL', OWNER) } end
  if owner then
    call('PEXPIRE', OWNER, lease)
  else
    call('SET', OWNER, consumer, 'PX', lease)
    is_new_owner = true
  end
end

for _, other in ipairs(consumers(group)) do
  if other.name ~= RETURNED then
    if other.pending == 0 then
      if other.idle > forgotten and other.name:find('^wingman%-') and other.name ~= consumer then
        call('XGROUP', 'DELCONSUMER', STREAM, group, other.name)
      end
    elseif is_new_owner and other.name ~= consumer and other.name:find('^wingman%-') then
      -- The ownership was the lease of everything that the last owner held. Consumers of other
      -- programs know no ownership: what they hold is theirs until the lease has passed.
      give_back_all(group, other.name, 0)
    else
      give_back_all(group, other.name, lease)
    end
  end
end

local time = now()
repeat
  local due = call('ZRANGEBYSCORE', DELAYED, '-inf', time, 'LIMIT', 0, 1000)
  for _, member in ipairs(due) do
    call('ZADD', READY, 0, member)
    call('ZREM', DELAYED, member)
  end
until #due < 1000

local taken = {}
while #taken < most do
  local members = call('ZRANGE', READY, 0, most - #taken - 1)
  if #members == 0 then break end
  for _, member in ipairs(members) do
    local id = unpadded(member)
    local due = ordered and held_until(key_of(id), time)
    if due then
      call('ZADD', DELAYED, due, member)
    else
      -- Nothing if it was acked or deleted meanwhile.
      local entry = call('XCLAIM', STREAM, group, consumer, 0, id)[1]
      if entry then
        local count = call('XPENDING', STREAM, group, id, id, 1)[1][4]
        local untried = tonumber(call('HGET', UNTRIED, id) or 0)
        taken[#taken + 1] = { id, entry[2], count, count - untried }
      end
    end
    call('ZREM', READY, member)
  end
end

local next_delay = -1
local first = call('ZRANGE', DELAYED, 0, 0, 'WITHSCORES')
if first[2] then next_delay = math.max(0, tonumber(first[2]) - time) end
if call('ZCARD', READY) > 0 then next_delay = 0 end

local last = '0-0'
for _, flat in ipairs(call('XINFO', 'GROUPS', STREAM)) do
  local is_ours = false
  for at = 1, #flat, 2 do
    if flat[at] == 'name' then is_ours = flat[at + 1] == group end
    if flat[at] == 'last-delivered-id' and is_ours then last = flat[at + 1] end
  end
end
return { '', next_delay, last, taken }
