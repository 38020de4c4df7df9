#!lua flags=allow-oom
-- Check events in flight against lanes, and lanes against ready, and index anew what is missing.
-- Atomic because what is between two places for a moment must not be seen as lost.
--
-- KEYS  1-5 shared
-- ARGV  1 moves · 2 offset · 3 limit
-- Returns { events looked at, repaired event key, repaired event key, … }
local now = now_ms()
local offset, limit = tonumber(ARGV[2]), tonumber(ARGV[3])
local events = redis.call('ZRANGE', OPEN, offset, offset + limit - 1)
local repaired = {}

local function repair(event, source)
  count(source, 'repaired', 1)
  repaired[#repaired + 1] = event
end

for _, event in ipairs(events) do
  local version, source, status, lane = unpack(redis.call('HMGET', event, 'v', 'source', 'status', 'lane'))
  if status and not known(version, status) then
    -- A newer orderhook knows where it belongs.
  elseif not status or not IN_FLIGHT[status] then
    redis.call('ZREM', OPEN, event)
    if source then repair(event, source) end
  else
    local missing = not redis.call('LPOS', lane, event)
    if missing then redis.call('RPUSH', lane, event) end
    local unready = redis.call('ZADD', ready(source), 'NX', now, lane) == 1
    if missing or unready then repair(event, source) end
  end
end
return { #events, unpack(repaired) }
