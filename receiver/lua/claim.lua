#!lua flags=allow-oom
-- Claim due lanes: lease, fencing token and attempt. Sources take turns, so that a flood of one does not delay the others.
-- Atomic because no two workers may hold a lane, and a crash between claim and count would never be counted.
--
-- KEYS  1-5 shared · 6 fence · 7 shifts · 8 unreadable · 9 paused
-- ARGV  1 moves · 2 limit · 3 lease (ms) · 4 claims without a report before an event is dead · 5 shift id
--       · 6 event, 7 body, 8 lane, 9 applied key prefixes · 10 sources that hold a lane behind a dead letter (" a b ")
--       · 11 recent key prefix
-- Returns { now, due of the next lane ('' none), { event key, version, status of what was left to a newer orderhook, … },
--         claim, claim, … }, claim = { lane, event key, token, body or false, runs of the order, since when, field, value, … }
local FENCE, SHIFTS, UNREADABLE = KEYS[6], KEYS[7], KEYS[8]
-- After how long a lane is looked at again whose head we cannot read, and how long it is remembered; milliseconds.
local LOOK_AGAIN, REMEMBER = 1000, 60000
-- How far before and behind a write of ours its echo may have occurred by the sender's clock, in milliseconds: a call's
-- time, and as far as clocks differ. What occurred later is somebody else's, though the write's own echo may never come.
local EARLY, LATE = 10000, 30000
-- After how long an event is looked at again that may be of an order which we are creating, in milliseconds.
local ANSWERED = 100
local limit, lease, max_crashes, shift_id = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4]), ARGV[5]
local now = now_ms()
local claims, unreadable = {}, {}
-- Lanes that some worker has left to a newer orderhook: that may be us.
local awaiting = redis.call('ZRANGE', UNREADABLE, 0, limit - 1)

