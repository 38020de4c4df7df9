"""
Every Redis key of orderhook, one function each; its docstring is the schema.

No other module spells a key, and the scripts receive theirs as arguments.
Members that name an event or a lane are that event's or lane's whole key, so a script that finds one can use it.
Times are milliseconds since 1970 by Redis' own clock, as decimal text.
"""

from typing import NewType

EventKey = NewType("EventKey", str)
LaneKey = NewType("LaneKey", str)

PREFIX = "orderhook:"
#: What the verdict of a synthetic event begins with, in place of a scheme.
SYNTHETIC = "synthetic:"
#: A record outlives its retention by a week, so that it is retention that removes it, and counts it.
EXPIRY_MARGIN_MS = 7 * 24 * 60 * 60 * 1000
_EVENT = f"{PREFIX}event:"
_BODY = f"{PREFIX}body:"
_LANE = f"{PREFIX}lane:"
_APPLIED = f"{PREFIX}applied:"
_TRACES = f"{PREFIX}traces:"
_RECENT = f"{PREFIX}recent:"


def event(source: str, event_id: str) -> EventKey:
    """
    `orderhook:event:{source}:{event id}`: hash, the record of an event, and by existing its dedupe key.

    * `v` schema version; `source`, `type`, `subject`, `verdict` (`scheme:index of the secret`),
      `digest` and `bytes` (length) of the body, `lane`
    * `accepted`, `closed`, `due`; `occurred` (the sender's time, where it sends one), `opened` (last replay),
      `spooled` (where it waited in a receiver's spool: when it came there, by that machine's clock)
    * `status`, `reason`, `error`, `step` (where it failed), `code` (versions that it died with),
      `stale` (`1` for an event older than the lane's last applied)
    * `echo` (`write source event-id`: the write of ours that it is the echo of, and for which event that was),
      `depth` (how many of our writes led to it, one from the other)
    * `duplicates` (deliveries but the first), `duplicate_at` (the last of them), `altered` (those with another body),
      `replays`, `replay` (id of the last, where it is on record), `discarded` (by whom and why)
    * `attempt` (claims so far), `base` (attempts before the last replay), `crashes` (claims nobody reported back from)
    * `fence`: the token of the last claim; a write with another token changes nothing
    * `attempt:{n}`: `outcome token started ended detail`
    * `plan`: JSON list of `workflow name@version`, pinned at the first attempt that matched
    * `shadow`: JSON list of what workflows in shadow mode would have done: `workflow`, and `would` (its actions) or
      `unknown` (why it could not be told); `more` counts those past the twentieth
    * `step:{run}.{index}`: the effect ledger, `at state token detail`; state is intent, done, failed or unknown
    * `pause:{run}.{index}`: a step that waits, or waited, to be resumed: `at for lane why`, for in milliseconds (0 for
      until somebody resumes it), lane is waits or goes_on; `resumed:{run}.{index}`: `at by whom and why`
    * `home`: the lane of its subject, while the event goes on in a lane of its own since it paused
    * `resolutions`: how many steps of unknown outcome a person settled; `resolved:{n}`:
      `at step ruling state-before who: why`, ruling is done or repeat

    Written by every script; read by workers and the console.
    Expires as a safety net EXPIRY_MARGIN_MS after retention should have removed it; a dead letter never expires.
    """
    return EventKey(f"{_EVENT}{source}:{event_id}")


def event_id(event_key: str) -> str:
    """Return the id in an event key; source names have no colon."""
    return event_key.removeprefix(_EVENT).partition(":")[2]


def event_source(event_key: str) -> str:
    """Return the source in an event key."""
    return event_key.removeprefix(_EVENT).partition(":")[0]


def body(event_key: str) -> str:
    """
    `orderhook:body:{source}:{event id}`: string, the delivered bytes as they were signed.

    Apart from the record, so that the record stays a small compact hash and a body can be erased alone.
    Written by accept.lua; expires with its record.
    """
    return f"{_BODY}{event_key.removeprefix(_EVENT)}"


def lane(source: str, subject: str) -> LaneKey:
    """
    `orderhook:lane:{source}:{subject}`: list of event keys, the events of one subject, first in first out.

    The head is the one being worked on. Redis drops it when it is empty.
    Written by accept.lua, claim.lua, settle.lua, replay.lua, resolve.lua, discard.lua and sweep.lua.
    """
    return LaneKey(f"{_LANE}{source}:{subject}")


