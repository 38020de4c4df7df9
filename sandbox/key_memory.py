"""
What was answered for which Idempotency-Key, so that a repeated call gets the same answer and has no effect.

The header is ours: the vendor documents only the body field of create-order, which lives in the order state.
"""

from collections import OrderedDict
from http import HTTPStatus
from urllib.parse import urlencode

from .errors import Refusal
from .operations import Answer, Call

#: The oldest keys are forgotten past this number.
KEPT = 100_000


class KeyMemory:
    """
    The answers by key, oldest first.
    """

    def __init__(self) -> None:
        self._answers: OrderedDict[tuple[str, str, str], tuple[str, Answer]] = OrderedDict()

    def recall(self, call: Call) -> Answer | None:
        """
        Return the first answer of a call that is repeated, None for a new one.

        Raises:
            Refusal: 422, the key came back with another body: a bug of the caller worth seeing.

        """
        digest, answer = self._answers.get(_name(call), (call.digest, None))
        if digest != call.digest:
            raise Refusal(
                HTTPStatus.UNPROCESSABLE_ENTITY, "this Idempotency-Key was used before with another body"
            )
        return answer

    def remember(self, call: Call, answer: Answer) -> None:
        """
        Keep an answer that had an effect; a refused call had none and may be repeated in earnest.
        """
        if call.idempotency_key is None or not call.operation.changes_state or not answer.ok:
            return
        self._answers[_name(call)] = (call.digest, answer)
        if len(self._answers) > KEPT:
            self._answers.popitem(last=False)

    def forget(self) -> None:
        self._answers.clear()


def _name(call: Call) -> tuple[str, str, str]:
    # By path too: a key that a client shares between two orders does not swallow the second.
    place = f"{call.path}?{urlencode(call.query)}"
    return (call.operation.method, place, call.idempotency_key or "")
