#!lua flags=allow-oom
-- Close dead letters and paused events for good, and let a lane that was held behind one go on.
-- Atomic because a discarded event that still heads its lane would hold it for ever.
--
-- KEYS  1-5 shared · 6 rq queue · 7 rq queues · 8 rq job · 9 paused
-- ARGV  1 moves · 2 wake channel · 3 job id · 4 n, n job fields · then per event:
--       event key, body key, how long the record is kept (ms), by whom and why
-- Returns per event: 1 discarded · 0 neither a dead letter nor paused
local shift, a = shift_arguments()
local now, results, woken = now_ms(), {}, false

local function discard(event, body, keep, why)
  local version, source, status, lane = unpack(redis.call('HMGET', event, 'v', 'source', 'status', 'lane'))
  if not status or not known(version, status) then return 0 end
  if not move(event, source, status, 'discarded', now, { 'closed', ms(now), 'discarded', why }) then return 0 end
  redis.call('ZREM', KEYS[9], event)
  redis.call('PEXPIRE', event, keep)
  redis.call('PEXPIRE', body, keep)
  if redis.call('LINDEX', lane, 0) == event then
    advance(lane, event, source, now)
    woken = true
  end
  return 1
end

while ARGV[a] do
  results[#results + 1] = discard(ARGV[a], ARGV[a + 1], ARGV[a + 2], ARGV[a + 3])
  a = a + 4
end
if woken then wake(shift) end
return results
