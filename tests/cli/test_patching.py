import subprocess
import sys

CHECK = """
import sys
import registry.cli
from registry.cli.options import with_settings
import registry.cli.serve
early = ("registry.app", "registry.storage", "registry.auth", "ssl")
loaded = sorted(name for name in sys.modules if name.startswith(early))
assert not loaded, loaded
"""


def test_nothing_that_keeps_a_lock_is_imported_before_serve_can_patch() -> None:
    done = subprocess.run([sys.executable, "-c", CHECK], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
