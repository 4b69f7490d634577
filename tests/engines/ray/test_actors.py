"""What each actor is given of the machines there are; no Ray is needed to reckon it."""

from __future__ import annotations

import pytest

from assay.engines.ray.actors import Resources, resources_for, room
from assay.engines.ray.options import read_settings
from assay.errors import EngineError
from tests.engines.ray.fakes import engine

EIGHT = {"CPU": 32.0, "GPU": 8.0}


def test_processors_are_shared_out_evenly_where_there_is_no_gpu() -> None:
    assert resources_for(*read_settings(engine(options={"actors": 2})), [{"CPU": 9.0}]) == Resources(4, 0.0)
    three = read_settings(engine(options={"actors": 3}))
    assert resources_for(*three, [{"CPU": 3.0}, {"CPU": 3.0}]) == Resources(
        1, 0.0
    )  # two would leave one without a place


def test_gpus_are_shared_out_whole_or_in_parts_that_fit() -> None:
    assert resources_for(*read_settings(engine(options={"actors": 8})), [EIGHT]) == Resources(1, 1.0)
    assert resources_for(*read_settings(engine(options={"actors": 2})), [EIGHT]) == Resources(1, 1.0)
    assert resources_for(
        *read_settings(engine(options={"actors": 3})), [{"CPU": 8.0, "GPU": 2.0}]
    ) == Resources(1, 0.5)


def test_an_actor_takes_as_many_gpus_as_its_engine_spreads_over() -> None:
    settings = read_settings(engine("ray:vllm", {"actors": 2, "tensor_parallel": 2, "pipeline_parallel": 2}))
    assert resources_for(*settings, [EIGHT]) == Resources(1, 4.0)


def test_no_gpu_is_taken_for_work_on_the_processor() -> None:
    assert resources_for(
        *read_settings(engine(options={"device": "cpu", "actors": 1})), [EIGHT]
    ) == Resources(32, 0.0)


def test_parts_of_gpus_do_not_add_up_over_two() -> None:
    assert room([{"CPU": 8.0, "GPU": 3.0}], Resources(1, 0.6)) == 3


@pytest.mark.parametrize("options", [{"actors": 9, "gpus_per_actor": 1}, {"cpus_per_actor": 64}])
def test_actors_without_a_place_are_refused_before_any_is_waited_for(options: dict[str, int]) -> None:
    with pytest.raises(
        EngineError, match=r"no room for \d+ of \d+ processors .* machines have 32 and 8; lower"
    ):
        resources_for(*read_settings(engine(options=options)), [EIGHT])
