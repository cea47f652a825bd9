"""What the caller wants measured, and how long."""

from dataclasses import dataclass

from bench.processes import find_program


@dataclass(frozen=True, slots=True)
class Options:
    """`seconds` is the length of a round; `only` what the name of a case must hold."""

    rounds: int = 3
    seconds: int = 2
    only: str = ""
    peers: bool = True

    def has(self, program: str) -> bool:
        """Whether the peer takes part."""
        return self.peers and find_program(program) is not None
