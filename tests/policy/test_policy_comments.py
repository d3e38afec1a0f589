from __future__ import annotations

from inspector.policy.comments import with_comments
from inspector.policy.convert import native
from inspector.policy.load import load_text
from inspector.policy.write_yaml import write_yaml

INTERCEPT = """\
# Ours since May.

version: 1
# Nobody needs it.
hide: [wipe]
tools:
  # Charges
  # and more charges
  charge:
    rules:
      # The ceiling.
      - name: ceiling  # beside a value
        conditions: [{path: args.amount, op: lte, value: 50000}]
  # All the rest.
  "*":
    rules: [{name: calm, rate_limit: 60/minute}]
# The end.
"""
NATIVE = """\
# Ours since May.
version: "1"
default: allow
# Nobody needs it.
hide: [wipe]
tools:
  # Charges
  # and more charges
  # The ceiling.
  # beside a value
  charge:
    require:
      - name: ceiling
        conditions:
          - {path: args.amount, op: lte, value: 50000}
  # All the rest.
  "*":
    limits:
      - {counter: _rate_minute, window: minute, max: 60, scope: global}
# The end.
"""


def test_comments_go_where_their_neighbours_went() -> None:
    assert with_comments(write_yaml(native(load_text(INTERCEPT))), INTERCEPT) == NATIVE


def test_what_only_looks_like_a_comment_is_left_where_it_is() -> None:
    rule = "      - name: a\n        action: deny\n        on_deny: |\n          # no\n"
    old = f'version: "1"\ntools:\n  t:\n    rules:\n{rule}'
    new = write_yaml(native(load_text(old)))
    assert with_comments(new, old) == new


def test_a_comment_beside_a_value_stands_above_its_key() -> None:
    old = "version: '1'  # ours\ntools: {t: {}}  # none yet\ndescription: 'a # b'\n"
    new = 'version: "1"\ntools: {t: {}}\ndescription: "a # b"\n'
    assert with_comments(new, old) == '# ours\nversion: "1"\n# none yet\ntools: {t: {}}\ndescription: "a # b"\n'


def test_a_document_without_comments_is_not_touched() -> None:
    assert with_comments("a: 1\n", '{"version": "1"}') == "a: 1\n"


def test_a_comment_above_a_key_that_is_gone_stands_at_the_top() -> None:
    assert with_comments("tools: {}\n", "# who\ndescription: x\ntools: {}\n") == "# who\ntools: {}\n"
