"""
`orderhook secrets reseal`: the second half of replacing a key.
"""

from .. import connecting, render
from ..access import config_of, redis_of
from ..connecting import Refused
from ..desk import Desk
from ..errors import Failed


def reseal(desk: Desk) -> None:
    """
    Seal the secrets of all connected shops anew.

    Raises:
        Failed: A key is missing, or none of them opens what is there.

    """
    raw = config_of(desk)
    try:
        with redis_of(desk) as client:
            shops = connecting.reseal(client, raw)
    except Refused as refusal:
        raise Failed(str(refusal)) from None
    render.talk(f"sealed anew: {render.counted(shops, 'shop')}; the older keys can be taken away")
