"""cefrbench: do embedding models know how well somebody writes, or only which corpus it is from?"""

from cefrbench.contracts.hookspecs import hookimpl

__version__ = "0.1.0"

__all__ = ["__version__", "hookimpl"]