def aside(lane_key: str, event_key: str) -> LaneKey:
    """
    `orderhook:lane:{source}:{subject}|aside:{event id}`: list with that event alone, a lane of its own.

    Where an event goes on that is paused, or was, while later events of its subject go on without it.
    Written by settle.lua.
    """
    return LaneKey(f"{lane_key}|aside:{event_id(event_key)}")


def applied(lane_key: str) -> str:
    """
    `orderhook:applied:{source}:{subject}`: string, the newest `occurred` among the lane's succeeded events.

    Written by settle.lua, read by claim.lua to mark late events stale; expires after the dedupe window.
    """
    return f"{_APPLIED}{lane_key.removeprefix(_LANE)}"


def recent(lane_key: str) -> str:
    """
    `orderhook:recent:{source}:{subject}`: hash, what we did about an order lately, for the guard against loops.

    * `echo {idempotency key}`: the events that a write of ours will raise, `at until types depth write source
      event-id`, the types by commas; an event of one of them is the echo if it was accepted between the two times, and
      takes its type with it. 32 at most
    * `runs` since `since`, the beginning of the window in which they are counted

    Written by settle.lua, before each write and with the first step, and by claim.lua, which reads it.
    Expires an hour after the last write's window, or with the window of the runs.
    """
    return f"{_RECENT}{lane_key.removeprefix(_LANE)}"


def creating(source: str) -> str:
    """
    `orderhook:recent:{source}:~creating`: hash, the creations of orders that are under way, as in the key above.

    Which order it will be is known from the answer only: an event of their types that came since waits in its lane for
    it. Written by settle.lua, read by claim.lua; expires like the key above.
    """
    return f"{_RECENT}{source}:~creating"


def ready(source: str) -> str:
    """
    `orderhook:ready:{source}`: sorted set, lane key by the time at which the lane is due.

    One for each source, so that claims take turns between sources.
    A claim sets the score to now + lease: the lease is the score. A lane that is held behind a dead letter has +inf.
    Every lane with events is in here. Written by every script that touches lanes; never expires.
    """
    return f"{PREFIX}ready:{source}"


def open_events() -> str:
    """
    `orderhook:open`: sorted set, event key of every event in flight by the time it was opened.

    The sweeper's and the audit's own index: kept apart from lanes so that each can prove the other. Never expires.
    """
    return f"{PREFIX}open"


def dead() -> str:
    """`orderhook:dead`: sorted set, event key of every dead letter by the time it died. Never expires."""
    return f"{PREFIX}dead"


def paused() -> str:
    """
    `orderhook:paused`: sorted set, event key of every paused event by the time it paused. Never expires.

    Written by settle.lua, claim.lua, resume.lua and discard.lua.
    """
    return f"{PREFIX}paused"


def timeline(source: str) -> str:
    """
    `orderhook:timeline:{source}`: sorted set, event key of every recorded event of the source by `accepted`.

    Written by accept.lua; entries leave with their record, by retire.lua.
    """
    return f"{PREFIX}timeline:{source}"


def replay(replay_id: str) -> str:
    """
    `orderhook:replay:{replay id}`: hash, a replay on record. Expires 90 days after its last change.

    * `state` running, paused, done or cancelled; `holder`, the process that may move events under it;
      `started`, `ended`, `seen` (last sign of life)
    * `by`, `why`; `wanted`, JSON of the filter, or `events`, JSON list of event keys; `rate`, `ahead`
    * `total` (what fitted at the start), `moved`, `handled` (moved, or found not to be replayed),
      `left` (what was dead still when it was cancelled)

    Written by `orderhook replay` and `replays`, and by replay.lua with every event that it moves.
    """
    return f"{PREFIX}replay:{replay_id}"


def replays() -> str:
    """`orderhook:replays`: sorted set, id of every replay by its start. Entries leave with their record."""
    return f"{PREFIX}replays"


def sources() -> str:
    """`orderhook:sources`: set, the name of every source that ever had an event. Never expires."""
    return f"{PREFIX}sources"


def provided() -> str:
    """
    `orderhook:provided`: hash, name of a connected shop's source to JSON of `scheme`, `secret` (sealed with
    `receiver.secrets_key`) and `terms`. Never expires; a shop that is disabled or removed has none.

    Written by the console, read by receivers.
    """
    return f"{PREFIX}provided"


