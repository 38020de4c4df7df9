-- Shared by all scripts: put in front of each by the loader.
-- ARGV[1] of every script is the table of legal moves (" pending>running … "), KEYS[1] beginning of the ready keys,
-- KEYS[2] counts, KEYS[3] open, KEYS[4] dead, KEYS[5] sources.
local COUNTS, OPEN, DEAD, SOURCES = KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local MOVES = ARGV[1]
local IN_FLIGHT = { pending = true, running = true, retrying = true, paused = true }

-- The version of the record that these scripts write, and the newest that they know, as receiver/record.py has them.
local VERSION, NEWEST = 1, 1

-- Whether we know what a record means: no other may be touched. One that a newer orderhook wrote waits for it.
local function known(version, status)
  local number = tonumber(version or VERSION)
  local status_is_known = string.find(MOVES, ' ' .. status .. '>', 1, true) or string.find(MOVES, '>' .. status .. ' ', 1, true)
  return number and number <= NEWEST and status_is_known ~= nil
end

local function now_ms()
  local t = redis.call('TIME')
  return t[1] * 1000 + math.floor(t[2] / 1000)
end

local function ms(number) return string.format('%.0f', number) end

-- The ready lanes of a source.
local function ready(source) return KEYS[1] .. source end

local function count(source, what, by) redis.call('HINCRBY', COUNTS, source .. ':' .. what, by) end

local function legal(from, to) return string.find(MOVES, ' ' .. from .. '>' .. to .. ' ', 1, true) ~= nil end

-- Move an event to a status, if the table allows it; keeps counts, the open index and the dead letters true.
-- Returns whether it moved. fields: further field, value pairs for the record.
local function move(event, source, from, to, now, fields)
  if not legal(from, to) then return false end
  redis.call('HSET', event, 'status', to, unpack(fields or {}))
  if from ~= to then
    count(source, from, -1)
    count(source, to, 1)
  end
  if IN_FLIGHT[to] ~= IN_FLIGHT[from] then
    local bytes, home = unpack(redis.call('HMGET', event, 'bytes', 'home'))
    bytes = bytes or 0
    -- What went on in a lane of its own is at its end one of its subject's again.
    if home and not IN_FLIGHT[to] then
      redis.call('HSET', event, 'lane', home)
      redis.call('HDEL', event, 'home')
    end
    if IN_FLIGHT[to] then redis.call('ZADD', OPEN, now, event) else redis.call('ZREM', OPEN, event) end
    count(source, 'bytes', IN_FLIGHT[to] and bytes or -bytes)
  end
  if to == 'dead' then redis.call('ZADD', DEAD, now, event) elseif from == 'dead' then redis.call('ZREM', DEAD, event) end
  return true
end

-- Take a finished event off the head of its lane and make the next one due, or drop the empty lane.
local function advance(lane, event, source, now)
  if redis.call('LINDEX', lane, 0) == event then redis.call('LPOP', lane) end
  if redis.call('EXISTS', lane) == 1 then
    redis.call('ZADD', ready(source), now, lane)
  else
    redis.call('ZREM', ready(source), lane)
  end
end

-- The fields of an event that begins anew.
local function anew(attempt, now)
  return { 'opened', ms(now), 'base', attempt or '0', 'crashes', '0', 'due', ms(now) }
end

-- Let a paused event be claimed again, with attempts and age counted anew; its lane is the caller's to make due.
local function unpause(event, source, attempt, paused, now)
  move(event, source, 'paused', 'pending', now, anew(attempt, now))
  redis.call('HDEL', event, 'reason', 'error', 'step')
  redis.call('ZREM', paused, event)
end

-- Put an event that stands at an end back into its lane, with attempts counted anew and the ledger kept.
-- Returns whether it was; one that is in flight goes on by itself.
local function start_again(event, body, now)
  local version, source, status, attempt, lane =
    unpack(redis.call('HMGET', event, 'v', 'source', 'status', 'attempt', 'lane'))
  if not status or not known(version, status) then return false end
  if not legal(status, 'pending') or IN_FLIGHT[status] then return false end
  move(event, source, status, 'pending', now, anew(attempt, now))
  redis.call('HDEL', event, 'reason', 'error', 'step', 'code', 'closed', 'replay')
  redis.call('HINCRBY', event, 'replays', 1)
  redis.call('PERSIST', event)
  redis.call('PERSIST', body)
  -- A lane that is held waits with this very event at its head; elsewhere the event queues up behind the newer ones.
  if redis.call('LINDEX', lane, 0) == event then
    redis.call('ZADD', ready(source), now, lane)
  else
    redis.call('RPUSH', lane, event)
    redis.call('ZADD', ready(source), 'NX', now, lane)
  end
  return true
end

-- Write the end of the current attempt into the record, beside its beginning.
local function note_attempt(event, outcome, token, now, detail)
  local field = 'attempt:' .. redis.call('HGET', event, 'attempt')
  local started = string.match(redis.call('HGET', event, field) or '', '^%S+ %S+ (%d+)') or ms(now)
  redis.call('HSET', event, field, table.concat({ outcome, token, started, ms(now), detail }, ' '))
end

-- Put a shift into rq's queue, unless one is waiting there already.
-- shift: { queue, queues, job, channel, id, fields } as the caller got it from receiver/wake.py.
local function wake(shift)
  if redis.call('LLEN', shift.queue) == 0 then
    redis.call('SADD', shift.queues, shift.queue)
    redis.call('HSET', shift.job, unpack(shift.fields))
    redis.call('RPUSH', shift.queue, shift.id)
  end
  redis.call('PUBLISH', shift.channel, '1')
end

-- Read the shift from KEYS[6..8] and ARGV[2..]; returns it and the index of the first argument behind it.
local function shift_arguments()
  local fields, n = {}, tonumber(ARGV[4])
  for i = 1, n do fields[i] = ARGV[4 + i] end
  return { queue = KEYS[6], queues = KEYS[7], job = KEYS[8], channel = ARGV[2], id = ARGV[3], fields = fields }, 5 + n
end
