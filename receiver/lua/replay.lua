#!lua
-- Start events again: back into their lane, with attempts counted anew and the ledger kept.
-- Atomic because an event between "no longer dead" and "in a lane" would be in neither after a crash.
--
-- KEYS  1-4 shared · 5 rq queue · 6 rq queues · 7 rq job
-- ARGV  1 moves · 2 wake channel · 3 job id · 4 n, n job fields · then per event: event key, body key
-- Returns per event: 1 replayed · 0 not in a state to be replayed, or gone
local shift, a = shift_arguments()
local now, results, woken = now_ms(), {}, false

local function replay(event, body)
  local source, status, attempt, lane = unpack(redis.call('HMGET', event, 'source', 'status', 'attempt', 'lane'))
  if not status or not legal(status, 'pending') or status == 'running' then return 0 end
  move(event, source, status, 'pending', now, { 'opened', ms(now), 'base', attempt or '0', 'crashes', '0', 'due', ms(now) })
  redis.call('HDEL', event, 'reason', 'error', 'step', 'closed')
  redis.call('HINCRBY', event, 'replays', 1)
  redis.call('PERSIST', event)
  redis.call('PERSIST', body)
  -- A lane that is held waits with this very event at its head; elsewhere the event queues up behind the newer ones.
  if redis.call('LINDEX', lane, 0) == event then
    redis.call('ZADD', READY, now, lane)
  else
    redis.call('RPUSH', lane, event)
    redis.call('ZADD', READY, 'NX', now, lane)
  end
  woken = true
  return 1
end

while ARGV[a] do
  results[#results + 1] = replay(ARGV[a], ARGV[a + 1])
  a = a + 2
end
if woken then wake(shift) end
return results