def provided_version() -> str:
    """
    `orderhook:provided-version`: string, a random word, another one after each change of `provided`. Never expires.

    Read by each receiver once a second. No number: a Redis that was emptied would count up to the same one again.
    """
    return f"{PREFIX}provided-version"


def providers() -> str:
    """
    `orderhook:providers`: hash, guid of a provider of the Integrations API to its JSON, without credentials.

    Never expires. Written by the console, read by workers at the start of each shift, and by the console.
    """
    return f"{PREFIX}providers"


def provider_credentials() -> str:
    """
    `orderhook:provider-credentials`: hash, guid of a provider to its credentials for the shop's API, as JSON sealed
    with `console.credentials_key`, which no receiver has. Never expires.
    """
    return f"{PREFIX}provider-credentials"


def imported(provider: str, shop_order: str) -> str:
    """
    `orderhook:imported:{provider guid}:{shop's order id}`: string, `source order-id` of the order made of it.

    So that a second notice of it makes no other order. Written by the action import_order; expires 400 days after.
    """
    return f"{PREFIX}imported:{provider}:{shop_order}"


def shop_order(source: str, order: str) -> str:
    """
    `orderhook:shop-order:{source}:{order id}`: string, `provider-guid shop-order-id` of the order that it was made of.

    Written by the action import_order, read by push_tracking; expires 400 days after.
    """
    return f"{PREFIX}shop-order:{source}:{order}"


def shop_products(provider: str) -> str:
    """
    `orderhook:shop-products:{provider guid}`: hash, id of a product in the shop to its JSON, as last seen.

    Written by the action sync_product, deleted with its provider; at most 10 000 of a shop.
    """
    return f"{PREFIX}shop-products:{provider}"


def counts() -> str:
    """
    `orderhook:counts`: hash, `{source}:{what}` to a number. Never expires.

    `accepted` and `duplicate` only grow; `bytes` is the length of the bodies of events in flight.
    Each status counts the events that stand there now, or stood there when retention removed them (`retired.{status}`
    of them); `repaired` counts what the sweeper had to mend and must stay 0.
    `missed_webhooks` counts the synthetic events, which stand for those that never came.
    `ended.{status}.{reason}` counts ends with a reason, `echo` events that were taken for echoes; both only grow.
    """
    return f"{PREFIX}counts"


def identity() -> str:
    """
    `orderhook:identity`: string, a random name of this Redis' content, given by the first receiver. Never expires.

    accept.lua writes only where it is the one that the receiver knows: a Redis that was emptied, or another one at
    the same address, must not take up events and know nothing of those before. A replica has the primary's.
    """
    return f"{PREFIX}identity"


def fence() -> str:
    """
    `orderhook:fence`: string, the last fencing token given out, over all lanes. Never expires.

    One counter for all, so that no token is ever given twice, even to a lane that was empty in between.
    """
    return f"{PREFIX}fence"


def shifts() -> str:
    """`orderhook:shifts`: sorted set, id of every running shift by the time at which it is given up as dead."""
    return f"{PREFIX}shifts"


def unreadable() -> str:
    """
    `orderhook:unreadable`: sorted set, lane key by the time at which a worker last left its head to a newer orderhook.

    So that a worker that can read it takes it up at its next look, and `orderhook doctor` can tell.
    Written and read by claim.lua; forgets a lane, and expires, a minute after.
    """
    return f"{PREFIX}unreadable"


def guard(source: str, event_type: str, digest: str) -> str:
    """
    `orderhook:guard:{source}:{event type}:{body digest}`: string, the key of the event that this body came with.

    Claimed where the scheme signs the body alone, so that a captured delivery cannot come back under a new id.
    With the type, since a shop sends the same bytes about one order as created and as paid, and both count.
    Written by accept.lua; expires after the source's tolerance.
    """
    return f"{PREFIX}guard:{source}:{event_type}:{digest}"


def traces(source: str, outcome: str) -> str:
    """
    `orderhook:traces:{source}:{outcome}`: stream, traces of deliveries that made no event; outcome is duplicate or
    rejected, and source is `-` for deliveries to addresses of no source.

    * `trace`: JSON, the delivery as `receiver/traces.py` has it

    Each receiver process writes its own, a second's together, by trace.lua; `receiver/deliveries.py` reads. Bounded in
    number by `receiver.traces_kept`, and in time to a week; expires a week after the last.
    """
    return f"{_TRACES}{source}:{outcome}"


