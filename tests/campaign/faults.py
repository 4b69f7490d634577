"""Every fault that the campaign found, or that was seen while its kinds were written: what it was, and the test that keeps it
fixed. A fixed fault is never removed.
"""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["FIXED", "Fixed"]


class Fixed(NamedTuple):
    """A fault that was found and is fixed."""

    kind: str
    """The kind of input that showed it first."""
    was: str
    """What happened."""
    test: str
    """File and name of the test."""


FIXED: tuple[Fixed, ...] = (
    Fixed(
        "chat templates",
        "A template whose loops nest ran for ever.",
        "tests/engines/test_sandbox.py::test_a_template_that_takes_too_much_is_an_error_and_the_next_one_is_applied",
    ),
    Fixed(
        "chat templates",
        "A template that doubles a text, pads it or raises a number to a power filled the memory.",
        "tests/engines/test_sandbox.py::test_a_template_that_takes_too_much_is_an_error_and_the_next_one_is_applied",
    ),
    Fixed(
        "chat templates",
        "A template that draws (`random`, `lipsum`) gave another prompt each time.",
        "tests/engines/test_sandbox_process.py::test_a_template_reaches_nothing_outside_itself_and_draws_nothing",
    ),
    Fixed(
        "adapter folders",
        "A regular expression of the configuration matched for ever.",
        "tests/engines/adapter_fit/test_fitting.py::test_an_expression_that_takes_for_ever_or_cannot_be_put_together_is_an_error",
    ),
    Fixed(
        "adapter folders",
        "A key of rank_pattern with an inline flag ended in a traceback.",
        "tests/engines/adapter_fit/test_fitting.py::test_an_expression_that_takes_for_ever_or_cannot_be_put_together_is_an_error",
    ),
    Fixed(
        "adapter folders",
        "A header with an infinite, negative or contradictory place of a tensor was believed, or ended in a traceback.",
        "tests/engines/test_files.py::test_an_entry_that_contradicts_itself_is_no_header",
    ),
    Fixed(
        "adapter folders",
        "A pipe in the place of a file was waited for.",
        "tests/engines/test_files.py::test_a_pipe_in_the_place_of_a_file_is_not_waited_for",
    ),
    Fixed(
        "adapter folders",
        "lora_alpha beyond every float ended in a traceback.",
        "tests/engines/test_adapter_files.py::test_a_scale_beyond_every_float_is_no_number",
    ),
    Fixed(
        "base folders",
        "An index of weights could name files outside its folder, which were read.",
        "tests/engines/test_files.py::test_an_index_names_files_beside_it_only",
    ),
    Fixed(
        "base folders",
        "An index whose entries are no texts ended in a traceback.",
        "tests/engines/test_files.py::test_an_index_names_files_beside_it_only",
    ),
    Fixed(
        "response files",
        "A few kilobytes of gzip filled the memory.",
        "tests/test_files.py::test_gzip_unpacks_to_a_bounded_size",
    ),
    Fixed(
        "csv files",
        "A first line of many quoted names took quadratic time.",
        "tests/test_rows.py::test_a_first_line_of_many_quoted_names_is_read_in_linear_time",
    ),
    Fixed(
        "numeric prompts",
        "An answer of 400 digits ended in a traceback.",
        "tests/tasks/test_numeric.py::test_an_answer_beyond_every_float_is_exact",
    ),
    Fixed(
        "custom tasks",
        "A right answer of 320 digits ended in a traceback.",
        "tests/tasks/custom/test_answers.py::test_a_right_answer_beyond_every_float_is_exact",
    ),
    Fixed(
        "ifeval prompts",
        "A message repeated field names and keys without end.",
        "tests/tasks/test_data_file.py::test_a_message_about_names_without_end_is_short",
    ),
    Fixed(
        "studies",
        "A message listed problems without end.",
        "tests/study/test_strict.py::test_problems_without_end_are_a_short_message",
    ),
    Fixed(
        "generated answers",
        "Deeply nested JSON from a server ended in a traceback.",
        "tests/engines/server/test_http.py::test_brackets_without_end_are_half_an_answer",
    ),
    Fixed(
        "generated answers",
        "An answer without end filled the memory.",
        "tests/engines/server/test_http.py::test_an_answer_without_end_is_not_kept",
    ),
    Fixed(
        "generated answers",
        "An answer that came byte by byte was waited for without end.",
        "tests/engines/server/test_http.py::test_an_answer_that_comes_byte_by_byte_takes_as_long_as_one_answer_may",
    ),
    Fixed(
        "generated answers",
        "Half a character in an answer ended the run in a traceback.",
        "tests/engines/server/test_dialect.py::test_half_a_character_is_replaced_and_a_whole_one_is_joined",
    ),
    Fixed(
        "generated answers",
        "A number of tokens that no database can hold ended the run in a traceback.",
        "tests/engines/server/test_dialect.py::test_a_number_of_tokens_that_is_none_is_not_known",
    ),
    Fixed(
        "scored answers",
        "NaN and positive log-probabilities were stored.",
        "tests/engines/server/test_loglikelihood.py::test_what_is_no_log_probability_is_refused",
    ),
    Fixed(
        "server lists",
        "A list of models or adapters of another form ended in a traceback.",
        "tests/engines/server/test_served.py::test_a_list_of_adapters_of_another_form_is_refused",
    ),
    Fixed(
        "lies",
        "A server that answered for one adapter with another's words gave both a verdict.",
        "tests/engines/server/test_session.py::test_adapters_that_a_server_confuses_are_not_measured",
    ),
    Fixed(
        "processes side by side",
        "The message about a second writer did not say who writes.",
        "tests/records/test_database.py::test_a_second_writer_learns_who_writes_and_since_when",
    ),
    Fixed(
        "faults below",
        "A run ended at once where another program held its records for a moment.",
        "tests/records/test_database.py::test_a_file_that_another_program_holds_for_a_while_is_waited_for",
    ),
    Fixed(
        "numeric responses",
        "A number of more than 200 digits before `million` or `x 10^2` ended in a traceback.",
        "tests/tasks/test_numbers.py::test_a_number_of_too_many_digits_to_be_scaled_is_read_without_its_scale",
    ),
    Fixed(
        "mutants",
        "An exact p-value could be 1 + 1e-9, which Holm's procedure refuses.",
        "tests/stats/test_exact.py::test_few_differences_are_no_evidence_of_a_gain_beyond_them",
    ),
    Fixed(
        "records files",
        "Damaged JSON in a database ended in a traceback.",
        "tests/records/test_database.py::test_damaged_json_is_a_damaged_file",
    ),
)
