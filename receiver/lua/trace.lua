#!lua
-- Keep traces of deliveries that made no event, and the bodies of some.
-- Atomic because a body is found by the id that its trace was given here, and another receiver's trace must not take it.
--
-- KEYS  1-5 shared · 6 index of the streams · then per trace: its stream, stream of the source's rejected bodies
-- ARGV  1 moves · 2 most traces in a stream · 3 most bodies in a stream · 4 how long they are kept (ms) · then per trace:
--       the trace (JSON), body ('' none is kept)
-- Returns how many were kept
local now, index = now_ms(), KEYS[6]
local most, most_bodies, keep_ms = ARGV[2], ARGV[3], tonumber(ARGV[4])
local oldest = ms(now - keep_ms)
local touched, kept = {}, 0

local function keep(stream, body_stream, trace, body)
  local id = redis.call('XADD', stream, 'MAXLEN', '~', most, '*', 'trace', trace)
  touched[stream] = true
  if body ~= '' then
    redis.call('XADD', body_stream, 'MAXLEN', '~', most_bodies, id, 'body', body)
    touched[body_stream] = true
  end
  redis.call('ZADD', index, now, stream)
  kept = kept + 1
end

for k = 7, #KEYS, 2 do
  local a = k - 2
  keep(KEYS[k], KEYS[k + 1], ARGV[a], ARGV[a + 1])
end
for stream in pairs(touched) do
  redis.call('XTRIM', stream, 'MINID', '=', oldest)
  redis.call('PEXPIRE', stream, keep_ms)
end
redis.call('ZREMRANGEBYSCORE', index, '-inf', oldest)
redis.call('PEXPIRE', index, keep_ms)
return kept
