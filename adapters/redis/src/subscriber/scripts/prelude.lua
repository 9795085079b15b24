#!lua flags=allow-oom
-- Acks and returns must work while memory is full, or nothing would ever free it.
local STREAM, OWNER, READY, DELAYED, UNTRIED, HELD = unpack(KEYS)
-- Who has what nobody has: entries that came back and wait to be handed out again.
local RETURNED = 'wingman-returned'
local call = redis.call

local function now()
  local time = call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

-- An id whose text sorts as its numbers do.
local function padded(id)
  local ms, seq = id:match('^(%d+)-(%d+)$')
  return ('0'):rep(20 - #ms) .. ms .. '-' .. ('0'):rep(20 - #seq) .. seq
end

local function unpadded(member)
  return (member:gsub('0*(%d+)', '%1'))
end

-- Takes an entry from whoever has it. The note comes first: a script that fails between the two
-- must not leave an entry that nobody looks for.
local function give_back(group, id, due)
  if due then
    call('ZADD', DELAYED, due, padded(id))
  else
    call('ZADD', READY, 0, padded(id))
  end
  call('XCLAIM', STREAM, group, RETURNED, 0, id, 'JUSTID')
end

-- Takes everything from a consumer that has been idle with it for so long.
local function give_back_all(group, consumer, idle)
  repeat
    local page = call('XPENDING', STREAM, group, 'IDLE', idle, '-', '+', 1000, consumer)
    for _, entry in ipairs(page) do give_back(group, entry[1]) end
  until #page < 1000
end

-- Whether this hand-over of an entry still holds.
local function is_held(group, consumer, id, count)
  local entry = call('XPENDING', STREAM, group, id, id, 1)[1]
  return entry and entry[2] == consumer and entry[4] == tonumber(count)
end

-- Consumers as tables of their named fields.
local function consumers(group)
  local all = {}
  for _, flat in ipairs(call('XINFO', 'CONSUMERS', STREAM, group)) do
    local one = {}
    for at = 1, #flat, 2 do one[flat[at]] = flat[at + 1] end
    all[#all + 1] = one
  end
  return all
end

-- The ordering key of an entry; nil if it has none or is gone.
local function key_of(id)
  local entry = call('XRANGE', STREAM, id, id)[1]
  if not entry then return nil end
  for at = 1, #entry[2], 2 do
    if entry[2][at] == 'key' then return entry[2][at + 1] end
  end
end

-- Until when a key waits for its delayed head; nil if it does not.
local function held_until(key, time)
  local due = key and call('HGET', HELD, key)
  if not due then return nil end
  if tonumber(due) > time then return due end
  call('HDEL', HELD, key)
end
