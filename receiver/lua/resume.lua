#!lua flags=allow-oom
-- Let runs that are paused go on, and make their events due.
-- Atomic because a pause that is marked and whose event is not woken would wait for ever, and the reverse would pause anew.
--
-- KEYS  1-5 shared · 6 rq queue · 7 rq queues · 8 rq job · 9 paused
-- ARGV  1 moves · 2 wake channel · 3 job id · 4 n, n job fields · then by whom and why · then per event:
--       event key, n, n × step (run.index) whose pause ends; with n = 0 every one that waits
-- Returns per event: 1 goes on · 0 no such pause waits there, or a worker has it
local shift, a = shift_arguments()
local who, now, results, woken = ARGV[a], now_ms(), {}, false
-- One that waits for its next attempt may have met its pause in an earlier one.
local WAITS = { paused = true, retrying = true, pending = true }

-- End the pauses of an event that wait and are meant; return how many.
local function mark(event, meant)
  local fields, marked = redis.call('HGETALL', event), 0
  for i = 1, #fields, 2 do
    local place = string.match(fields[i], '^pause:(.+)$')
    if place and (not meant or meant[place]) then
      marked = marked + redis.call('HSETNX', event, 'resumed:' .. place, ms(now) .. ' ' .. who)
    end
  end
  return marked
end

local function resume(event, meant)
  local version, source, status, lane, attempt =
    unpack(redis.call('HMGET', event, 'v', 'source', 'status', 'lane', 'attempt'))
  if not status or not known(version, status) or not WAITS[status] then return 0 end
  if mark(event, meant) == 0 then return 0 end
  if status == 'paused' then
    unpause(event, source, attempt, KEYS[9], now)
    redis.call('ZADD', ready(source), now, lane)
    woken = true
  end
  return 1
end

a = a + 1
while ARGV[a] do
  local n, meant = tonumber(ARGV[a + 1]), nil
  for i = 1, n do
    meant = meant or {}
    meant[ARGV[a + 1 + i]] = true
  end
  results[#results + 1] = resume(ARGV[a], meant)
  a = a + 2 + n
end
if woken then wake(shift) end
return results
