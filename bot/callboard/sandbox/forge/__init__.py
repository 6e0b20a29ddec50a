"""An offline GitHub over real git repositories, for the demo and the tests."""

from .requestlog import Counts, Request, RequestLog
from .server import SandboxForge
from .state import Protection

__all__ = ["Counts", "Protection", "Request", "RequestLog", "SandboxForge"]
