#!lua
-- Settle a step whose outcome is unknown, as a person says it was, and start its event again.
-- Atomic because what the person saw must still hold: a step that is settled twice, or while a worker has it, would
-- be skipped or repeated against somebody's word.
--
-- KEYS  1-5 shared · 6 rq queue · 7 rq queues · 8 rq job
-- ARGV  1 moves · 2 wake channel · 3 job id · 4 n, n job fields · then: event key, body key, step (run.index),
--       done | repeat, by whom and why, what the ledger keeps of a step that is done, start again (1|0)
-- Returns { resolved, state of the step before, started again (1|0) }
--       | { status, the event's } where it is no dead letter, '' where it is gone
--       | { state, the step's } where its outcome is not unknown, '' where it was never begun
local shift, a = shift_arguments()
local event, body, step, ruling, why, detail, again = unpack(ARGV, a)
local now = now_ms()
local UNSETTLED = { intent = true, unknown = true }

local version, status, fence, entry = unpack(redis.call('HMGET', event, 'v', 'status', 'fence', 'step:' .. step))
if status ~= 'dead' or not known(version, status) then return { 'status', status or '' } end
local state = string.match(entry or '', '^%d+ (%S+)') or ''
if not UNSETTLED[state] then return { 'state', state } end

if ruling == 'done' then
  redis.call('HSET', event, 'step:' .. step, table.concat({ ms(now), 'done', fence or '0', detail }, ' '))
else
  redis.call('HDEL', event, 'step:' .. step)
end
local number = redis.call('HINCRBY', event, 'resolutions', 1)
redis.call('HSET', event, 'resolved:' .. number, table.concat({ ms(now), step, ruling, state, why }, ' '))
local started = again == '1' and start_again(event, body, now)
if started then wake(shift) end
return { 'resolved', state, started and 1 or 0 }
