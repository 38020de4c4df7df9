#!lua flags=allow-oom
-- Ask the budget of an order API for calls: go, go in a moment, or come again at a time of one's own.
-- Atomic because all workers draw on one budget: no token may be given twice, and no two of those who wait one moment.
--
-- KEYS  1-5 shared · 6 budget of the API
-- ARGV  1 moves · 2 calls per second by the settings (0 none) · 3 burst · 4 longest wait, in ms, of an event that begins
--       and 5 of one that has begun · 6 ms between tries while the circuit is open · then per call: source, class (live
--       | replay | import), standing: new, back (it has waited for its moment) or begun (an event that has made calls in this
--       attempt: it goes first, so that it gets done), calls that it has made
-- Returns { free (1: nothing limits this API, do not ask for a while), per call { answer, ms } }, answer = go (in so many
--         ms) | probe (go: the one call that shows whether a broken API is back) | why not (come again in so many ms)
local BUDGET, OWN, BURST = KEYS[6], tonumber(ARGV[2]), tonumber(ARGV[3])
local LONGEST = { new = tonumber(ARGV[4]), back = tonumber(ARGV[4]), begun = tonumber(ARGV[5]) }
local PROBE_EVERY = { circuit_open = tonumber(ARGV[6]), unauthorized = 3 * tonumber(ARGV[6]) }
local HOUR, DAY = 3600000, 86400000
local time = redis.call('TIME')
local now = time[1] * 1000 + time[2] / 1000
local was, changed, answers = {}, {}, {}

local function get(field, default) return tonumber(changed[field] or was[field]) or default end
local function put(field, number) changed[field] = string.format('%.3f', number) end

local flat = redis.call('HGETALL', BUDGET)
for i = 1, #flat, 2 do was[flat[i]] = flat[i + 1] end
if was.rate and now > get('bound', 0) + HOUR then -- what a busy hour taught is forgotten after an idle one
  redis.call('HDEL', BUDGET, 'rate')
  was.rate = nil
end

-- The lower of the settings' rate and the learned one; 0 is none.
local learned = get('rate', 0)
local RATE = learned > 0 and (OWN == 0 or learned < OWN) and learned or OWN
local window, limit = get('reset', 0), get('limit', 0)

-- How far apart those who wait come back: a little denser than they can be served, so that no token is left over.
-- Never far apart: a rate that is still being found, or is raised, must not find them all in a distant future.
local calls_each = math.max(1, get('calls', 0) / math.max(1, get('visits', 0)))
local steep = RATE == learned and get('steep', 0) == 1
local spacing = 10
if RATE > 0 then
  spacing = math.min(steep and 100 or 1000, 900 / RATE * calls_each)
  LONGEST.back = math.max(LONGEST.back, math.min(1000, 1000 / RATE * (calls_each + 1)))
elseif window > 0 then
  spacing = math.min(50, 0.9 * calls_each * get('span', 0) / math.max(1, limit))
end

-- A rate so low that an event cannot wait for its next call: it begins when there are tokens for all that it will make,
-- or it would make its first call again and again and come to no end.
local need = 1
if RATE > 0 and 1000 / RATE > LONGEST.begun then
  need = math.max(1, get('need', 1))
  BURST = math.max(BURST, need)
end

local tokens, idle = 0, true
if RATE > 0 then
  local filled = get('tokens', BURST) + math.max(0, now - get('at', now)) * RATE / 1000
  tokens = math.min(BURST, filled)
  if filled < BURST then put('full', 0)
  elseif get('full', 0) == 0 then put('full', now - (filled - BURST) * 1000 / RATE) end
  -- Full for a while: those who wait come later than they could, so nobody is robbed by who comes now.
  idle = get('full', 0) > 0 and now - get('full', 0) > math.max(1000, 2000 / RATE)
elseif window > now then
  idle = get('left', 0) > limit / 2
end

-- The rate holds somebody up: one that was learned is tried a little higher, as long as the API bears it.
local function bind()
  put('bound', now)
  if RATE ~= learned or RATE == 0 then return end
  if now - get('grown', 0) < (steep and 1000 or 10000) then return end
  put('grown', now)
  -- The longer nothing was refused, the faster: a rate that was learned while few worked is soon outgrown.
  local quiet = now - get('paused', 0)
  put('rate', get('rate', 0) * (steep and 1.1 or quiet > 60000 and 1.25 or quiet > 30000 and 1.1 or 1.01))
end

