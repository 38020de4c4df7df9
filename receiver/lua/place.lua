#!lua flags=allow-oom
-- Take one of a target's places for a call, or a moment to come again: a slow target holds few events at a time.
-- Atomic because all workers share the places: two that look at once must not both take the last one.
--
-- KEYS  1-5 shared · 6 target · 7 calls under way to it
-- ARGV  1 moves · 2 places · 3 ms after which a place is free by itself · 4 id of the call · 5 digest of the address
--       · 6 1 for an event that has waited for its moment before · 7 a chance in [0, 1)
-- Returns { go, '0' } | { busy, ms until the moment of this event } | { disabled, since when, why }
local TARGET, CALLS, PLACES = KEYS[6], KEYS[7], tonumber(ARGV[2])
local LONGEST, DAY = 30000, 86400000
local now = now_ms()
local disabled, address, why, took, line =
  unpack(redis.call('HMGET', TARGET, 'disabled', 'address', 'why', 'took', 'next'))
if disabled and address == ARGV[5] then return { 'disabled', disabled, why or '' } end

redis.call('ZREMRANGEBYSCORE', CALLS, '-inf', now)
local busy = redis.call('ZCARD', CALLS)
-- How far apart those who wait come back: as fast as calls have ended of late.
local spacing = math.max(20, tonumber(took or 100) / PLACES)
line = tonumber(line or 0)
-- Who comes now goes behind those who wait, unless there is nobody at all: a target that got quick again is used.
if busy < PLACES and (ARGV[6] == '1' or busy == 0 or line - spacing <= now) then
  redis.call('ZADD', CALLS, now + tonumber(ARGV[3]), ARGV[4])
  redis.call('PEXPIRE', CALLS, tonumber(ARGV[3]))
  return { 'go', '0' }
end
local moment = math.max(line, now + spacing)
if moment > now + LONGEST then -- never far away: it may get quick, or be broken, long before
  return { 'busy', ms(LONGEST * (1 + tonumber(ARGV[7])) / 2) }
end
redis.call('HSET', TARGET, 'next', ms(moment + spacing))
if not disabled then redis.call('PEXPIRE', TARGET, DAY) end
return { 'busy', ms(moment - now) }
