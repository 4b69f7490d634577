"""The ray engines: actors that each hold an engine for weights, and share a study's prompts.

    engine: {name: "ray:torch", dtype: bfloat16, options: {actors: 4, gpus_per_actor: 1}}

The records equal those of the inner engine alone, whatever the number of actors, and even if some are lost.
Every machine must see the same files: folders by the same path, or hub ids with a revision. The process of the study
checks weights and does not load them.

    options -> a study's `engine`, checked     preflight  -> look here, load over there
    sharing -> batches, and those of lost ones session -> loaded actors, as a study uses them
    cluster -> what is needed of Ray           worker  -> what an actor does
    actors  -> Ray itself
"""

from assay.engines.ray.preflight import RayPreflight, preflight

__all__ = ["RayPreflight", "preflight"]
