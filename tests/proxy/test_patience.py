"""How long a server may keep a call."""

from __future__ import annotations

from inspector.core.call import CallId
from inspector.proxy.patience import Patience


def test_a_call_is_waited_for_as_long_as_the_time_out_says() -> None:
    patience = Patience(30)
    patience.begin(CallId(1), 100)
    patience.begin(CallId(2), 110)
    assert patience.exhausted(129) == []
    assert patience.exhausted(130) == [(CallId(1), 30)]
    patience.end(CallId(1))
    assert patience.exhausted(140) == [(CallId(2), 30)]


def test_without_a_time_out_no_call_is_given_up() -> None:
    patience = Patience(None)
    patience.begin(CallId(1), 100)
    assert patience.exhausted(1e9) == []
    patience.end(CallId(1))
