"""Makes adapters for controlled studies: labels x seeds x settings, and the study that audits them.

    form, recipe   the recipe file, strict          data     prompts and responses, no row skipped
    base           checked, then loaded once        tokens   which tokens are learnt
    batches        examples end to end              passes   the loss of a part, by attention, lora, norm
    loop           one adapter, by peft and transformers' Trainer, resumable bit by bit
    manifest       its folder and card              study    the file that `assay run` takes
    session        all of it in order

    trained = train("recipe.yaml", "adapters/mine")
    assay.run(trained.study)

The same recipe file gives the same bytes on one machine. It scores nothing: a label is only what a
training aimed at. Importing this package imports no torch.
"""

# ruff: noqa: E402
from assay.cores import share_cores

share_cores()  # before torch is imported: OpenMP reads the environment once

from assay.training.recipe import Recipe, load_recipe
from assay.training.session import Adapter, Trained, train

__all__ = ["Adapter", "Recipe", "Trained", "load_recipe", "train"]
