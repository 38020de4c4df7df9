#!lua
-- Record a batch of events: dedupe, record, lane, ready, indexes, counters and wake-up in one step.
-- Atomic because a dedupe mark without its record, or a record that no lane knows, would lose the event.
--
-- KEYS  1-4 shared · 5 rq queue · 6 rq queues · 7 rq job · 8 sources · then per event: record, body, lane, timeline, guard
-- ARGV  1 moves · 2 wake channel · 3 job id · 4 n, n job fields · then per event:
--       source, id, type, subject, occurred, digest, verdict, guard ttl (ms, 0 none), quarantine reason ('' none), error, body
-- Returns one text per event: accepted | quarantined | duplicate | altered | KEY (the event this body came with before)
--       | !MESSAGE (a key holds something that is not ours; nothing was written for this event)
local shift, a = shift_arguments()
local now = now_ms()
local at = ms(now)
local results, woken = {}, false

-- Lua does not roll back: every read that can fail on a foreign type comes before the first write.
local function foreign(answers)
  for _, answer in ipairs(answers) do
    if type(answer) == 'table' and answer.err then return answer.err end
  end
end

-- What all events share; nothing at all is written where one of these is not ours.
local wrong = foreign({ redis.pcall('ZCARD', READY), redis.pcall('HLEN', COUNTS), redis.pcall('ZCARD', OPEN),
  redis.pcall('ZCARD', DEAD), redis.pcall('LLEN', shift.queue), redis.pcall('SCARD', shift.queues), redis.pcall('SCARD', KEYS[8]) })
if wrong then return redis.error_reply(wrong) end

local function accept(k, a)
  local record, body, lane, timeline, guard = KEYS[k], KEYS[k + 1], KEYS[k + 2], KEYS[k + 3], KEYS[k + 4]
  local source, digest, ttl, reason = ARGV[a], ARGV[a + 5], tonumber(ARGV[a + 7]), ARGV[a + 8]
  local wrong = foreign({ redis.pcall('HLEN', record), redis.pcall('LLEN', lane), redis.pcall('ZCARD', timeline),
    ttl > 0 and redis.pcall('STRLEN', guard) or 0 })
  if wrong then return '!' .. wrong end
  local known = redis.call('HGET', record, 'digest')
  if known then
    redis.call('HINCRBY', record, 'deliveries', 1)
    redis.call('HSET', record, 'duplicate_at', at)
    count(source, 'duplicate', 1)
    if known == digest then return 'duplicate' end
    redis.call('HINCRBY', record, 'altered', 1)
    return 'altered'
  end
  if ttl > 0 and not redis.call('SET', guard, record, 'NX', 'PX', ttl) then
    local first = redis.call('GET', guard)
    if redis.call('EXISTS', first) == 1 then
      redis.call('HINCRBY', first, 'deliveries', 1)
      redis.call('HSET', first, 'duplicate_at', at)
      count(source, 'duplicate', 1)
      return first
    end
    redis.call('SET', guard, record, 'PX', ttl)
  end
  local status = reason == '' and 'pending' or 'dead'
  redis.call('HSET', record, 'v', '1', 'source', source, 'id', ARGV[a + 1], 'type', ARGV[a + 2], 'subject', ARGV[a + 3],
    'occurred', ARGV[a + 4], 'digest', digest, 'verdict', ARGV[a + 6], 'accepted', at, 'opened', at, 'status', status,
    'deliveries', '1', 'attempt', '0', 'lane', lane)
  redis.call('SET', body, ARGV[a + 10])
  redis.call('ZADD', timeline, now, record)
  if redis.call('HINCRBY', COUNTS, source .. ':accepted', 1) == 1 then redis.call('SADD', KEYS[8], source) end
  count(source, status, 1)
  if reason ~= '' then
    redis.call('HSET', record, 'reason', reason, 'error', ARGV[a + 9])
    redis.call('ZADD', DEAD, now, record)
    return 'quarantined'
  end
  redis.call('ZADD', OPEN, now, record)
  redis.call('RPUSH', lane, record)
  if redis.call('ZADD', READY, 'NX', now, lane) == 1 then woken = true end
  return 'accepted'
end

for k = 9, #KEYS, 5 do
  results[#results + 1] = accept(k, a)
  a = a + 11
end
if woken then wake(shift) end
return results
