#!lua flags=allow-oom
-- Give a place back, and tell how long the call took; or that the target wants no message any more.
-- Atomic because all workers learn one mean from each other's calls, and a disabled target must not expire.
--
-- KEYS  1-5 shared · 6 target · 7 calls under way to it
-- ARGV  1 moves · 2 id of the call · 3 ms that it took ('' none was made) · 4 digest of the address that is disabled by
--       its answer ('' it is not) · 5 why, in words
-- Returns 1 if the target is disabled by this, else 0
local TARGET, CALLS, DAY = KEYS[6], KEYS[7], 86400000
redis.call('ZREM', CALLS, ARGV[2])
if ARGV[3] ~= '' then
  local mean = tonumber(redis.call('HGET', TARGET, 'took') or ARGV[3])
  redis.call('HSET', TARGET, 'took', ms(mean + 0.2 * (tonumber(ARGV[3]) - mean)))
end
local disables = ARGV[4] ~= '' and redis.call('HGET', TARGET, 'address') ~= ARGV[4]
if disables then
  redis.call('HSET', TARGET, 'disabled', ms(now_ms()), 'address', ARGV[4], 'why', ARGV[5])
  redis.call('PERSIST', TARGET)
elseif redis.call('HEXISTS', TARGET, 'disabled') == 0 then
  redis.call('PEXPIRE', TARGET, DAY)
end
return disables and 1 or 0
