"""Every format by its name, with what was written as data."""

from __future__ import annotations

from pathlib import Path

import pytest

import assay
from assay.errors import AssayError
from assay.interop.exporters.export import FORMATS, TRACKERS, export_run
from tests.studies import study_with


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("exported")
    assay.run(study_with(folder, 60, 20), folder / "run")
    return folder / "run"


@pytest.mark.parametrize(
    ("form", "responses", "files"),
    [("responses", 800, 0), ("lm-eval", 800, 4), ("every-eval-ever", 800, 4), ("card", None, 0)],
)
def test_an_export_says_what_it_wrote(
    run: Path, tmp_path: Path, form: str, responses: int | None, files: int
) -> None:
    done = export_run(run, form, tmp_path / "out")
    assert (done.form, done.out, done.responses, len(done.files or ())) == (
        form,
        tmp_path / "out",
        responses,
        files,
    )
    assert done.out is not None
    assert done.out.exists()


def test_where_no_place_is_given_a_text_goes_to_standard_output(
    run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert export_run(run, "card").out is None
    assert capsys.readouterr().out.startswith("---\n")
    export_run(run)
    assert len(capsys.readouterr().out.splitlines()) == 800


@pytest.mark.parametrize("form", set(FORMATS) - {"responses", "card", "eval-results", *TRACKERS})
def test_files_need_a_place(run: Path, form: str) -> None:
    with pytest.raises(AssayError, match="is not for standard output; give --out"):
        export_run(run, form)


@pytest.mark.parametrize("form", TRACKERS)
def test_a_tracker_takes_no_place(run: Path, tmp_path: Path, form: str) -> None:
    with pytest.raises(AssayError, match="leave --out away"):
        export_run(run, form, tmp_path / "out")


def test_an_unknown_format_is_refused_with_the_known_ones(run: Path) -> None:
    with pytest.raises(AssayError, match=r"^--format xml: unknown; choose one of responses, parquet"):
        export_run(run, "xml")
