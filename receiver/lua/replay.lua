#!lua
-- Start events again: back into their lane, with attempts counted anew and the ledger kept; count them in the replay.
-- Atomic because an event between "no longer dead" and "in a lane" would be in neither after a crash, and one that is
-- not counted with its move would be counted never, or twice.
--
-- KEYS  1-5 shared · 6 rq queue · 7 rq queues · 8 rq job · 9 record of the replay, where it is on record
-- ARGV  1 moves · 2 wake channel · 3 job id · 4 n, n job fields · then, where it is on record: its id, its holder, and
--       before when an event must have died and be dead since ('' where events are named, dead or not) · then per event:
--       event key, body key
-- Returns per event: 1 replayed · 0 not in a state to be replayed, or not meant, or gone
--       | { state } of the replay, where it is not running any more, or `taken` by another holder: nothing was done
local shift, a = shift_arguments()
local now, results, moved = now_ms(), {}, 0
local replay, id, before = KEYS[9], nil, nil

if replay then
  local state, holder = unpack(redis.call('HMGET', replay, 'state', 'holder'))
  if state ~= 'running' then return { state or 'gone' } end
  if holder ~= ARGV[a + 1] then return { 'taken' } end
  id, before, a = ARGV[a], tonumber(ARGV[a + 2]), a + 3
end

-- Another replay may have started it since its key was read, and it may have been done by now, or have died anew.
local function meant(event)
  local died = before and redis.call('ZSCORE', DEAD, event)
  return not before or died and tonumber(died) < before
end

while ARGV[a] do
  local started = meant(ARGV[a]) and start_again(ARGV[a], ARGV[a + 1], now)
  if started and id then redis.call('HSET', ARGV[a], 'replay', id) end
  results[#results + 1] = started and 1 or 0
  moved = moved + (started and 1 or 0)
  a = a + 2
end
if replay then
  redis.call('HSET', replay, 'seen', ms(now))
  redis.call('HINCRBY', replay, 'moved', moved)
  redis.call('HINCRBY', replay, 'handled', #results)
end
if moved > 0 then wake(shift) end
return results
