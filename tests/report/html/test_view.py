"""The page's tables: the tally of verdicts, the matrix, gains by instruction type."""

from __future__ import annotations

import re


def test_the_tally_counts_every_claim_once(page: str) -> None:
    tally = page.split('<ul class="tally"')[1].split("</ul>")[0]
    counts = [int(count) for count in re.findall(r"<b>(\d+)</b>", tally)]
    body = page.split('class="verdicts cards"')[1].split("<tbody", 1)[1].split("</tbody>")[0]
    assert sum(counts) == body.count('data-label="Verdict"') > 0


def test_a_claimed_cell_is_framed_and_its_colour_follows_the_sign_of_its_gain(page: str) -> None:
    heat = page.split('id="heat"')[1].split("</table>")[0]
    claims = re.findall(
        r'<td class="h (\w+) claim[^"]*">.*?<span class="delta">.*?([+-]?[\d.]+)</span>', heat
    )
    assert claims
    for step, gain in claims:
        assert step == "z" or (step[0] == "p") == (float(gain) > 0)


def test_checks_of_an_instruction_type_are_the_same_for_every_adapter(page: str) -> None:
    table = page.split('<section id="types"')[1].split("</section>")[0]
    for checks, cells in re.findall(r'<td class="r num">(\d+)</td>(.*?)</tr>', table):
        assert set(re.findall(r"\d+ of (\d+), base", cells)) <= {checks}
