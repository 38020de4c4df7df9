#!lua flags=allow-oom
-- Carry out a batch of writes of workers: ledger entries, and ends of attempts with the lane moved on.
-- Atomic because an event that is closed while its lane still waits for it, or the reverse, would block or repeat.
-- Each write carries the fencing token of its claim; with another token it changes nothing.
--
-- KEYS  1-5 shared · 6 paused
-- ARGV  1 moves · 2 lease (ms) · 3 body, 4 event, 5 lane, 6 applied key prefixes · 7 days of dedupe (ms)
--       · 8 recent key prefix · then per write:
--       kind, event, lane, token, wait (ms; of close: how long the record is kept; of a pause 0 for until it is resumed; of step: how many
--       runs begin with it), detail (of step: ms of the window in which an order's runs are counted), uses attempt (1|0),
--       holds the lane when dead (1|0), n, n × field or value
--       kind: step | the status to move to; a field `lane` of a paused event moves it into that lane; a value that begins with "@now " gets the time by Redis' clock there
--       kind expect: the echo of a write of ours that is about to be sent; event is the recent key of its order, lane its
--       idempotency key, wait ms in which the events come (0: it is not expected any more), detail `depth write source
--       event-id`, and the one field the event types, by commas; with 1 in "holds the lane" also events that came before
-- Returns one number per write: 1 written · 2 was written before (a repeat of the same write) · 0 refused, the token is stale
local lease, now = tonumber(ARGV[2]), now_ms()
local at = ms(now)

local function swap(key, from, to) return to .. string.sub(key, #from + 1) end

local function remember(event, lane)
  local occurred = redis.call('HGET', event, 'occurred')
  if not occurred then return end
  local key = swap(lane, ARGV[5], ARGV[6])
  local newest = redis.call('GET', key)
  if not newest or tonumber(newest) < tonumber(occurred) then redis.call('SET', key, occurred, 'PX', ARGV[7]) end
end

local function finish(w, source)
  redis.call('HSET', w.event, 'closed', at)
  if w.to == 'dead' then
    redis.call('PERSIST', w.event)
    if w.hold then return redis.call('ZADD', ready(source), '+inf', w.lane) end
  else
    redis.call('PEXPIRE', w.event, w.wait)
    redis.call('PEXPIRE', swap(w.event, ARGV[4], ARGV[3]), w.wait)
  end
  if w.to == 'succeeded' then remember(w.event, w.home or w.lane) end
  advance(w.lane, w.event, source, now)
end

-- Count runs that begin, for the limit on those of an order: by when their events came, since what has piled up while an
-- API was away is worked on in one go, and is no loop.
local function begin(lane, event, runs, window)
  local recent, came = swap(lane, ARGV[5], ARGV[8]), redis.call('HGET', event, 'accepted')
  local since = tonumber(redis.call('HGET', recent, 'since'))
  if since and tonumber(came) < since + window then return redis.call('HINCRBY', recent, 'runs', runs) end
  redis.call('HSET', recent, 'runs', runs, 'since', came)
  if redis.call('PTTL', recent) < window then redis.call('PEXPIRE', recent, window) end
end

local function reschedule(w, source)
  local due = w.to == 'retrying' and now + w.wait or now
  redis.call('HSET', w.event, 'due', ms(due))
  redis.call('ZADD', ready(source), ms(due), w.lane)
end

-- Let a paused event wait: at the head of its lane, or in a lane of its own, so that the others of its subject go on.
local function pause(w, source)
  local due, lane = w.wait > 0 and ms(now + w.wait) or '', redis.call('HGET', w.event, 'lane')
  if lane ~= w.lane then
    redis.call('RPUSH', lane, w.event)
    advance(w.lane, w.event, source, now)
  end
  redis.call('HSET', w.event, 'due', due)
  redis.call('ZADD', ready(source), due == '' and '+inf' or due, lane)
  redis.call('ZADD', KEYS[6], now, w.event)
end

-- How long an event that came in time may wait in its lane and is known still, in milliseconds; most writes of an order.
local LINGER, MOST = 3600000, 32

-- Make room: what is over goes, and where there is too much, the oldest.
local function prune(recent)
  local flat, left = redis.call('HGETALL', recent), {}
  for i = 1, #flat, 2 do
    local began, till = string.match(flat[i + 1], '^(%d+) (%d+) ')
    if till and now > tonumber(till) + LINGER then
      redis.call('HDEL', recent, flat[i])
    elseif till then
      left[#left + 1] = { tonumber(began), flat[i] }
    end
  end
  table.sort(left, function(a, b) return a[1] < b[1] end)
  for i = 1, #left - MOST do redis.call('HDEL', recent, left[i][2]) end
end

local function expect(recent, key, window, cause, types, since)
  local field = 'echo ' .. key
  if window == 0 then return redis.call('HDEL', recent, field) end
  redis.call('HSET', recent, field, table.concat({ since, ms(now + window), types, cause }, ' '))
  if redis.call('HLEN', recent) > MOST then prune(recent) end
  if redis.call('PTTL', recent) < window + LINGER then redis.call('PEXPIRE', recent, window + LINGER) end
end

local function settle(w)
  if w.to == 'expect' then
    expect(w.event, w.lane, w.wait, w.detail, w.fields[1], w.hold and '0' or at)
    return 1
  end
  local source, status, fence, home = unpack(redis.call('HMGET', w.event, 'source', 'status', 'fence', 'home'))
  -- Nobody waits behind it in a lane of its own.
  w.home, w.hold = home, w.hold and not home
  if fence ~= w.token then return 0 end
  -- The token of an event that was buried, or was given back, is still its last: only a running one has a holder.
  if status ~= 'running' then return status == w.to and 2 or 0 end
  if w.to == 'step' then
    local new = redis.call('HSET', w.event, unpack(w.fields))
    if w.wait > 0 and new > 0 then begin(w.lane, w.event, w.wait, tonumber(w.detail)) end
    redis.call('ZADD', ready(source), 'XX', now + lease, w.lane)
    return 1
  end
  if not move(w.event, source, status, w.to, now, w.fields) then return 0 end
  redis.call('HSET', w.event, 'crashes', '0')
  note_attempt(w.event, w.to, w.token, now, w.detail)
  if not IN_FLIGHT[w.to] and w.detail ~= '' then count(source, 'ended.' .. w.to .. '.' .. w.detail, 1) end
  if not w.uses_attempt then redis.call('HINCRBY', w.event, 'attempt', -1) end
  if w.to == 'paused' then pause(w, source) elseif IN_FLIGHT[w.to] then reschedule(w, source) else finish(w, source) end
  return 1
end

local results, a = {}, 9
while ARGV[a] do
  local n, fields = tonumber(ARGV[a + 8]), {}
  for i = 1, n do fields[i] = ARGV[a + 8 + i] end
  for i = 2, n, 2 do if string.sub(fields[i], 1, 5) == '@now ' then fields[i] = at .. string.sub(fields[i], 5) end end
  results[#results + 1] = settle({ to = ARGV[a], event = ARGV[a + 1], lane = ARGV[a + 2], token = ARGV[a + 3],
    wait = tonumber(ARGV[a + 4]), detail = ARGV[a + 5], uses_attempt = ARGV[a + 6] == '1', hold = ARGV[a + 7] == '1',
    fields = fields })
  a = a + 9 + n
end
return results
