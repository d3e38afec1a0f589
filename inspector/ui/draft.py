"""The policy in the editor against the policy on disk: which text one began with, and what to do when it changes.

Pure: the Policy place carries out what `Draft.meet` says.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

from inspector.core.views import PolicyView
from inspector.ui.text import encodable


class Step(Enum):
    """What a new `PolicyView` means for the editor."""

    NOTHING = auto()
    TAKE = auto()  # the editor is clean: show the other text
    CHOOSE = auto()  # both changed: a person chooses


@dataclass(frozen=True, slots=True)
class Draft:
    """`base` is the text that the editor began with, `base_hash` its hash as the engine knows it ("" when unknown)."""

    base: str
    base_hash: str

    @classmethod
    def of(cls, policy: PolicyView) -> Draft:
        """What stands in the file; what is in force only when that is the same, or the change waits for a key."""
        if policy.disk_text is not None and not policy.offered:
            return cls(encodable(policy.disk_text), "")
        return cls(encodable(policy.text), policy.hash)

    def is_clean(self, text: str) -> bool:
        return text == self.base

    def meet(self, policy: PolicyView, text: str) -> Step:
        """`text` is what the editor holds now."""
        theirs = Draft.of(policy)
        if theirs.base in (self.base, text):
            return Step.NOTHING
        return Step.TAKE if self.is_clean(text) else Step.CHOOSE


def language_of(path: str, text: str) -> str:
    return "json" if path.endswith(".json") or text.lstrip()[:1] == "{" else "yaml"