-- The next free moment behind those who wait already, not before `from`; who has waited before has a line of its own.
local function later(call, from, why)
  local line = (call.standing == 'new' and 'next:' or 'again:') .. call.source .. ':' .. call.class
  local moment = math.max(get(line, 0), from)
  put(line, moment + spacing)
  if call.class == 'live' then put('live', math.max(get('live', 0), moment)) end
  if call.class == 'replay' then put('replays', math.max(get('replays', 0), moment)) end
  return { why, ms(math.ceil(moment - now)) }
end

-- The circuit is open: one call may try, the others come back spread over the time behind the next try. Whoever has been
-- there before goes to the end of that time: so the crowd stays as even as it was, however often the try fails.
local function while_open(call)
  local probe, every = math.max(get('probe', 0), get('paused', 0)), PROBE_EVERY[was.open]
  if now >= probe then
    put('probe', now + every)
    put('waits', 0)
    return { 'probe', '0' }
  end
  local n, spread = get('waits', 0), 3 * PROBE_EVERY.circuit_open
  put('waits', n + 1)
  local from = call.standing == 'back' and math.max(0, spread - every) or 0
  local share = n * 0.6180339887 % 1 -- even, however many they are
  return { was.open, ms(math.ceil(probe - now + from + math.max(spread - from, 2 * n) * share)) }
end

-- What the API itself said of its window: never past its last call, and a tenth is kept for replays. Imports leave a half.
local function refused_by_window(call)
  if window == 0 then return end
  if now < window then
    local kept = call.class == 'import' and math.floor(limit / 2) or (call.class == 'live' and call.standing ~= 'begun') and math.floor(limit / 10) or 0
    if get('left', 0) > kept then return end
    return later(call, window, 'rate_limited')
  end
  if get('asking', 0) > now then return later(call, now + 50, 'rate_limited') end
  put('asking', now + 2000) -- the window is over: the answer to one call shows the next
end

local function grant(call, wait)
  if RATE > 0 then
    tokens = tokens - 1
    put('full', 0)
  end
  if window > now then put('left', get('left', 0) - 1) end
  put('calls', get('calls', 0) + 1)
  if call.standing ~= 'begun' then put('visits', get('visits', 0) + 1) end
  if call.standing ~= 'begun' and call.class == 'replay' then
    put('replay', math.max(now, get('replay', 0)) + 10 * spacing)
  end
  return { 'go', ms(math.ceil(wait)) }
end

local function decide(call)
  if was.open then return while_open(call) end
  if get('paused', 0) > now then return later(call, get('paused'), 'rate_limited') end
  local wanted = call.standing == 'begun' and 1 or need
  local wait = RATE > 0 and math.max(0, (wanted - tokens) * 1000 / RATE) or 0
  if call.standing == 'new' and not idle and get('next:' .. call.source .. ':' .. call.class, 0) - spacing > now then
    return later(call, now + wait, 'rate_limited')
  end
  -- Live traffic before replays, which have their tenth while it waits.
  if call.class == 'replay' and call.standing ~= 'begun' and get('live', 0) > now and get('replay', 0) > now then
    return later(call, get('replay'), 'rate_limited')
  end
  -- Both before imports, which have what is left.
  local before = math.max(get('live', 0), get('replays', 0))
  if call.class == 'import' and call.standing ~= 'begun' and before > now then return later(call, before, 'rate_limited') end
  if RATE > 0 and tokens < 0 then bind() end
  if wait > LONGEST[call.standing] then
    if call.standing == 'begun' then put('need', math.max(get('need', 1), math.min(20, call.made + 1))) end
    return later(call, now + wait, 'rate_limited')
  end
  return refused_by_window(call) or grant(call, wait)
end

local free = not was.open and get('paused', 0) <= now and RATE == 0 and window == 0
for a = 7, #ARGV, 4 do
  local call = { source = ARGV[a], class = ARGV[a + 1], standing = ARGV[a + 2], made = tonumber(ARGV[a + 3]) }
  answers[#answers + 1] = free and { 'go', '0' } or decide(call)
end
if not free then
  if RATE > 0 then put('tokens', tokens) put('at', math.max(now, get('at', now))) end
  if get('visits', 0) > 200 then put('visits', get('visits') / 2) put('calls', get('calls') / 2) end
  local fields = {}
  for field, value in pairs(changed) do fields[#fields + 1] = field fields[#fields + 1] = value end
  if #fields > 0 then redis.call('HSET', BUDGET, unpack(fields)) end
  redis.call('PEXPIRE', BUDGET, DAY)
end
return { free and 1 or 0, unpack(answers) }
