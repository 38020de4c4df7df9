#!lua
-- Record a batch of events: dedupe, record, lane, ready, indexes, counters and wake-up in one step.
-- Atomic because a dedupe mark without its record, or a record that no lane knows, would lose the event.
--
-- KEYS  1-5 shared · 6 rq queue · 7 rq queues · 8 rq job · 9 identity · then per event: record, body, lane, timeline, guard
-- ARGV  1 moves · 2 wake channel · 3 job id · 4 n, n job fields · identity that this Redis must have · then per event:
--       source, type, subject, occurred, digest, verdict, guard ttl (ms, 0 none), quarantine reason ('' none), error, body,
--       when it was spooled ('' never)
-- Returns one text per event: accepted | quarantined | duplicate | altered | KEY (the event this body came with before)
--       | !MESSAGE (a key holds something that is not ours; nothing was written for this event)
local shift, a = shift_arguments()
local identity = ARGV[a]
local now = now_ms()
local at = ms(now)
local results = {}
-- What goes into keys that events share: written at the end, with one command for a key and not one for an event.
local counted, timelines, opened, died, due = {}, {}, {}, {}, {}

-- The error of a read where a key is not what it must be. Lua does not roll back: such reads come before the first write.
local function wrong(command, key)
  local answer = redis.pcall(command, key)
  return type(answer) == 'table' and answer.err
end

local function tally(source, what, by)
  local of_source = counted[source] or {}
  of_source[what] = (of_source[what] or 0) + (by or 1)
  counted[source] = of_source
end

local function add(index, member)
  index[#index + 1] = at
  index[#index + 1] = member
end

-- Note another delivery of a known event.
local function duplicate(record, source)
  redis.call('HINCRBY', record, 'duplicates', 1)
  redis.call('HSET', record, 'duplicate_at', at)
  tally(source, 'duplicate')
end

local function accept(k, a)
  local record, body, lane, timeline, guard = KEYS[k], KEYS[k + 1], KEYS[k + 2], KEYS[k + 3], KEYS[k + 4]
  local source, occurred, digest, ttl, reason = ARGV[a], ARGV[a + 3], ARGV[a + 4], tonumber(ARGV[a + 6]), ARGV[a + 7]
  local known = redis.pcall('HGET', record, 'digest')
  local problem = type(known) == 'table' and known.err or wrong('LLEN', lane)
    or not timelines[timeline] and (wrong('ZCARD', timeline) or wrong('ZCARD', ready(source))) or ttl > 0 and wrong('STRLEN', guard)
  if problem then return '!' .. problem end
  if known then
    duplicate(record, source)
    if known == digest then return 'duplicate' end
    redis.call('HINCRBY', record, 'altered', 1)
    return 'altered'
  end
  if ttl > 0 and not redis.call('SET', guard, record, 'NX', 'PX', ttl) then
    local first = redis.call('GET', guard)
    if redis.call('EXISTS', first) == 1 then
      duplicate(first, source)
      return first
    end
    redis.call('SET', guard, record, 'PX', ttl)
  end
  local status = reason == '' and 'pending' or 'dead'
  -- Each field costs: what can be read from the key, or is what an absent field means, is left out.
  redis.call('HSET', record, 'v', VERSION, 'status', status, 'source', source, 'type', ARGV[a + 1], 'subject', ARGV[a + 2],
    'digest', digest, 'verdict', ARGV[a + 5], 'accepted', at, 'lane', lane, 'bytes', #ARGV[a + 9])
  if occurred ~= '' then redis.call('HSET', record, 'occurred', occurred) end
  if ARGV[a + 10] ~= '' then redis.call('HSET', record, 'spooled', ARGV[a + 10]) end
  redis.call('SET', body, ARGV[a + 9])
  timelines[timeline] = timelines[timeline] or {}
  add(timelines[timeline], record)
  tally(source, 'accepted')
  if string.sub(ARGV[a + 5], 1, 10) == 'synthetic:' then tally(source, 'missed_webhooks') end
  tally(source, status)
  if reason ~= '' then
    redis.call('HSET', record, 'reason', reason, 'error', ARGV[a + 8])
    tally(source, 'ended.dead.' .. reason)
    add(died, record)
    return 'quarantined'
  end
  redis.call('RPUSH', lane, record)
  tally(source, 'bytes', #ARGV[a + 9])
  add(opened, record)
  due[source] = due[source] or {}
  add(due[source], lane)
  return 'accepted'
end

-- Nothing at all is written into a Redis that was emptied, or is not the one the caller knows.
if redis.call('GET', KEYS[9]) ~= identity then return redis.error_reply('FOREIGN this is not the Redis that it was') end
-- Nor where a key that all events share is not ours.
local problem = wrong('HLEN', COUNTS) or wrong('ZCARD', OPEN) or wrong('ZCARD', DEAD)
  or wrong('LLEN', shift.queue) or wrong('SCARD', shift.queues) or wrong('SCARD', SOURCES)
if problem then return redis.error_reply(problem) end

a = a + 1
for k = 10, #KEYS, 5 do
  results[#results + 1] = accept(k, a)
  a = a + 11
end
for source, of_source in pairs(counted) do
  for what, n in pairs(of_source) do count(source, what, n) end
  if of_source.accepted then redis.call('SADD', SOURCES, source) end
end
for timeline, members in pairs(timelines) do redis.call('ZADD', timeline, unpack(members)) end
if #died > 0 then redis.call('ZADD', DEAD, unpack(died)) end
if #opened > 0 then redis.call('ZADD', OPEN, unpack(opened)) end
local more = 0
for source, lanes in pairs(due) do more = more + redis.call('ZADD', ready(source), 'NX', unpack(lanes)) end
if more > 0 then wake(shift) end
return results