def traced(key: str) -> tuple[str, str]:
    """Return source and outcome of a stream of traces; source names have no colon."""
    source, _, outcome = key.removeprefix(_TRACES).partition(":")
    return source, outcome


def trace_streams() -> str:
    """
    `orderhook:trace-streams`: sorted set, key of every stream of traces by the time of its last. Expires with them.
    """
    return f"{PREFIX}trace-streams"


def rejected_bodies(source: str) -> str:
    """
    `orderhook:rejected-bodies:{source}`: stream, the first 16 KiB of rejected bodies of sources that keep them.

    * `body`, under the id of its trace

    Written by trace.lua. The last few hundred, for a week; expires a week after the last.
    """
    return f"{PREFIX}rejected-bodies:{source}"


def workflow(name: str, version: str) -> str:
    """
    `orderhook:workflow:{name}@{version}`: string, the JSON definition of a version that some event may be pinned to.

    Written by each shift at its start, and by the console with a workflow that is configured through the API;
    expires 90 days after the last shift that knew it.
    """
    return f"{PREFIX}workflow:{name}@{version}"


def configured() -> str:
    """
    `orderhook:configured`: hash, guid of each workflow that was configured through the API to its JSON. Never expires.

    * `definition`, as in a file but without `enabled`; `isActive`; `created`, `updated`; `by`, who changed it last
    * `changes`: the last twenty, each `at`, `by`, `what` (created, changed, enabled or disabled) and `version`

    Written by the console; read by each shift at its start, and by the console.
    """
    return f"{PREFIX}configured"


def budget(api: str) -> str:
    """
    `orderhook:budget:{API}`: hash, what the calls to one order API may do now, shared by all workers.

    An API is named by its address and by whose token it is: `api.example.com env:API_TOKEN`.

    * the bucket: `tokens` at the time `at`, `full` (since when), `rate` that 429s taught, in calls per second,
      `steep` (`1` while it is still being found), `grown` and `bound` (when it last grew and last held somebody up),
      `need` (tokens without which an event does not begin, where the rate is very low)
    * the window that the API advertises: `limit`, `left`, `reset`, `span` (its length), `asking` (until when one call
      is on its way to learn the next)
    * the pause that a 429 asked for: `paused` (until when), `refusals` in it, `strikes` (pauses in a row)
    * who waits: `next:{source}:{class}` and `again:{source}:{class}`, the next free moment; `live`, `replay` and
      `replays`, which put live traffic first, then replays, then imports; `calls` and `visits`, how many calls
      an event makes
    * the circuit: `open` (the reason; absent while it is closed), `what` happened, `opened`, `closed`, `probe` (when
      one call may try), `waits`; `seen`, the last half minute as `second:answered:failed`

    Written by permit.lua and outcome.lua; read by `orderhook doctor`. Expires a day after its last use.
    """
    return f"{PREFIX}budget:{api}"


def budgets() -> str:
    """
    `orderhook:budgets`: pub/sub channel; a message names an API whose calls are limited from now on, or whose circuit
    opened or closed. Without it, workers see it within a second.
    """
    return f"{PREFIX}budgets"


def renewal(api: str) -> str:
    """
    `orderhook:renewal:{API}`: string, which worker has the API's token renewed, or `failed`. Expires within seconds.

    Written and read by workers, so that a token that many calls find refused is renewed once.
    """
    return f"{PREFIX}renewal:{api}"


def target(name: str) -> str:
    """
    `orderhook:target:{name}`: hash, what all workers know of one target of outbound webhooks.

    * `took`, the mean of what its calls take, in milliseconds; `next`, the next free moment of those who wait
    * `disabled` (when it answered 410), `why` in words, `address`, a digest of the URL that answered: a target that
      has another URL now is not disabled

    Written by place.lua and leave.lua, read by `orderhook targets` and `doctor`. Expires a day after its last use,
    unless the target is disabled.
    """
    return f"{PREFIX}target:{name}"


def target_calls(name: str) -> str:
    """
    `orderhook:target-calls:{name}`: sorted set, a random id of each call under way by the time at which its place
    is free again though nobody gave it back. Expires by itself.
    """
    return f"{PREFIX}target-calls:{name}"


