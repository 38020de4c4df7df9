#!lua flags=allow-oom
-- Move a replay from one state to another, unless somebody else did meanwhile.
-- Atomic because a replay that is cancelled while its command ends must not become done, nor the reverse.
--
-- KEYS  1-5 shared · 6 record of the replay
-- ARGV  1 moves of events · 2 states that it may be in (" running paused ") · 3 state to move to
--       · 4 holder that it must have ('' any) · 5 how long it is kept (ms) · then field, value, …
-- Returns { 1 moved or 0, state before ('' where there is no such replay) }
local replay = KEYS[6]
local state, holder = unpack(redis.call('HMGET', replay, 'state', 'holder'))
if not state or not string.find(ARGV[2], ' ' .. state .. ' ', 1, true) then return { 0, state or '' } end
if ARGV[4] ~= '' and ARGV[4] ~= holder then return { 0, 'taken' } end
redis.call('HSET', replay, 'state', ARGV[3], 'seen', ms(now_ms()), unpack(ARGV, 6))
redis.call('PEXPIRE', replay, ARGV[5])
return { 1, state }
