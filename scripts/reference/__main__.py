"""`python -m scripts.reference`: write docs/reference from the code."""

from __future__ import annotations

from scripts.reference.pages import write

if __name__ == "__main__":
    for path in write():
        print(path)
