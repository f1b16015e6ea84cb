"""A scripted Docker Hub: registry, token service and CDN, with faults on demand.

    from hub import Hub, images, eleven
    with Hub() as hub:
        hub.add_all(eleven())
        hub.fault("cdn", "reset_body", count=1, after_bytes=1000)
"""

from . import client, images
from .catalogue import eleven
from .config import PROFILES, Config
from .control import Control
from .faults import FAULTS, KINDS, Rule
from .images import Image, Named, build
from .record import Entry
from .server import Hub

__all__ = ["FAULTS", "KINDS", "PROFILES", "Config", "Control", "Entry", "Hub", "Image",
           "Named", "Rule", "build", "client", "eleven", "images"]
