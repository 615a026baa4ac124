"""What every button shares: a grey one says why it is grey."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class ExplainedOperator:
    """Mix into an Operator and give it ``disabled_reason``."""

    poll_message_set: Callable[[str], None]  # Operator's own

    @classmethod
    def disabled_reason(cls, context: Any) -> str:
        """Why the button is grey; empty where it is not."""
        raise NotImplementedError

    @classmethod
    def poll(cls, context: Any) -> bool:
        reason = cls.disabled_reason(context)
        if reason:
            cls.poll_message_set(reason)
        return not reason
