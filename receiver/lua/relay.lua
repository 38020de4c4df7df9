#!lua flags=allow-oom
-- Keep the chain of shifts alive: queue a shift if lanes wait, now or later, and nobody is at work on them.
-- Atomic because two workers that look at the same moment must not both queue one.
--
-- KEYS  1-4 shared · 5 rq queue · 6 rq queues · 7 rq job · 8 shifts
-- ARGV  1 moves · 2 wake channel · 3 job id · 4 n, n job fields · then: id of the shift that ends ('' none)
-- Returns 1 if a shift is queued now because of this call, else 0
local shift, a = shift_arguments()
local now = now_ms()
redis.call('ZREM', KEYS[8], ARGV[a])
redis.call('ZREMRANGEBYSCORE', KEYS[8], '-inf', now)
if redis.call('ZCOUNT', READY, '-inf', '(+inf') == 0 then return 0 end
if redis.call('LLEN', shift.queue) > 0 then return 0 end
-- Lanes that are due need hands now; lanes that are due later need one shift that waits for them.
local due = redis.call('ZCOUNT', READY, '-inf', now)
if due == 0 and redis.call('ZCARD', KEYS[8]) > 0 then return 0 end
wake(shift)
return 1
