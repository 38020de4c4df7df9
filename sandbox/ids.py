"""
Identifiers that look random and are reproducible: they come from an injected generator.
"""

import random
import uuid


class Ids:
    """
    The stream of ids of one sandbox. It is never rewound: an id given out once does not come back.
    """

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance

    def uuid(self) -> str:
        return str(uuid.UUID(int=self._chance.getrandbits(128), version=4))

    def event_id(self) -> str:
        """
        Return an id for one event. Ours: the documented body carries none, only a signer may send it.
        """
        return f"evt_{self.uuid().replace('-', '')}"