def push_subscriptions() -> str:
    """
    `orderhook:push-subscriptions`: hash, id of each Web Push subscription (a digest of its endpoint) to JSON:
    `endpoint`, `keys` (`p256dh`, `auth`), `name`.

    Written by the console; read by workers, which remove what a push service does not know any more. Never expires;
    bounded by `workers.push.subscriptions.MOST`.
    """
    return f"{PREFIX}push-subscriptions"


def pushed(idempotency_key: str) -> str:
    """
    `orderhook:pushed:{idempotency key}`: set, ids of the subscriptions that a step's message has been taken for.

    So that an attempt that follows one that failed in part sends to the others only. Expires after 30 days.
    """
    return f"{PREFIX}pushed:{idempotency_key}"


def token(digest: str) -> str:
    """
    `orderhook:token:{sha256 of the token}`: hash, one token of the console's REST API; the token itself is nowhere.

    * `name`, `scope` (read, operate or admin), `created`, `by`, `expires` (absent: never), `used` (last use; at most
      once a minute)

    Written by `orderhook tokens` and `/api/v1/tokens`, `used` by admit.lua. Goes when the token is revoked, or 30 days
    after it expired.
    """
    return f"{PREFIX}token:{digest}"


def tokens() -> str:
    """`orderhook:tokens`: hash, the name of every token to its digest. A name leaves when its record is gone."""
    return f"{PREFIX}tokens"


def calls(caller: str) -> str:
    """
    `orderhook:calls:{digest of a token, or address}`: string, calls of the REST API in the current window.

    By address where no valid token came. Written by admit.lua; expires with the window.
    """
    return f"{PREFIX}calls:{caller}"


def change(change_id: str) -> str:
    """
    `orderhook:change:{id}`: hash, an entry in the trail of changes.

    * `at`, `by` (a token's name, or a user of this machine), `what` (the operation), `path`, `why`, `request`,
      `outcome` (begun, done, refused or failed), `status` (of the answer), `facts` (JSON, what else there is to say)

    Written by the console before the change and after it. The newest 10,000 are kept, for 400 days.
    """
    return f"{PREFIX}change:{change_id}"


def changes() -> str:
    """`orderhook:changes`: sorted set, id of every entry in the trail of changes by its time."""
    return f"{PREFIX}changes"


def probe() -> str:
    """`orderhook:probe`: string, written by `/readyz` to prove that Redis takes writes; expires after a minute."""
    return f"{PREFIX}probe"


def swept() -> str:
    """`orderhook:swept`: string, set by the worker that sweeps this minute, so that one does; expires by itself."""
    return f"{PREFIX}swept"


def reconciling(source: str) -> str:
    """
    `orderhook:reconciling:{source}`: string, set by the worker that compares a source with its order API, so that one
    does; expires when the next comparison is due.
    """
    return f"{PREFIX}reconciling:{source}"


def reconciled(source: str) -> str:
    """
    `orderhook:reconciled:{source}`: hash, what the last comparison with the order API found.

    `at`, `listed` (orders that had changed), `missing` (events), `fed` (of them), `ours` (changes by a write of ours),
    `error` (why it could not be done). Written by `orderhook reconcile` and the job of that name. Never expires.
    """
    return f"{PREFIX}reconciled:{source}"


def wake() -> str:
    """`orderhook:wake`: pub/sub channel; a message says that a lane became ready. Nothing is lost without it."""
    return f"{PREFIX}wake"


def prefixes() -> tuple[str, str, str, str]:
    """Return the beginnings of event, body, lane and applied keys, for scripts that turn one into another."""
    return _EVENT, _BODY, _LANE, _APPLIED


#: rq's word for what hands out shifts; rq's keys for it are below, spelled as rq spells them (a test compares).
QUEUE = "orderhook"


def rq_queue() -> str:
    """`rq:queue:orderhook`: list of rq job ids, rq's own. Written by rq and, for shifts, by our wake step."""
    return f"rq:queue:{QUEUE}"


def rq_queues() -> str:
    """`rq:queues`: set of rq's queue keys, rq's own."""
    return "rq:queues"


def rq_job(job_id: str) -> str:
    """`rq:job:{id}`: hash, rq's own record of a job; for shifts written from what rq's `Job.to_dict()` gave."""
    return f"rq:job:{job_id}"
