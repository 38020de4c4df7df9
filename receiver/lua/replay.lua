#!lua
-- Start events again: back into their lane, with attempts counted anew and the ledger kept.
-- Atomic because an event between "no longer dead" and "in a lane" would be in neither after a crash.
--
-- KEYS  1-5 shared · 6 rq queue · 7 rq queues · 8 rq job
-- ARGV  1 moves · 2 wake channel · 3 job id · 4 n, n job fields · then per event: event key, body key
-- Returns per event: 1 replayed · 0 not in a state to be replayed, or gone
local shift, a = shift_arguments()
local now, results, woken = now_ms(), {}, false

while ARGV[a] do
  local started = start_again(ARGV[a], ARGV[a + 1], now)
  results[#results + 1] = started and 1 or 0
  woken = woken or started
  a = a + 2
end
if woken then wake(shift) end
return results
