"""The policy in words: all of it, or what a change of it would change."""

from __future__ import annotations

from collections.abc import Iterable

from sopti_runner.domain.act_words import ACT_WORDS
from sopti_runner.domain.policy import Policy
from sopti_runner.domain.request import ActName
from sopti_runner.domain.words import Words
from sopti_runner.errors import N_

WAIVERS = {
    "requester_approves": N_("who asked for it may approve it"),
    "adviser_approves": N_("who gave the advice may approve"),
}
"""Waivable separation → what its waiver permits."""


def policy_rows(policy: Policy, words: Words) -> list[tuple[str, str]]:
    """Give every rule of the policy as (what, value)."""
    waived = [
        words("{what} until {day}", what=words(WAIVERS[name]), day=words.day(last))
        for name, last in sorted(policy.waivers.items())
    ]
    return [
        (words("Longest validity of an approval"), words("{days} days", days=policy.validity_days)),
        (words("Decisions signed on paper"), words("accepted") if policy.paper else words("not accepted")),
        (
            words("Requests count from the next working day when they come after"),
            words("{hour} o'clock", hour=f"{policy.cut_off_hour:02d}"),
        ),
        (
            words("The clock is questioned after a restart and a silence of"),
            words("{days} days", days=policy.pause_days),
        ),
        (words("Separations waived"), "; ".join(waived) or words("none")),
        (
            words("An operator may type for an official, attested"),
            _acts(policy.attested, words) or words("nothing"),
        ),
    ]


def policy_changes(old: Policy, new: Policy, words: Words) -> list[str]:
    """Give a line for each rule that would change, old → new; none when nothing would."""
    before, after = policy_rows(old, words), policy_rows(new, words)
    lines = [
        f"{what}: {was} → {becomes}"
        for (what, was), (_what, becomes) in zip(before[:-1], after[:-1], strict=True)
        if was != becomes
    ]
    if narrower := old.attested - new.attested:
        lines.append(
            words("Need the official's own signature from now on: {acts}", acts=_acts(narrower, words)),
        )
    if wider := new.attested - old.attested:
        lines.append(
            words("An operator may from now on type for an official, attested: {acts}", acts=_acts(wider, words)),
        )
    return lines


def _acts(acts: Iterable[ActName], words: Words) -> str:
    """Give acts in the SOP's order, each with the name by which commands call it."""
    wanted = set(acts)
    return ", ".join(f"{words(ACT_WORDS[act.value])} ({act.value})" for act in ActName if act in wanted)
