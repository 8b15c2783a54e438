"""Build logs: what a builder and the installers in it did, with the lines that say so.

``read_log`` reads a log of any builder in one pass. Nothing of it is kept but what is counted and
quoted, so a log may be far larger than the memory. What is not understood is passed over: a log is
cut off, mixed with other output, or hostile, and never an error.
"""

from lamina.doctor.logs.model import Builder, Install, Log, Outcome, Signal, Step
from lamina.doctor.logs.read import read_log

__all__ = ["Builder", "Install", "Log", "Outcome", "Signal", "Step", "read_log"]
