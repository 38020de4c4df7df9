"""
How a target stands, for those who look, and the way to enable one again. `keys.target` is the schema.
"""

from dataclasses import dataclass

import redis

from receiver import keys

from .places import address_digest

_DISABLED = ("disabled", "address", "why")


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """
    One target.

    Args:
        under_way: Calls to it at this moment.
        took_ms: What its calls take, as a mean; 0 where none was made for a day.
        disabled: When it was, in milliseconds by Redis' clock; 0 if it is not.
        why: The answer that disabled it, in words.
        address: The digest of the URL that it was disabled for.
    """

    under_way: int
    took_ms: int
    disabled: int
    why: str
    address: str

    @classmethod
    def of(cls, client: "redis.Redis", name: str) -> "Standing":
        """Return how the target stands now."""
        fields: dict[str, str] = client.hgetall(keys.target(name))  # type: ignore[assignment]
        under_way: int = client.zcard(keys.target_calls(name))
        return cls(
            under_way=under_way,
            took_ms=int(float(fields.get("took") or 0)),
            disabled=int(fields.get("disabled") or 0),
            why=fields.get("why", ""),
            address=fields.get("address", ""),
        )

    def is_disabled_at(self, url: str) -> bool:
        """Tell whether messages to this URL are refused: a target that has moved since is not disabled."""
        return bool(self.disabled) and self.address == address_digest(url)


def enable(client: "redis.Redis", name: str) -> bool:
    """Let messages go to the target again; return whether it was disabled."""
    return bool(client.hdel(keys.target(name), *_DISABLED))
