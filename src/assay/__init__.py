"""assay tests LoRA adapters against their labels."""

__version__ = "0.1.0.dev0"
