#!lua flags=allow-oom
-- Look up a token of the console's REST API, and count its call; one that is not valid counts for the caller's address.
-- Atomic because console processes share the count: two calls must never both be the last one that is let through, and
-- a count without an expiry would shut its caller out for ever.
--
-- KEYS  1-5 shared · 6 record of the token · 7 calls of the token · 8 calls of the address
-- ARGV  1 moves · 2 length of the window (ms) · 3 how often the last use is noted (ms)
-- Returns { name ('' where the token is not valid), scope, calls in the window, when the window ends (ms) }
local name, scope, expires, used = unpack(redis.call('HMGET', KEYS[6], 'name', 'scope', 'expires', 'used'))
local now = now_ms()
local valid = name and scope and (not expires or tonumber(expires) > now)
local window = valid and KEYS[7] or KEYS[8]

local calls = redis.call('INCR', window)
if calls == 1 then redis.call('PEXPIRE', window, ARGV[2]) end
local ends = now + redis.call('PTTL', window)
if not valid then return { '', '', calls, ends } end

if now - tonumber(used or 0) >= tonumber(ARGV[3]) then redis.call('HSET', KEYS[6], 'used', ms(now)) end
return { name, scope, calls, ends }
