"""What child processes of a worker need, imported once: a death leaves many attempts that run in a child each."""

import asyncio  # noqa: F401
import ctypes  # noqa: F401

import av  # noqa: F401
import numpy  # noqa: F401
import PIL.Image  # noqa: F401

import domain.aggregates  # noqa: F401
import workers.isolated
import workers.providers.registry  # noqa: F401
