#!lua flags=allow-oom
-- Tell the budget of an order API what its calls met: successes, failures, 429s, refused tokens, advertised limits.
-- Atomic because the circuit opens once, on what all workers saw together, and a pause must hold for all at once.
--
-- KEYS  1-5 shared · 6 budget of the API
-- ARGV  1 moves · 2 calls that the API answered · 3 calls that failed by its fault · 4 of the last of them, in words
--       · 5 429s · 6 the wait they asked for (ms; '' none) · 7 refused tokens · 8 what the probe showed (up | down | '')
--       · 9 limit, 10 remaining, 11 ms to the reset of its window ('' not said) · 12 a chance in [0, 1)
--       · 13 calls per second by the settings (0 none) · 14 ms between tries while the circuit is open
--       · 15 channel · 16 name of the API
-- Returns what has changed for everybody: opened | closed | limited | ''
local BUDGET, answered, failed = KEYS[6], tonumber(ARGV[2]), tonumber(ARGV[3])
local OWN, CHANCE = tonumber(ARGV[13]), tonumber(ARGV[12])
local MINUTE, HOUR, DAY = 60000, 3600000, 86400000
local WATCHED, LEAST = 30, 20 -- seconds, and calls in them, before the circuit opens
local time = redis.call('TIME')
local now = time[1] * 1000 + time[2] / 1000
local was, changed, news = {}, {}, ''

local function get(field, default) return tonumber(changed[field] or was[field]) or default end
local function put(field, number) changed[field] = string.format('%.3f', number) end
local function drop(...)
  for _, field in ipairs({ ... }) do was[field], changed[field] = nil, nil end
  redis.call('HDEL', BUDGET, ...)
end

local flat = redis.call('HGETALL', BUDGET)
for i = 1, #flat, 2 do was[flat[i]] = flat[i + 1] end

-- The last half minute, one entry a second: `second:answered:failed`, the oldest first.
local second, seen = math.floor(now / 1000), {}
for s, a, f in string.gmatch(was.seen or '', '(%d+):(%d+):(%d+)') do
  if tonumber(s) > second - WATCHED then seen[#seen + 1] = { tonumber(s), tonumber(a), tonumber(f) } end
end
if answered + failed > 0 then
  local last = seen[#seen]
  if not last or last[1] < second then seen[#seen + 1] = { second, 0, 0 } end
  last = seen[#seen]
  last[2], last[3] = last[2] + answered, last[3] + failed
end

local function open(why, what)
  if was.open == why then return end
  changed.open, changed.what = why, what
  put('opened', now)
  put('probe', now + (why == 'unauthorized' and 3 or 1) * tonumber(ARGV[14]))
  put('waits', 0)
  was.open, news = why, 'opened'
end

local function close()
  drop('open', 'what', 'opened', 'probe', 'waits')
  put('closed', now)
  seen, news = {}, 'closed'
end

-- The most calls per second that were answered over three seconds of the last ten.
local function best()
  local most = 0
  for i = 1, #seen do
    local sum, j = 0, i
    while seen[j] and seen[j][1] < seen[i][1] + 3 do sum, j = sum + seen[j][2], j + 1 end
    if seen[i][1] > second - 10 then most = math.max(most, sum / 3) end
  end
  return most
end

-- A 429 without a word about windows: the rate is a little under what went well, and never falls by much at once.
local function learn()
  local had = get('rate', 0)
  if had == 0 or (OWN > 0 and OWN < had) then had = OWN end
  local rate = 0.95 * best()
  if had > 0 then rate = math.min(0.95 * had, math.max(rate, 0.7 * had)) end
  put('rate', math.max(rate, 0.5))
  put('steep', had == 0 and 1 or 0)
  put('grown', now)
  put('bound', now)
end

local function pause()
  local before = get('paused', 0)
  local fresh = before <= now
  local strikes = get('strikes', 0) + (fresh and 1 or 0)
  local wait = tonumber(ARGV[6]) or math.min(MINUTE, 1000 * 2 ^ math.min(strikes - 1, 6))
  wait = math.min(math.max(wait, 100), HOUR)
  put('strikes', strikes)
  put('refusals', (fresh and 0 or get('refusals', 0)) + tonumber(ARGV[5]))
  if now + wait > before then put('paused', now + wait * (1 + 0.1 * CHANCE)) end
  if get('reset', 0) > 0 then return end -- the window that it advertises says more
  local known = OWN > 0 or get('rate', 0) > 0
  -- One 429 is a moment's matter; a burst of them, or the next one right behind a pause, is a rate.
  if fresh and (known or now < before + 10000) or not known and get('refusals') >= 10 then
    learn()
  elseif get('steep', 0) == 1 then -- other workers tell of the same burst: what went well is more than was known
    put('rate', math.max(get('rate', 0), 0.95 * best()))
  end
  if not fresh then return end
  put('tokens', 0)
  put('at', get('paused'))
end

-- X-RateLimit-*: the count of one window only falls; a window that ends later is the next one.
local function advertised(limit, remaining, wait)
  local reset, known = now + wait, get('reset', 0)
  if wait <= 0 then return end
  if known == 0 or known <= now or reset > known + 1500 then
    if known == 0 then news = news == '' and 'limited' or news end
    put('limit', limit)
    put('left', remaining)
    put('reset', reset)
    put('span', math.max(wait, known > 0 and get('span', 0) or 0))
    put('asking', 0)
  elseif reset >= known - 1500 then
    put('left', math.min(get('left', 0), remaining))
  elseif remaining == 0 then -- another, shorter window
    put('paused', math.max(get('paused', 0), reset))
  end
end

if ARGV[9] ~= '' then
  advertised(tonumber(ARGV[9]), tonumber(ARGV[10]), tonumber(ARGV[11]))
elseif answered > 0 and get('reset', now) < now then
  drop('limit', 'left', 'reset', 'span', 'asking') -- it does not say any more
end
if was.open and ARGV[8] == 'up' then close() end
if tonumber(ARGV[7]) > 0 then open('unauthorized', 'the API refuses the token') end
if tonumber(ARGV[5]) > 0 then
  if get('paused', 0) <= now and news == '' then news = 'limited' end
  pause()
elseif answered > 0 and get('paused', 0) <= now then
  put('strikes', 0)
end
local all, bad = 0, 0
for _, entry in ipairs(seen) do all, bad = all + entry[2] + entry[3], bad + entry[3] end
if not was.open and all >= LEAST and 2 * bad >= all then
  open('circuit_open', bad .. ' of ' .. all .. ' calls in ' .. WATCHED .. ' s failed; the last: ' .. ARGV[4])
end

local text = {}
for i, entry in ipairs(seen) do text[i] = table.concat(entry, ':') end
changed.seen = table.concat(text, ' ')
local fields = {}
for field, value in pairs(changed) do fields[#fields + 1] = field fields[#fields + 1] = value end
redis.call('HSET', BUDGET, unpack(fields))
redis.call('PEXPIRE', BUDGET, DAY)
if news ~= '' then redis.call('PUBLISH', ARGV[15], ARGV[16]) end
return news
