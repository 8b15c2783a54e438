"""Lamina: a locked Python project as a container image in which every wheel is its own layer.

The pipeline is `lamina.build.build`; the command line is `lamina.cli`. Nothing else is promised.
"""

__version__ = "0.1.0"
