#!lua flags=allow-oom
-- Remove closed events whose retention is over.
-- Atomic because an event that an operator starts again between the look and the removal would be lost.
--
-- KEYS  1-5 shared · 6 timeline
-- ARGV  1 moves · 2 closed at this time (ms) or before · 3 statuses that may be removed (" a b ") · then per event:
--       event key, body key
-- Returns per event: 1 removed · 0 it stays, or was gone
local results, a = {}, 4

local function retire(event, body)
  local version, source, status, closed = unpack(redis.call('HMGET', event, 'v', 'source', 'status', 'closed'))
  if not status then
    redis.call('ZREM', KEYS[6], event)
    return 0
  end
  if not known(version, status) then return 0 end
  local over = closed and tonumber(closed) <= tonumber(ARGV[2])
  if not over or not string.find(ARGV[3], ' ' .. status .. ' ', 1, true) then return 0 end
  redis.call('DEL', event, body)
  redis.call('ZREM', KEYS[6], event)
  count(source, 'retired.' .. status, 1)
  return 1
end

while ARGV[a] do
  results[#results + 1] = retire(ARGV[a], ARGV[a + 1])
  a = a + 2
end
return results
