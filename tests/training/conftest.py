from __future__ import annotations

from tests.conftest import ABSENT

collect_ignore = ["test_tokens.py", "test_session.py", "test_loop.py", "test_refused.py"] if ABSENT else []
