"""
Telling the story of every order as it happens, with the names that people call them by.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import redis

from receiver import strict_json
from receiver.inbox import Filter, Inbox
from receiver.record import Record
from receiver.strict_json import Unusable

from .. import render
from ..catalog import stored_actions
from ..commands.events import news_line
from ..follow import Follower
from ..story import Tone
from .progress import Progress


@dataclass(slots=True, kw_only=True)
class Teller:
    """
    Looks at the inbox and prints what is new.
    """

    follower: Follower
    progress: Progress
    labels: dict[str, str] = field(default_factory=dict)
    #: Redis did not answer at the last look; said once.
    silent: bool = False

    @classmethod
    def of(cls, client: "redis.Redis", *, orders: Mapping[str, str], since: int) -> "Teller":
        """
        Return a teller of everything from *since* on; *orders* are the names of the seeded ones by their ids.
        """
        follower = Follower(inbox=Inbox(client), wanted=Filter(), actions=stored_actions(client), since=since)
        return cls(follower=follower, progress=Progress(orders=orders), labels=dict(orders))

    def look(self) -> None:
        """
        Print what is new; a Redis that is away for a while is waited for.
        """
        try:
            found = self.follower.look()
        except redis.RedisError as error:
            if not self.silent:
                render.talk((f"Redis does not answer, waiting for it: {error}", Tone.WARN))
            self.silent = True
            return
        self.silent = False
        for news in found:
            self.progress.note(news.record)
            render.data(*news_line(news, label=self._label(news.record)))

    def _label(self, record: Record) -> str:
        if record.subject not in self.labels:
            self.labels[record.subject] = _display_id(self.follower.inbox.body(record)) or record.subject
        return self.labels[record.subject]


def _display_id(body: str | None) -> str:
    """
    Return the order's number as Installer.com's payloads carry it, empty where there is none.
    """
    try:
        payload: Any = strict_json.parse((body or "").encode())
    except Unusable:
        return ""
    found = strict_json.lookup(payload, "data.displayId")
    return found if isinstance(found, str) else ""
