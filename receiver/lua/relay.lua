#!lua flags=allow-oom
-- Keep the chain of shifts alive: queue a shift if lanes wait, now or later, and nobody is at work on them.
-- Atomic because two workers that look at the same moment must not both queue one.
--
-- KEYS  1-5 shared · 6 rq queue · 7 rq queues · 8 rq job · 9 shifts
-- ARGV  1 moves · 2 wake channel · 3 job id · 4 n, n job fields · then: id of the shift that ends ('' none)
-- Returns 1 if a shift is queued now because of this call, else 0
local shift, a = shift_arguments()
local now = now_ms()
redis.call('ZREM', KEYS[9], ARGV[a])
redis.call('ZREMRANGEBYSCORE', KEYS[9], '-inf', now)
local waiting, due = 0, 0
for _, source in ipairs(redis.call('SMEMBERS', SOURCES)) do
  waiting = waiting + redis.call('ZCOUNT', ready(source), '-inf', '(+inf')
  due = due + redis.call('ZCOUNT', ready(source), '-inf', now)
end
if waiting == 0 then return 0 end
if redis.call('LLEN', shift.queue) > 0 then return 0 end
-- Lanes that are due need hands now; lanes that are due later need one shift that waits for them.
if due == 0 and redis.call('ZCARD', KEYS[9]) > 0 then return 0 end
wake(shift)
return 1
