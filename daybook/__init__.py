"""The front door: settings, wiring, processes, the embedded engines and the command line."""

__version__ = "0.1.0"
