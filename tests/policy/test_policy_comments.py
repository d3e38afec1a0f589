from __future__ import annotations

from fuzzing import fuzz
from hypothesis import strategies as st

from inspector.policy.comments import with_comments
from inspector.policy.convert import convert
from inspector.policy.load import load_text
from inspector.policy.read_yaml import read_yaml
from inspector.policy.source import Location
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
        conditions:
          - path: args.amount
            op: lte
            value: 50000  # cents
          - path: state.charge.spend  # what was charged
            op: lt
            value: 9000  # a day
        state: {counter: spend, window: day, increment_from: args.amount}
        on_deny: "Rule #1"  # said to the agent
      # closes the block
  # All the rest.
  "*":  # every tool
    rules: [{name: calm, rate_limit: 60/minute}]
    # still of the star
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
  charge:
    require:
      # The ceiling.
      - name: ceiling  # beside a value
        conditions:
          - {path: args.amount, op: lte, value: 50000}  # cents
        # closes the block
        on_deny: "Rule #1"  # said to the agent
    limits:
      - counter: spend
        window: day
        # what was charged
        # a day
        max: 8999
        scope: global
        amount: args.amount
        on_deny: "Rule #1"
  # All the rest.
  "*":  # every tool
    limits:
      # still of the star
      - {counter: _rate_minute, window: minute, max: 60, scope: global}
# The end.
"""


def converted(text: str) -> str:
    found = convert(load_text(text))
    return with_comments(write_yaml(found.document), text, found.moved)


def test_comments_go_where_their_neighbours_went_and_stand_beside_what_they_stood_beside() -> None:
    assert converted(INTERCEPT) == NATIVE


def test_what_only_looks_like_a_comment_is_left_where_it_is() -> None:
    rule = "      - name: a\n        action: deny\n        on_deny: |\n          # no\n"
    assert "#" not in converted(f'version: "1"\ntools:\n  t:\n    rules:\n{rule}').replace('"# no', "")
    flow = "version: '1'\ndescription: 'a # b'\ntools: {a#b: {rules: []}}\n"
    assert converted(flow).count("#") == 2


def test_a_comment_behind_the_mark_of_a_block_of_text_is_one() -> None:
    rule = "      - name: a\n        action: deny\n        on_deny: |  # told\n          # no\n"
    assert '"# no\\n"}  # told' in converted(f'version: "1"\ntools:\n  t:\n    rules:\n{rule}')


def test_several_comments_beside_what_is_one_line_now_stand_above_it() -> None:
    old = "version: '1'\nhide:  # one\n  - a  # two\n  - b\ntools: {t: {rules: []}}  # none yet\n"
    assert converted(old) == ('version: "1"\ndefault: allow\n# one\n# two\nhide: [a, b]\ntools: {t: {}}  # none yet\n')


def test_a_document_without_comments_is_not_touched() -> None:
    assert with_comments("a: 1\n", '{"version": "1"}', {}) == "a: 1\n"


def test_a_comment_above_a_key_that_is_gone_stands_at_the_top() -> None:
    moved: dict[Location, Location] = {("tools",): ("tools",)}
    assert with_comments("tools: {}\n", "# who\ndescription: x\ntools: {}\n", moved) == "# who\ntools: {}\n"


COMMENT = st.sampled_from(["", "", "  # said {}", " # 'it's {}\"", "\n# above {}", "\n            # deep {}"])


@fuzz(st.lists(COMMENT, min_size=INTERCEPT.count("\n"), max_size=INTERCEPT.count("\n")))
def test_wherever_comments_stand_none_is_lost_and_none_changes_what_is_said(comments: list[str]) -> None:
    lines = (line.partition("  #")[0] for line in INTERCEPT.splitlines())
    numbered = [comment.format(f"<{number}>") for number, comment in enumerate(comments)]
    new = converted("\n".join(line + comment for line, comment in zip(lines, numbered, strict=True)))
    assert [new.count(f"<{number}>") for number, one in enumerate(numbered)] == [int(bool(one)) for one in numbered]
    bare, commented = read_yaml(NATIVE).root, read_yaml(new).root
    assert bare is not None
    assert commented is not None
    assert commented.value == bare.value
