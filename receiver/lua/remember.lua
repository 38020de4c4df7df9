#!lua flags=allow-oom
-- Remember writes of ours before they are sent, or forget those that had no effect: what events will be their echo.
-- Atomic because the echo may be claimed the moment the write is out, and must find all that is to be known of it.
--
-- KEYS  1-5 shared · then per entry: recent key of the order
-- ARGV  1 moves · then per entry: event type, idempotency key, ms in which such an event is an echo (0 forgets), depth and cause
-- Returns how many entries there were
-- An event that came in time may wait in its lane for this long, in milliseconds, and is known still; most entries of an order.
local LINGER, MOST = 3600000, 32
local now = now_ms()

-- Make room: what is over goes, and where there is too much, the oldest.
local function prune(recent)
  local flat = redis.call('HGETALL', recent)
  local left = {}
  for i = 1, #flat, 2 do
    local at, till = string.match(flat[i + 1], '^(%d+) (%d+) ')
    if string.sub(flat[i], 1, 5) == 'echo ' and now > tonumber(till) + LINGER then
      redis.call('HDEL', recent, flat[i])
    elseif string.sub(flat[i], 1, 5) == 'echo ' then
      left[#left + 1] = { tonumber(at), flat[i] }
    end
  end
  table.sort(left, function(a, b) return a[1] < b[1] end)
  for i = 1, #left - MOST do redis.call('HDEL', recent, left[i][2]) end
end

local a = 2
for k = 6, #KEYS do
  local recent, field, window = KEYS[k], 'echo ' .. ARGV[a] .. ' ' .. ARGV[a + 1], tonumber(ARGV[a + 2])
  if window == 0 then
    redis.call('HDEL', recent, field)
  else
    redis.call('HSET', recent, field, ms(now) .. ' ' .. ms(now + window) .. ' ' .. ARGV[a + 3])
    if redis.call('HLEN', recent) > MOST then prune(recent) end
    if redis.call('PTTL', recent) < window + LINGER then redis.call('PEXPIRE', recent, window + LINGER) end
  end
  a = a + 4
end
return #KEYS - 5