local function swap(key, from, to) return to .. string.sub(key, #from + 1) end

local function bury(lane, event, source, from, token)
  local aside = redis.call('HEXISTS', event, 'home') == 1
  move(event, source, from, 'dead', now, { 'reason', 'poison_crash', 'closed', ms(now),
    'error', max_crashes .. ' workers in a row died while they held this event' })
  note_attempt(event, 'dead', token, now, 'poison_crash')
  count(source, 'ended.dead.poison_crash', 1)
  if not aside and string.find(ARGV[10], ' ' .. source .. ' ', 1, true) then
    redis.call('ZADD', ready(source), '+inf', lane)
  else
    advance(lane, event, source, now)
  end
end

local function is_stale(lane, occurred)
  local newest = occurred and redis.call('GET', swap(lane, ARGV[8], ARGV[9]))
  return newest and tonumber(occurred) < tonumber(newest)
end

-- Go on with a paused event whose time is over; return whether it was.
local function time_is_over(lane, event, source)
  local due, attempt = unpack(redis.call('HMGET', event, 'due', 'attempt'))
  due = tonumber(due or '')
  if due and due <= now then
    unpause(event, source, attempt, KEYS[9], now)
    return true
  end
  redis.call('ZADD', ready(source), due and ms(due) or '+inf', lane)
  return false
end

-- Leave an event to a newer orderhook: no attempt, no crash, and its lane waits, for order is promised.
local function leave(lane, event, source, version, status)
  redis.call('ZADD', ready(source), now + LOOK_AGAIN, lane)
  redis.call('ZADD', UNREADABLE, now, lane)
  for _, fact in ipairs({ event, version or '', status }) do unreadable[#unreadable + 1] = fact end
end

-- Make a lane due that was left, if we can read its head: otherwise older workers, who look at it, too, might keep it away.
local function take_over(lane)
  local event = redis.call('LINDEX', lane, 0)
  local version, source, status = unpack(event and redis.call('HMGET', event, 'v', 'source', 'status') or {})
  if status and not known(version, status) then return end
  redis.call('ZREM', UNREADABLE, lane)
  if source then redis.call('ZADD', ready(source), 'XX', now, lane) end
end

local function runs_in(remembered)
  local runs, since = '0', '0'
  for i = 1, #remembered, 2 do
    if remembered[i] == 'runs' then runs = remembered[i + 1] elseif remembered[i] == 'since' then since = remembered[i + 1] end
  end
  return runs, since
end

-- Whether an event may be of an order that we are creating at this moment, and whose id nobody knows yet.
local creating = {}
local function is_being_made(event, source)
  creating[source] = creating[source] or redis.call('HGETALL', ARGV[11] .. source .. ':~creating')
  if #creating[source] == 0 then return false end
  local kind, accepted = unpack(redis.call('HMGET', event, 'type', 'accepted'))
  for i = 2, #creating[source], 2 do
    local at, till, types = string.match(creating[source][i], '^(%d+) (%d+) (%S+) ')
    if tonumber(at) <= tonumber(accepted) and now <= tonumber(till) and string.find(',' .. types .. ',', ',' .. kind .. ',', 1, true) then
      return true
    end
  end
  return false
end

-- Of an event that nobody has begun: the write of ours that it is the echo of, and how deep that is in a chain. Each write
-- has one echo of a type, so that another event of that type is somebody else's. The oldest write that waits for it has it.
local function take_echo(event, source, recent, remembered)
  local kind, accepted, spooled, said = unpack(redis.call('HMGET', event, 'type', 'accepted', 'spooled', 'occurred'))
  local came, first, found = math.min(tonumber(accepted), tonumber(spooled) or math.huge), math.huge, nil
  local occurred = tonumber(said or '')
  for i = 1, #remembered, 2 do
    local at, till, types, rest = string.match(remembered[i + 1], '^(%d+) (%d+) (%S+) (.*)$')
    -- Of an order that we made, whose write has no time here, the event is ours whenever it occurred.
    local near = at and (at == '0' or not occurred or (at - EARLY <= occurred and occurred <= at + LATE))
    if near and tonumber(at) <= came and came <= tonumber(till) and tonumber(at) < first then
      local begin, last = string.find(',' .. types .. ',', ',' .. kind .. ',', 1, true)
      if begin then
        first, found = tonumber(at), { field = remembered[i], at = at, till = till, rest = rest }
        found.types = string.sub(types, 1, math.max(0, begin - 2)) .. string.sub(types, last - 1)
      end
    end
  end
  if not found then return end
  local types = string.gsub(found.types, '^,', '')
  if types == '' then
    redis.call('HDEL', recent, found.field)
  else
    redis.call('HSET', recent, found.field, table.concat({ found.at, found.till, types, found.rest }, ' '))
  end
  local depth, cause = string.match(found.rest, '^(%d+) (.*)$')
  redis.call('HSET', event, 'echo', cause, 'depth', depth)
  count(source, 'echo', 1)
end

local function claim(lane, source)
  local event = redis.call('LINDEX', lane, 0)
  if not event then return redis.call('ZREM', ready(source), lane) end
  local version, status, crashes, fence, occurred =
    unpack(redis.call('HMGET', event, 'v', 'status', 'crashes', 'fence', 'occurred'))
  if status and not known(version, status) then return leave(lane, event, source, version, status) end
  if #awaiting > 0 then redis.call('ZREM', UNREADABLE, lane) end
  if status == 'dead' then return redis.call('ZADD', ready(source), '+inf', lane) end
  if status == 'paused' then
    if not time_is_over(lane, event, source) then return end
    status = 'pending'
  end
  if not status or not legal(status, 'running') then return advance(lane, event, source, now) end
  if status == 'running' and tonumber(crashes) >= max_crashes then return bury(lane, event, source, status, fence) end
  if status == 'running' then note_attempt(event, 'crashed', fence, now, 'lease ran out') end
  if not fence and is_being_made(event, source) then return redis.call('ZADD', ready(source), now + ANSWERED, lane) end
  local recent = swap(lane, ARGV[8], ARGV[11])
  local remembered = redis.call('HGETALL', recent)
  if not fence and #remembered > 0 then take_echo(event, source, recent, remembered) end
  local runs, since = runs_in(remembered)
  local token = ms(redis.call('INCR', FENCE))
  local attempt = redis.call('HINCRBY', event, 'attempt', 1)
  redis.call('HINCRBY', event, 'crashes', 1)
  move(event, source, status, 'running', now, { 'fence', token, 'stale', is_stale(lane, occurred) and '1' or '',
    'attempt:' .. attempt, 'running ' .. token .. ' ' .. ms(now) })
  redis.call('ZADD', ready(source), now + lease, lane)
  claims[#claims + 1] = { lane, event, token, redis.call('GET', swap(event, ARGV[6], ARGV[7])), runs, since,
    unpack(redis.call('HGETALL', event)) }
end

for _, lane in ipairs(awaiting) do take_over(lane) end

-- The due lanes of every source that has some, longest due first.
local turns, sources = {}, redis.call('SMEMBERS', SOURCES)
table.sort(sources)
for _, source in ipairs(sources) do
  local lanes = redis.call('ZRANGEBYSCORE', ready(source), '-inf', now, 'LIMIT', 0, limit)
  if #lanes > 0 then turns[#turns + 1] = { source = source, lanes = lanes } end
end
local function claim_in_turns(first)
  for round = 1, limit do
    local left = false
    for i = 1, #turns do
      if #claims == limit then return end
      local turn = turns[(first + i) % #turns + 1]
      if turn.lanes[round] then
        claim(turn.lanes[round], turn.source)
        left = true
      end
    end
    if not left then return end
  end
end

-- Not always from the same source: a worker with little room would never come to the others.
if #turns > 0 then claim_in_turns((redis.call('GET', FENCE) or 0) % #turns) end
redis.call('ZADD', SHIFTS, now + lease, shift_id)
if #unreadable > 0 then
  redis.call('ZREMRANGEBYSCORE', UNREADABLE, '-inf', now - REMEMBER)
  redis.call('PEXPIRE', UNREADABLE, REMEMBER)
end

local next
for _, source in ipairs(sources) do
  local due = redis.call('ZRANGEBYSCORE', ready(source), '-inf', '(+inf', 'WITHSCORES', 'LIMIT', 0, 1)[2]
  if due and (not next or tonumber(due) < tonumber(next)) then next = due end
end
return { ms(now), next or '', unreadable, unpack(claims) }
