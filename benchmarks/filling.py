"""
Many recorded events in a Redis, written straight into it: records, time lines, indexes and counters as they would be.

Bodies are left out: no list reads one.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass

import redis

from receiver import keys

SOURCES = ("billing", "installer", "shop", "warehouse")
TYPES = ("order.created", "order.updated", "order.dispatched", "order.completed", "order.cancelled")
#: Over so many days.
DAYS = 30
_BATCH = 5_000

#: One batch: records, and their places in the indexes. It spells no key of its own.
_FILL = """
local first, last, total = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local now, span = tonumber(ARGV[4]), tonumber(ARGV[5])
local sources, types, counted = cjson.decode(ARGV[6]), cjson.decode(ARGV[7]), {}
for n = first, last do
  local s = n % #sources + 1
  local source, event = sources[s], string.format('%sevt-%07d', KEYS[3 + s], n)
  local at = string.format('%.0f', now - span + math.floor(span * n / total))
  local subject = 'order-' .. math.floor(n / 3)
  local status, reason = 'succeeded', ''
  if n % 200 == 7 then status, reason = 'dead', 'attempts_exhausted'
  elseif n % 400 == 11 then status = 'pending'
  elseif n % 50 == 3 then status, reason = 'ignored', n % 100000 == 50003 and 'order_gone' or 'no_workflow' end
  redis.call('HSET', event, 'v', 1, 'status', status, 'source', source, 'type', types[n % #types + 1],
    'subject', subject, 'digest', '0123456789abcdef0123456789abcdef', 'verdict', 'hmac:0', 'accepted', at,
    'lane', 'l', 'bytes', 1400, 'attempt', 1, 'reason', reason,
    'attempt:1', status .. ' 1 ' .. at .. ' ' .. at .. ' ' .. reason)
  redis.call('ZADD', KEYS[3 + #sources + s], at, event)
  if status == 'dead' then redis.call('ZADD', KEYS[2], at, event) end
  if status == 'pending' then redis.call('ZADD', KEYS[3], at, event) end
  for _, what in ipairs({ 'accepted', status }) do
    local name = source .. ':' .. what
    counted[name] = (counted[name] or 0) + 1
  end
end
for name, number in pairs(counted) do redis.call('HINCRBY', KEYS[1], name, number) end
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """What is there: event number *n* has the id `event_id(n)`."""

    events: int

    @staticmethod
    def event_id(number: int) -> str:
        return f"evt-{number:07d}"


def fill(client: "redis.Redis", events: int) -> Iterator[int]:
    """Fill an empty Redis; yield how many are there."""
    seconds, _ = client.time()
    script = client.register_script(_FILL)
    names = [keys.counts(), keys.dead(), keys.open_events()]
    names += [keys.event(source, "") for source in SOURCES] + [keys.timeline(source) for source in SOURCES]
    client.sadd(keys.sources(), *SOURCES)
    for first in range(0, events, _BATCH):
        last = min(first + _BATCH, events) - 1
        span = DAYS * 86_400_000
        script(
            names, [first, last, events, int(seconds) * 1000, span, json.dumps(SOURCES), json.dumps(TYPES)]
        )
        yield last + 1
